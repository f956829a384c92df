// User namespaces that come after the mounts, and ids in one that was joined.
// Authority: user_namespaces(7), setns(2), setresuid(2).
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/syscalls.h"
#include "launch/child.h"

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
