#include "launch/probe_tries.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/fd.h"
#include "base/syscalls.h"

namespace immure::tries {
namespace {

// Newer than the headers of Debian 12.
constexpr unsigned long notif_set_flags = SECCOMP_IOW(4, __u64);
constexpr unsigned long notif_sync_wake_up = 1;

int write_file(const char* path, const char* text) {
  const Fd fd(::open(path, O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  return ::write(fd.get(), text, std::strlen(text)) < 0 ? errno : 0;
}

int map_ids(uid_t uid, gid_t gid) {
  std::array<char, 64> line{};
  (void)std::snprintf(line.data(), line.size(), "%u %u 1\n", uid, uid);
  if (const int errnum = write_file("/proc/self/uid_map", line.data()); errnum != 0) return errnum;
  if (const int errnum = write_file("/proc/self/setgroups", "deny"); errnum != 0) return errnum;
  (void)std::snprintf(line.data(), line.size(), "%u %u 1\n", gid, gid);
  return write_file("/proc/self/gid_map", line.data());
}

// Into a user namespace with our ids, and the other namespaces of `kinds`.
int enter(int kinds) {
  const uid_t uid = ::getuid();
  const gid_t gid = ::getgid();
  if (::unshare(CLONE_NEWUSER) != 0) return errno;
  if (const int errnum = map_ids(uid, gid); errnum != 0) return errnum;
  return kinds != 0 && ::unshare(kinds) != 0 ? errno : 0;
}

int detached(const char* type) {
  const Fd context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) return -errno;
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return -errno;
  const int tree = ::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  return tree < 0 ? -errno : tree;
}

// The result of `attempt` in a child: the first process of a fresh pid namespace.
int in_first_process(int (*attempt)()) {
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) ::_exit(attempt());
  int status = 0;
  if (::waitpid(pid, &status, 0) < 0) return errno;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

// Only this mount namespace sees what is mounted over /tmp: its owner is our new user namespace.
int private_tmp() {
  if (const int errnum = enter(CLONE_NEWNS); errnum != 0) return errnum;
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  if (::mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, nullptr) != 0) return errno;
  return ::chdir("/tmp") == 0 ? 0 : errno;
}

// Loads a filter that allows all. Negative: an errno; else what seccomp(2) returned.
int load_filter(unsigned flags) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -errno;
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog program{.len = 1, .filter = &allow};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  return result < 0 ? -errno : static_cast<int>(result);
}

int error_of(int result) { return result < 0 ? -result : 0; }

}  // namespace

int user_namespace() { return ::unshare(CLONE_NEWUSER) == 0 ? 0 : errno; }

int id_map() { return enter(0); }

int fresh_namespace(int kind) {
  if (const int errnum = enter(kind); errnum != 0) return errnum;
  // Pid and time namespaces are entered by the next process only.
  return in_first_process([] { return 0; });
}

int loopback() {
  if (const int errnum = enter(CLONE_NEWNET); errnum != 0) return errnum;
  const Fd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any) return errno;
  ifreq request = {};
  std::memcpy(&request.ifr_name, "lo", sizeof "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(any.get(), SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

int fresh_proc() {
  if (const int errnum = enter(CLONE_NEWNS | CLONE_NEWPID); errnum != 0) return errnum;
  return in_first_process([] {
    const int result = detached("proc");
    if (result != -ENOSYS && result != -EPERM) return error_of(result);
    // An outer filter may refuse the new calls and allow this one.
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    return ::mount("proc", "/proc", "proc", flags, nullptr) == 0 ? 0 : errno;
  });
}

int new_mount_api() {
  if (const int errnum = enter(CLONE_NEWNS); errnum != 0) return errnum;
  const int tree = detached("tmpfs");
  if (tree < 0) return -tree;
  const Fd owned(tree);
  if (::move_mount(tree, "", AT_FDCWD, "/tmp", MOVE_MOUNT_F_EMPTY_PATH) != 0) return errno;
  const Fd copy(::open_tree(AT_FDCWD, "/tmp", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  return copy ? 0 : errno;
}

int recursive_read_only() {
  if (const int errnum = enter(CLONE_NEWNS); errnum != 0) return errnum;
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  const Fd tree(::open_tree(AT_FDCWD, "/", flags));
  if (!tree) return errno;
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
  attributes.propagation = MS_PRIVATE;
  return ::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                         sizeof attributes) == 0
             ? 0
             : errno;
}

int tmpfs() { return private_tmp(); }

int enter_root() {
  if (const int errnum = private_tmp(); errnum != 0) return errnum;
  return ::syscall(SYS_pivot_root, ".", ".") == 0 ? 0 : errno;
}

int overlay() {
  if (const int errnum = private_tmp(); errnum != 0) return errnum;
  for (const char* directory : {"lower", "upper", "work", "merged"}) {
    if (::mkdir(directory, 0755) != 0) return errno;
  }
  return ::mount("overlay", "merged", "overlay", MS_NOSUID | MS_NODEV,
                 "lowerdir=lower,upperdir=upper,workdir=work,userxattr") == 0
             ? 0
             : errno;
}

int open_inside() {
  open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const Fd fd(static_cast<int>(::syscall(SYS_openat2, root.get(), ".", &how, sizeof how)));
  return fd ? 0 : errno;
}

int session_keyring() {
  return ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr, 0, 0, 0) < 0 ? errno : 0;
}

int filter() { return error_of(load_filter(0)); }

int notify() { return error_of(load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER)); }

int notify_killable() {
  constexpr unsigned wait_killable_recv = 1U << 5U;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  return error_of(load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER | wait_killable_recv));
}

int notify_wake_up() {
  const int result = load_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);
  if (result < 0) return -result;
  const Fd listener(result);
  return ::ioctl(listener.get(), notif_set_flags, notif_sync_wake_up) == 0 ? 0 : errno;
}

int landlock_abi() {
  const int version = sys::landlock_abi();
  return version < 0 ? 0 : version;
}

}  // namespace immure::tries
