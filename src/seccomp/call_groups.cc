// An allow-list: a call that stands nowhere here fails with ENOSYS, as on a kernel that is older
// than the call. EPERM is for calls that programs expect to be refused to ordinary users; ENOSYS
// where a C library or a program then takes an older way.
#include <array>
#include <cerrno>

#include "seccomp/tables.h"

namespace immure {
namespace {

constexpr Action kEperm = refuse(EPERM);
constexpr Action kEnosys = refuse(ENOSYS);
constexpr Action kNoFamily = refuse(EAFNOSUPPORT);

// standard, nested, strict, calls
constexpr auto kGroups = std::to_array<CallGroup>({
    // --- What every program needs. ---
    // Memory. get_mempolicy only reads.
    {kAllow, kAllow, kAllow,
     "brk get_mempolicy madvise map_shadow_stack membarrier memfd_create mincore mlock mlock2 "
     "mlockall mmap mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free "
     "pkey_mprotect"},
    // Programs, processes and threads. clone and unshare: see the rules on arguments. uretprobe and
    // uprobe are entered by probes that the host's administrator sets in a running program.
    {kAllow, kAllow, kAllow,
     "arch_prctl clone execve execveat exit exit_group fork futex futex_requeue futex_wait "
     "futex_waitv futex_wake get_robust_list getcpu getpgid getpgrp getpid getppid getrandom "
     "getrlimit getrusage getsid gettid pause pidfd_open pidfd_send_signal prctl prlimit64 "
     "restart_syscall rseq sched_yield set_robust_list set_tid_address setpgid setrlimit setsid "
     "sysinfo umask uname unshare uprobe uretprobe vfork wait4 waitid"},
    // Scheduling: reading, and changing.
    {kAllow, kAllow, kAllow,
     "getpriority ioprio_get sched_get_priority_max sched_get_priority_min sched_getaffinity "
     "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval"},
    {kAllow, kAllow, kEperm,
     "ioprio_set sched_setaffinity sched_setattr sched_setparam sched_setscheduler setpriority"},
    // Signals.
    {kAllow, kAllow, kAllow,
     "kill rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
     "rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4 tgkill tkill"},
    // Time. The modes of adjtimex and clock_adjtime are behind a pointer: without CAP_SYS_TIME in
    // the first user namespace the kernel lets them read only.
    {kAllow, kAllow, kAllow,
     "alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer "
     "time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create "
     "timerfd_gettime timerfd_settime times"},
    {kAllow, kAllow, kEperm, "adjtimex clock_adjtime"},
    // Who am I. With the ids that are mapped these can give up, never gain.
    {kAllow, kAllow, kAllow,
     "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid "
     "setgid setgroups setregid setresgid setresuid setreuid setuid"},
    // A program may restrict itself further.
    {kAllow, kAllow, kAllow,
     "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp"},

    // --- Files. ---
    {kAllow, kAllow, kAllow,
     "access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat "
     "faccessat2 fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl "
     "fdatasync fgetxattr file_getattr flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync "
     "ftruncate futimesat getcwd getdents getdents64 getxattr getxattrat inotify_add_watch "
     "inotify_init inotify_init1 inotify_rm_watch ioctl lchown lgetxattr link linkat listxattr "
     "listxattrat llistxattr lremovexattr lseek lsetxattr lstat mkdir mkdirat newfstatat open "
     "openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink "
     "readlinkat readv removexattr removexattrat rename renameat renameat2 rmdir sendfile setxattr "
     "setxattrat stat statfs statx symlink symlinkat sync sync_file_range syncfs truncate unlink "
     "unlinkat utime utimensat utimes write writev"},
    {kAllow, kAllow, kEperm, "mknod mknodat"},
    // Pipes, and waiting for descriptors.
    {kAllow, kAllow, kAllow,
     "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 "
     "pipe pipe2 poll ppoll pselect6 select splice tee"},

    // --- Talking to others. ---
    // On a socket that one has: of socketpair, or inherited.
    {kAllow, kAllow, kAllow,
     "getpeername getsockname getsockopt recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto "
     "setsockopt shutdown"},
    {kAllow, kAllow, kEperm, "accept accept4 bind connect listen"},
    {kNoFamily, kNoFamily, kNoFamily, "socket socketpair"},
    // System V and POSIX message queues, semaphores and shared memory.
    {kAllow, kAllow, kEperm,
     "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv "
     "msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget"},
    // Asynchronous files the old way, and other things that only few programs use.
    {kAllow, kAllow, kEperm,
     "io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit process_mrelease "
     "remap_file_pages"},

    // --- Namespaces and mounts. ---
    {kEperm, kAllow, kEperm, "chroot mount pivot_root setdomainname sethostname setns umount2"},
    {kEnosys, kAllow, kEnosys,
     "fsconfig fsmount fsopen fspick listmount mount_setattr move_mount open_tree open_tree_attr "
     "statmount"},
    // Its flags are behind a pointer; C libraries then take clone.
    {kEnosys, kEnosys, kEnosys, "clone3"},

    // --- Refused. ---
    // The machine as a whole.
    {kEperm, kEperm, kEperm,
     "acct clock_settime create_module delete_module finit_module get_kernel_syms init_module "
     "ioperm iopl kexec_file_load kexec_load nfsservctl query_module quotactl quotactl_fd reboot "
     "settimeofday swapoff swapon syslog vhangup"},
    // Ways around what a path or a descriptor may reach, and rarely used, much attacked code.
    {kEperm, kEperm, kEperm,
     "_sysctl bpf fanotify_init fanotify_mark lookup_dcookie lsm_set_self_attr modify_ldt "
     "name_to_handle_at open_by_handle_at perf_event_open sysfs uselib userfaultfd ustat "
     "vmsplice"},
    // Other processes: their memory, their descriptors.
    {kEperm, kEperm, kEperm,
     "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"},
    // On which memory of the machine pages lie.
    {kEperm, kEperm, kEperm,
     "mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node"},
    {kEperm, kEperm, kEperm, "personality"},
    // Programs do without these on older kernels.
    {kEnosys, kEnosys, kEnosys,
     "add_key cachestat file_setattr io_uring_enter io_uring_register io_uring_setup keyctl "
     "lsm_get_self_attr lsm_list_modules memfd_secret request_key socketcall"},
});

}  // namespace

std::span<const CallGroup> call_groups() { return kGroups; }

}  // namespace immure
