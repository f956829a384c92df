#include "seccomp/arg_kinds.h"

#include <array>
#include <optional>
#include <span>

#include "base/text_pool.h"
#include "seccomp/words.h"

namespace immure {
namespace {

// For each argument a letter: "i" int32, "h" int16, "l" whole, "p" pointer.
struct Row {
  std::string_view kinds;
  std::string_view calls;
};
constexpr auto kWritten = std::to_array<Row>({
    {"",
     "fork getegid getegid32 geteuid geteuid32 getgid getgid32 getpgrp getpid getppid "
     "gettid getuid getuid32 inotify_init munlockall pause restart_syscall rt_sigreturn "
     "sched_yield setsid sgetmask sigreturn sync uprobe uretprobe vfork vhangup"},
    {"i",
     "alarm close dup epoll_create epoll_create1 eventfd exit exit_group fchdir fdatasync "
     "fsync getpgid getsid inotify_init1 iopl memfd_secret mlockall nice personality "
     "pkey_free sched_get_priority_max sched_get_priority_min sched_getscheduler setfsgid "
     "setfsgid32 setfsuid setfsuid32 setgid setgid32 setuid setuid32 ssetmask syncfs "
     "timer_delete timer_getoverrun umask unshare userfaultfd"},
    {"ih", "fchmod"},
    {"ii",
     "dup2 eventfd2 fanotify_init flock getpriority inotify_rm_watch ioprio_get kill "
     "landlock_restrict_self listen msgget pidfd_open process_mrelease setns setpgid "
     "setregid setregid32 setreuid setreuid32 shutdown timerfd_create tkill"},
    {"iii",
     "close_range dup3 fchown fchown32 fsmount ioprio_set membarrier pidfd_getfd semget "
     "setpriority setresgid setresgid32 setresuid setresuid32 socket tgkill"},
    {"iiiiip", "fanotify_mark"},
    {"iiiipl", "io_uring_enter"},
    {"iiil", "semctl"},
    {"iiill", "kcmp"},
    {"iiip", "epoll_ctl quotactl_fd reboot rt_tgsigqueueinfo socketpair"},
    {"iiipi", "setsockopt"},
    {"iiipp", "getsockopt"},
    {"iil", "fcntl fcntl64 ioctl sigsuspend"},
    {"iili", "tee"},
    {"iill", "fallocate"},
    {"iilllp", "ipc"},
    {"iilpl", "kexec_file_load"},
    {"iip",
     "msgctl rt_sigqueueinfo sched_getaffinity sched_setaffinity sched_setscheduler "
     "seccomp shmctl"},
    {"iipi", "io_uring_register landlock_add_rule pidfd_send_signal"},
    {"iipip", "waitid"},
    {"iipl", "sendfile sendfile64"},
    {"iipp",
     "clock_nanosleep clock_nanosleep_time64 prlimit64 timer_settime timer_settime64 "
     "timerfd_settime timerfd_settime64"},
    {"iippi", "fsconfig"},
    {"il", "arch_prctl ftruncate"},
    {"ili", "lseek shmget"},
    {"ill", "ftruncate64 readahead sysfs"},
    {"illi", "fadvise64 sync_file_range"},
    {"illll", "keyctl prctl"},
    {"illlli", "fadvise64_64"},
    {"illpi", "_llseek"},
    {"ilp", "fstatfs64"},
    {"ilpp", "migrate_pages"},
    {"ilppl", "clone"},
    {"ilpppi", "move_pages"},
    {"ip",
     "clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
     "clock_gettime64 clock_settime clock_settime64 fremovexattr fstat fstat64 fstatfs "
     "getgroups getgroups32 getitimer getrlimit getrusage io_setup io_uring_setup "
     "mq_notify oldfstat sched_getparam sched_rr_get_interval sched_rr_get_interval_time64 "
     "sched_setparam setgroups setgroups32 setrlimit signal socketcall timer_gettime "
     "timer_gettime64 timerfd_gettime timerfd_gettime64 ugetrlimit ustat"},
    {"iph", "fchmodat mkdirat"},
    {"iphi", "fchmodat2 mknodat"},
    {"ipi",
     "bind bpf connect faccessat finit_module fspick getdents getdents64 inotify_add_watch "
     "open_by_handle_at open_tree readdir recvmsg sched_setattr semop sendmsg shmat syslog "
     "unlinkat waitpid"},
    {"ipih", "openat"},
    {"ipii", "epoll_wait faccessat2 lsm_set_self_attr sched_getattr sendmmsg"},
    {"ipiii", "fchownat"},
    {"ipiip", "recvmmsg recvmmsg_time64 statx"},
    {"ipiipl", "epoll_pwait"},
    {"ipip", "quotactl removexattrat renameat semtimedop semtimedop_time64 wait4"},
    {"ipipi", "linkat move_mount renameat2"},
    {"ipipl", "listxattrat mount_setattr open_tree_attr"},
    {"ipipli", "copy_file_range splice"},
    {"ipippl", "epoll_pwait2 getxattrat setxattrat"},
    {"ipl", "flistxattr modify_ldt read set_mempolicy signalfd write"},
    {"ipli", "msgsnd signalfd4 vmsplice"},
    {"iplii", "process_madvise"},
    {"iplip", "mq_timedsend mq_timedsend_time64"},
    {"iplipi", "sendto"},
    {"iplipp", "recvfrom"},
    {"ipll", "pread64 pwrite64"},
    {"iplli", "msgrcv"},
    {"iplpll", "process_vm_readv process_vm_writev"},
    {"iplpp", "mq_timedreceive mq_timedreceive_time64"},
    {"ipp",
     "accept futimesat get_robust_list getpeername getsockname mq_getsetattr setitimer "
     "sigaction sigprocmask timer_create"},
    {"ippi",
     "accept4 cachestat fstatat64 lsm_get_self_attr newfstatat readlinkat utimensat "
     "utimensat_time64"},
    {"ippl", "fgetxattr openat2 rt_sigaction rt_sigprocmask"},
    {"ippli", "file_getattr file_setattr fsetxattr"},
    {"ipppi", "execveat name_to_handle_at"},
    {"ipppp", "_newselect select"},
    {"ippppp", "pselect6 pselect6_time64"},
    {"l", "brk io_destroy"},
    {"ll", "mlock munlock munmap pkey_alloc vm86"},
    {"lli", "ioperm madvise map_shadow_stack mlock2 msync"},
    {"lll", "mprotect mseal"},
    {"llli", "pkey_mprotect"},
    {"llll", "ptrace set_mempolicy_home_node"},
    {"lllll", "mremap remap_file_pages"},
    {"llllll", "mmap mmap2"},
    {"lllpli", "mbind"},
    {"lllpp", "io_getevents"},
    {"lllppp", "io_pgetevents io_pgetevents_time64"},
    {"llp", "io_submit mincore"},
    {"llpl", "kexec_load"},
    {"lpl", "lookup_dcookie readv writev"},
    {"lplll", "preadv pwritev"},
    {"lpllli", "preadv2 pwritev2"},
    {"lpp", "io_cancel"},
    {"p",
     "_sysctl acct adjtimex chdir chroot get_thread_area mq_unlink oldolduname olduname "
     "pipe rmdir set_thread_area set_tid_address shmdt sigpending stime swapoff sysinfo "
     "time times umount uname unlink uselib vm86old"},
    {"ph", "chmod creat mkdir"},
    {"phi", "mknod"},
    {"pi",
     "access delete_module fsopen memfd_create pipe2 setdomainname sethostname swapon "
     "umount2"},
    {"pih", "open"},
    {"pihp", "mq_open"},
    {"pii", "chown chown32 lchown lchown32 poll"},
    {"piii", "futex_requeue rseq"},
    {"piiil", "perf_event_open"},
    {"piipi", "futex_waitv"},
    {"piippi", "futex futex_time64"},
    {"pip", "symlinkat"},
    {"pippl", "ppoll ppoll_time64"},
    {"pl", "clone3 getcwd rt_sigpending rt_sigsuspend set_robust_list truncate"},
    {"pli", "getrandom landlock_create_ruleset"},
    {"plii", "futex_wake"},
    {"pll", "truncate64"},
    {"pllipi", "futex_wait"},
    {"plp", "init_module statfs64"},
    {"pp",
     "capget capset gettimeofday link lremovexattr lstat lstat64 nanosleep oldlstat "
     "oldstat pivot_root removexattr rename settimeofday sigaltstack stat stat64 statfs "
     "symlink utime utimes"},
    {"ppi", "lsm_list_modules readlink"},
    {"ppl", "listxattr llistxattr"},
    {"ppli", "listmount statmount"},
    {"pplll", "get_mempolicy"},
    {"ppp", "execve getcpu getresgid getresgid32 getresuid getresuid32"},
    {"pppi", "request_key"},
    {"pppl", "getxattr lgetxattr rt_sigtimedwait rt_sigtimedwait_time64"},
    {"pppli", "add_key lsetxattr setxattr"},
    {"ppplp", "mount"},
});

// Where i386 has something else, "?", than the call of x86-64: numbers of 64 bits come in two
// arguments, or all arguments are behind a pointer.
constexpr auto kWrittenDiffer = std::to_array<Row>({
    {"i??", "_llseek"},
    {"i???", "fadvise64 fadvise64_64 sync_file_range"},
    {"ii????", "fallocate"},
    {"i?", "ftruncate64"},
    {"p?", "truncate64"},
    {"i??", "readahead"},
    {"ipl?", "pread64 pwrite64"},
    {"ipl??", "preadv pwritev"},
    {"ipl??i", "preadv2 pwritev2"},
    {"ilp??", "clone"},
    {"ii????", "fanotify_mark"},
    {"lllll?", "mmap2"},
    {"??????", "mmap ipc socketcall"},
    {"?????", "select"},
    {"ip?", "readdir"},
    {"??", "statfs64 fstatfs64"},
    {"ipi?", "waitpid"},
    {"i?", "signal"},
    {"????", "sgetmask ssetmask sigsuspend stime"},
    {"p?", "umount"},
});

ArgKind kind_of(char letter) {
  switch (letter) {
    case 'h':
      return ArgKind::int16;
    case 'i':
      return ArgKind::int32;
    case 'l':
      return ArgKind::whole;
    case 'p':
      return ArgKind::pointer;
    case '?':
      return ArgKind::other;
    default:
      return ArgKind::none;
  }
}

// The rows without pointers, see base/text_pool.h.
constexpr std::size_t bytes_of(std::span<const Row> rows) {
  std::size_t bytes = 0;
  for (const Row& row : rows) bytes += row.kinds.size() + row.calls.size();
  return bytes;
}
struct StoredRow {
  PooledText kinds, calls;
};
template <std::size_t Count, std::size_t Bytes>
struct StoredRows {
  TextPool<Bytes> texts;
  std::array<StoredRow, Count> rows{};
};
template <const auto& written>
constexpr auto stored() {
  StoredRows<written.size(), bytes_of(written)> all;
  for (std::size_t i = 0; i < written.size(); ++i) {
    all.rows[i] = {all.texts.add(written[i].kinds), all.texts.add(written[i].calls)};
  }
  return all;
}
constexpr auto kRows = stored<kWritten>();
constexpr auto kDiffer = stored<kWrittenDiffer>();

// The kinds of the call's arguments; nothing: it is not in the table.
template <class Rows>
std::optional<std::string_view> kinds_of(const Rows& table, std::string_view call) {
  for (const StoredRow& row : table.rows) {
    if (has_word(table.texts[row.calls], call)) return table.texts[row.kinds];
  }
  return std::nullopt;
}

ArgKind kind_at(std::optional<std::string_view> kinds, unsigned arg) {
  return !kinds || arg >= kinds->size() ? ArgKind::none : kind_of((*kinds)[arg]);
}

}  // namespace

ArgKind arg_kind(std::string_view call, unsigned arg) {
  return kind_at(kinds_of(kRows, call), arg);
}

ArgKind arg_kind_i386(std::string_view call, std::string_view meant, unsigned arg) {
  const ArgKind kind = arg_kind(meant, arg);
  const auto kinds = kinds_of(kDiffer, call);
  if (!kinds || kind == ArgKind::none) return kind;
  return arg < kinds->size() ? kind_at(kinds, arg) : ArgKind::other;
}

}  // namespace immure
