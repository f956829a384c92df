#include "launch/clone_sandbox.h"

#include <linux/sched.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/syscalls.h"
#include "launch/child.h"

namespace immure {

CStrings::CStrings(const std::vector<std::string>& texts) {
  pointers.reserve(texts.size() + 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve(2) does not write to them
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
}

pid_t clone_sandbox(std::uint64_t namespaces, bool sibling, int& pidfd) {
  clone_args args{};
  args.flags = namespaces | CLONE_PIDFD | (sibling ? CLONE_PARENT : 0);
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);  // NOLINT: the field's documented use
  args.exit_signal = sibling ? 0 : SIGCHLD;               // a sibling has that of its maker
  const pid_t pid = sys::clone3(args);
  if (pid >= 0 || errno != ENOSYS) return pid;
  // An outer filter that cannot look behind clone3's pointer refuses it; the older call does the
  // same.
  return static_cast<pid_t>(
      ::syscall(SYS_clone, args.flags | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
}

void kill_first(int pidfd, pid_t pid) {
  if (sys::pidfd_send_signal(pidfd, SIGKILL) != 0) ::kill(pid, SIGKILL);
}

int start_guard(int pidfd, pid_t pid, int lifetime_read) {
  const pid_t guard = ::fork();
  if (guard != 0) return guard < 0 ? errno : 0;
  std::array<int, 2> keep = {lifetime_read, pidfd};
  std::sort(keep.begin(), keep.end());
  close_all_but(keep, descriptor_limit(), false);
  for (int fd = 0; fd <= 2; ++fd) {
    if (fd != lifetime_read && fd != pidfd) ::close(fd);
  }
  std::array<pollfd, 2> watched = {{{lifetime_read, POLLIN, 0}, {pidfd, POLLIN, 0}}};
  while (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) {
  }
  if (watched[1].revents == 0) kill_first(pidfd, pid);
  ::_exit(0);
}

int descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1U << 20U));
}

}  // namespace immure
