#include "launch/clone_sandbox.h"

#include <linux/sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/syscalls.h"

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

int descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1U << 20U));
}

}  // namespace immure
