// System calls that glibc 2.36 does not wrap, and constants newer than its headers. Each is a bare
// call: -1 and errno on failure, EINTR not retried. Before and after clone: never allocates.
#pragma once

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>

namespace immure::sys {

// openat2(2); `mode` only with O_CREAT
inline int openat2(int dir, const char* path, std::uint64_t flags, std::uint64_t resolve,
                   std::uint64_t mode = 0) {
  open_how how{};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how));
}

// clone3(2) without a stack: the child goes on where the parent does, with a copy of its memory.
inline pid_t clone3(clone_args& args) {
  return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
}

// pivot_root(2)
inline int pivot_root(const char* new_root, const char* put_old) {
  return static_cast<int>(::syscall(SYS_pivot_root, new_root, put_old));
}

// capset(2) and capget(2) of the calling thread
inline int capset(const __user_cap_header_struct& header, const __user_cap_data_struct* data) {
  return static_cast<int>(::syscall(SYS_capset, &header, data));
}
inline int capget(__user_cap_header_struct& header, __user_cap_data_struct* data) {
  return static_cast<int>(::syscall(SYS_capget, &header, data));
}

// keyctl(2) KEYCTL_JOIN_SESSION_KEYRING with no name: a new anonymous keyring
inline int new_session_keyring() {
  constexpr int join_session_keyring = 1;
  return static_cast<int>(::syscall(SYS_keyctl, join_session_keyring, nullptr));
}

// pidfd_send_signal(2), pidfd_open(2)
inline int pidfd_send_signal(int pidfd, int signal) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0U));
}
inline int pidfd_open(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)); }

// close_range(2); flags: 0 or CLOSE_RANGE_CLOEXEC
inline int close_range(unsigned first, unsigned last, unsigned flags) {
  return static_cast<int>(::syscall(SYS_close_range, first, last, flags));
}

// landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2), with the layouts of
// ABI 6: an older kernel takes what it does not know as long as that is 0.
inline int landlock_create_ruleset(std::uint64_t files, std::uint64_t tcp, std::uint64_t scoped) {
  const struct {
    std::uint64_t handled_access_fs, handled_access_net, scoped;
  } attributes{files, tcp, scoped};
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0U));
}
inline int landlock_abi() {
  constexpr unsigned version = 1;
  return static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, version));
}
inline int landlock_add_path(int ruleset, int path, std::uint64_t rights) {
  constexpr int path_beneath = 1;
  const struct [[gnu::packed]] {
    std::uint64_t allowed_access;
    std::int32_t parent_fd;
  } attributes{rights, path};
  return static_cast<int>(::syscall(SYS_landlock_add_rule, ruleset, path_beneath, &attributes, 0U));
}
inline int landlock_add_port(int ruleset, std::uint64_t port, std::uint64_t rights) {
  constexpr int net_port = 2;
  const struct { std::uint64_t allowed_access, port; } attributes{rights, port};
  return static_cast<int>(::syscall(SYS_landlock_add_rule, ruleset, net_port, &attributes, 0U));
}
inline int landlock_restrict_self(int ruleset, unsigned flags) {
  return static_cast<int>(::syscall(SYS_landlock_restrict_self, ruleset, flags));
}

// statmount(2) of Linux 6.8, as far as it is used here: the options of the file system, which it
// tells since 6.11. `texts` holds them from `options_at` on if `mask` has kMountOptions.
struct MountDescription {
  std::uint32_t size, options_at;
  std::uint64_t mask;
  std::array<char, 496> others;
  std::array<char, 512> texts;
};
constexpr std::uint64_t kMountOptions = 0x80;  // STATMOUNT_MNT_OPTS
// `id` is that of STATX_MNT_ID_UNIQUE.
inline int statmount_options(std::uint64_t id, MountDescription& description) {
  constexpr long statmount = 457;
  const struct {
    std::uint32_t size, spare;
    std::uint64_t id, wanted;
  } request{24, 0, id, kMountOptions};
  return static_cast<int>(::syscall(statmount, &request, &description, sizeof description, 0U));
}

}  // namespace immure::sys
