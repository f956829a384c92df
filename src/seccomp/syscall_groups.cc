#include "seccomp/syscall_groups.h"

#include <algorithm>
#include <array>

#include "seccomp/tables.h"
#include "seccomp/words.h"

namespace immure {
namespace {

constexpr std::string_view kKnown = "@known";

constexpr auto kGroups = std::to_array<SyscallGroup>({
    {"@aio", "asynchronous I/O",
     "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit "
     "io_uring_enter io_uring_register io_uring_setup"},
    {"@basic-io", "reading and writing descriptors",
     "_llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 pwrite64 pwritev "
     "pwritev2 read readv write writev"},
    {"@chown", "the owner of files", "chown chown32 fchown fchown32 fchownat lchown lchown32"},
    {"@clock", "setting the clocks",
     "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday stime"},
    {"@cpu-emulation", "CPU emulation", "modify_ldt subpage_prot switch_endian vm86 vm86old"},
    {"@debug", "debugging and measuring",
     "lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr "
     "sys_debug_setcontext "
     "uprobe uretprobe"},
    {"@default", "what every program calls",
     "brk cacheflush clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
     "clock_nanosleep clock_nanosleep_time64 execve exit exit_group futex futex_requeue "
     "futex_time64 futex_wait futex_waitv futex_wake get_robust_list get_thread_area getegid "
     "getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid "
     "getppid getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getsid gettid "
     "gettimeofday getuid getuid32 map_shadow_stack membarrier mmap mmap2 mprotect mseal munmap "
     "nanosleep pause prlimit64 restart_syscall rseq rt_sigreturn sched_getaffinity sched_yield "
     "set_robust_list set_thread_area set_tid_address set_tls sigreturn time ugetrlimit"},
    {"@file-system", "files by name",
     "access cachestat chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod "
     "fchmodat fchmodat2 fcntl fcntl64 fgetxattr file_getattr file_setattr flistxattr fremovexattr "
     "fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 ftruncate ftruncate64 futimesat getcwd "
     "getdents getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 "
     "inotify_rm_watch lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr "
     "lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstatat oldfstat oldlstat oldstat "
     "open openat openat2 readlink readlinkat removexattr removexattrat rename renameat renameat2 "
     "rmdir setxattr setxattrat stat stat64 statfs statfs64 statx symlink symlinkat truncate "
     "truncate64 unlink unlinkat utime utimensat utimensat_time64 utimes"},
    {"@io-event", "waiting for descriptors",
     "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
     "epoll_wait epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 "
     "pselect6_time64 select"},
    {"@ipc", "System V and POSIX message queues, shared memory; pipes",
     "ipc memfd_create memfd_secret mq_getsetattr mq_notify mq_open mq_timedreceive "
     "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv "
     "msgsnd pipe pipe2 process_madvise process_vm_readv process_vm_writev semctl semget semop "
     "semtimedop semtimedop_time64 shmat shmctl shmdt shmget"},
    {"@keyring", "the kernel's keyrings", "add_key keyctl request_key"},
    {"@memlock", "locking memory", "mlock mlock2 mlockall munlock munlockall"},
    {"@module", "kernel modules", "delete_module finit_module init_module"},
    {"@mount", "mounting, and changing the root",
     "chroot fsconfig fsmount fsopen fspick listmount mount mount_setattr move_mount open_tree "
     "open_tree_attr pivot_root statmount umount umount2"},
    {"@network-io", "sockets",
     "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
     "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall "
     "socketpair"},
    {"@obsolete", "unusual, obsolete or never built",
     "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle lock "
     "mpx prof profil putpmsg query_module security sgetmask ssetmask stty sysfs tuxcall ulimit "
     "uselib ustat vserver"},
    {"@pkey", "memory protection keys", "pkey_alloc pkey_free pkey_mprotect"},
    {"@privileged", "what needs a capability",
     "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot fanotify_init "
     "fanotify_mark nfsservctl open_by_handle_at pivot_root quotactl quotactl_fd setdomainname "
     "setfsuid setfsuid32 setgroups setgroups32 sethostname setresuid setresuid32 setreuid "
     "setreuid32 setuid setuid32 vhangup"},
    {"@process", "processes, threads and namespaces",
     "arch_prctl capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal "
     "prctl process_mrelease rt_sigqueueinfo rt_tgsigqueueinfo setns swapcontext tgkill times "
     "tkill unshare vfork wait4 waitid waitpid"},
    {"@raw-io", "I/O ports and devices",
     "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read "
     "s390_pci_mmio_write"},
    {"@reboot", "restarting the machine", "kexec_file_load kexec_load reboot"},
    {"@resources", "scheduling, memory placement and limits",
     "ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr "
     "sched_setparam sched_setscheduler set_mempolicy set_mempolicy_home_node setpriority "
     "setrlimit"},
    {"@sandbox", "restricting oneself",
     "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp"},
    {"@setuid", "changing the user and the group",
     "setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid "
     "setresuid32 setreuid setreuid32 setuid setuid32"},
    {"@signal", "signals",
     "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait "
     "rt_sigtimedwait_time64 sigaction sigaltstack signal signalfd signalfd4 sigpending "
     "sigprocmask sigsuspend"},
    {"@swap", "swap space", "swapoff swapon"},
    {"@sync", "writing to disk",
     "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs"},
    {"@timer", "timers",
     "alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime "
     "timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime "
     "timerfd_gettime64 timerfd_settime timerfd_settime64 times"},
    {"@system-service", "what services of a system need",
     "@aio @basic-io @chown @default @file-system @io-event @ipc @keyring @memlock @network-io "
     "@process @resources @setuid @signal @sync @timer arm_fadvise64_64 capget capset "
     "copy_file_range fadvise64 fadvise64_64 flock get_mempolicy getcpu getpriority ioctl "
     "ioprio_get kcmp madvise mincore mremap name_to_handle_at oldolduname olduname personality "
     "readahead readdir remap_file_pages sched_get_priority_max sched_get_priority_min "
     "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval "
     "sched_rr_get_interval_time64 sendfile sendfile64 setfsgid setfsgid32 setfsuid setfsuid32 "
     "setpgid setsid splice sysinfo tee umask uname userfaultfd vmsplice"},
});

const SyscallGroup* find_group(std::string_view name) {
  const auto* const found = std::ranges::find(kGroups, name, &SyscallGroup::name);
  return found == kGroups.end() ? nullptr : found;
}

void add_calls(const SyscallGroup& group, std::vector<std::string_view>& calls) {
  for_each_word(group.calls, [&](std::string_view word) {
    if (word.starts_with('@')) {
      add_calls(*find_group(word), calls);
    } else {
      calls.push_back(word);
    }
  });
}

void add_all(std::vector<std::string_view>& calls) {
  for (const SyscallGroup& group : kGroups) add_calls(group, calls);
  for (const std::span<const CallGroup> table : {call_groups(), call_groups_i386()}) {
    for (const CallGroup& group : table) {
      for_each_word(group.calls, [&](std::string_view call) { calls.push_back(call); });
    }
  }
}

}  // namespace

std::span<const SyscallGroup> syscall_groups() { return kGroups; }

std::vector<std::string_view> group_names() {
  std::vector<std::string_view> names;
  names.reserve(std::size(kGroups) + 1);
  for (const SyscallGroup& group : kGroups) names.push_back(group.name);
  names.push_back(kKnown);
  return names;
}

bool is_group(std::string_view name) { return name == kKnown || find_group(name) != nullptr; }

std::vector<std::string_view> calls_of_group(std::string_view name) {
  std::vector<std::string_view> calls;
  if (name == kKnown) {
    add_all(calls);
  } else if (const SyscallGroup* group = find_group(name)) {
    add_calls(*group, calls);
  }
  std::ranges::sort(calls);
  calls.erase(std::unique(calls.begin(), calls.end()), calls.end());
  return calls;
}

}  // namespace immure
