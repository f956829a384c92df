// User namespaces that come after the mounts, and ids in one that was joined.
// Authority: user_namespaces(7), setns(2), setresuid(2).
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/syscalls.h"
#include "launch/child.h"
#include "launch/child_mounts.h"

namespace immure {
namespace {

// Becoming powerful in another user namespace made us non-dumpable: /proc/self is root's then, and
// whoever started us cannot look at our namespaces.
int become_visible() { return ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : errno; }

// All that is permitted is in force again.
int raise_permitted() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (sys::capget(header, data.data()) != 0) return errno;
  for (__user_cap_data_struct& half : data) half.effective = half.permitted;
  return sys::capset(header, data.data()) == 0 ? 0 : errno;
}

pid_t fork_into(std::uint64_t namespaces, int& pidfd) {
  clone_args args{};
  args.flags = namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);  // NOLINT: the field's documented use
  args.exit_signal = SIGCHLD;
  const pid_t pid = sys::clone3(args);
  if (pid >= 0 || errno != ENOSYS) return pid;
  return static_cast<pid_t>(
      ::syscall(SYS_clone, args.flags | SIGCHLD, nullptr, &pidfd, nullptr, nullptr));
}

}  // namespace

int new_user_namespace(const NewUserNamespace& step, const Construction& construction) {
  if (::unshare(CLONE_NEWUSER) != 0) return errno;
  if (const int errnum = become_visible()) return errnum;
  const auto put = [&](const char* file, std::string_view text) {
    return write_proc(construction, file, text.data(), text.size());
  };
  if (const int errnum = put("self/uid_map", step.uid_map)) return errnum;
  if (const int errnum = put("self/setgroups", "deny")) return errnum;
  return put("self/gid_map", step.gid_map);
}

int enter_user_namespace(const EnterUserNamespace& step) {
  if (::setns(step.fd, CLONE_NEWUSER) != 0) return errno;
  return become_visible();
}

// The process only has to be there, for its mount namespace to be entered: it ends with the pipe,
// which is closed to it when we are gone, too.
int lock_mounts() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  const Fd reading(ends[0]);
  Fd writing(ends[1]);
  const std::uint64_t before = mount_id(AT_FDCWD, "/");
  int pidfd = -1;
  const pid_t pid = fork_into(CLONE_NEWUSER | CLONE_NEWNS, pidfd);
  if (pid < 0) return errno;
  if (pid == 0) {
    writing.reset();
    char byte = 0;
    const ssize_t ignored = ::read(reading.get(), &byte, 1);
    static_cast<void>(ignored);
    ::_exit(0);
  }
  const Fd owner(pidfd);
  const int errnum = ::setns(pidfd, CLONE_NEWNS) == 0 ? 0 : errno;
  writing.reset();
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  if (errnum != 0) return errnum;
  // All mounts have new numbers.
  const std::uint64_t now = mount_id(AT_FDCWD, "/");
  return before != 0 && now != 0 && now != before ? 0 : EPROTO;
}

int check_no_user_namespaces() { return ::unshare(CLONE_NEWUSER) == 0 ? EPROTO : 0; }

int set_ids(const SetIds& step) {
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return errno;
  // By system call: the library's change all threads, with locks.
  if (step.gid && ::syscall(SYS_setresgid, *step.gid, *step.gid, *step.gid) != 0) return errno;
  if (step.uid && ::syscall(SYS_setresuid, *step.uid, *step.uid, *step.uid) != 0) return errno;
  if (::prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) return errno;
  if ((step.uid && ::syscall(SYS_getuid) != *step.uid) ||
      (step.gid && ::syscall(SYS_getgid) != *step.gid)) {
    return EPROTO;
  }
  if (const int errnum = raise_permitted()) return errnum;
  return become_visible();
}

}  // namespace immure
