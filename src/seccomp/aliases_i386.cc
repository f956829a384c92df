#include "seccomp/aliases_i386.h"

#include <array>

namespace immure {
namespace {

constexpr auto kAliases = std::to_array<CallAlias>({
    {"chown", "chown32"},
    {"clock_adjtime", "clock_adjtime64"},
    {"clock_getres", "clock_getres_time64"},
    {"clock_gettime", "clock_gettime64"},
    {"clock_nanosleep", "clock_nanosleep_time64"},
    {"clock_settime", "clock_settime64"},
    {"fadvise64", "fadvise64_64"},
    {"fchown", "fchown32"},
    {"fcntl", "fcntl64"},
    {"fstat", "fstat64 oldfstat"},
    {"fstatfs", "fstatfs64"},
    {"ftruncate", "ftruncate64"},
    {"futex", "futex_time64"},
    {"getdents", "readdir"},
    {"getegid", "getegid32"},
    {"geteuid", "geteuid32"},
    {"getgid", "getgid32"},
    {"getgroups", "getgroups32"},
    {"getresgid", "getresgid32"},
    {"getresuid", "getresuid32"},
    {"getrlimit", "ugetrlimit"},
    {"getuid", "getuid32"},
    {"io_pgetevents", "io_pgetevents_time64"},
    {"lchown", "lchown32"},
    {"lseek", "_llseek"},
    {"lstat", "lstat64 oldlstat"},
    {"mmap", "mmap2"},
    {"mq_timedreceive", "mq_timedreceive_time64"},
    {"mq_timedsend", "mq_timedsend_time64"},
    {"newfstatat", "fstatat64"},
    {"ppoll", "ppoll_time64"},
    {"pselect6", "pselect6_time64"},
    {"recvmmsg", "recvmmsg_time64"},
    {"rt_sigaction", "sigaction signal"},
    {"rt_sigpending", "sigpending"},
    {"rt_sigprocmask", "sigprocmask sgetmask ssetmask"},
    {"rt_sigreturn", "sigreturn"},
    {"rt_sigsuspend", "sigsuspend"},
    {"rt_sigtimedwait", "rt_sigtimedwait_time64"},
    {"sched_rr_get_interval", "sched_rr_get_interval_time64"},
    {"select", "_newselect"},
    {"semtimedop", "semtimedop_time64"},
    {"sendfile", "sendfile64"},
    {"setfsgid", "setfsgid32"},
    {"setfsuid", "setfsuid32"},
    {"setgid", "setgid32"},
    {"setgroups", "setgroups32"},
    {"setregid", "setregid32"},
    {"setresgid", "setresgid32"},
    {"setresuid", "setresuid32"},
    {"setreuid", "setreuid32"},
    {"settimeofday", "stime"},
    {"setuid", "setuid32"},
    {"stat", "stat64 oldstat"},
    {"statfs", "statfs64"},
    {"timer_gettime", "timer_gettime64"},
    {"timer_settime", "timer_settime64"},
    {"timerfd_gettime", "timerfd_gettime64"},
    {"timerfd_settime", "timerfd_settime64"},
    {"truncate", "truncate64"},
    {"umount2", "umount"},
    {"uname", "olduname oldolduname"},
    {"utimensat", "utimensat_time64"},
    {"wait4", "waitpid"},
});

}  // namespace

std::span<const CallAlias> aliases_i386() { return kAliases; }

std::string_view calls_of_ipc() {
  return "msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget";
}

}  // namespace immure
