// Calls that i386 has besides those that both ABIs know by the same name: older forms, forms for
// numbers of 64 bits, and what this ABI alone needs. Each is treated as the call it stands for.
#include <array>
#include <cerrno>

#include "seccomp/tables.h"

namespace immure {
namespace {

constexpr Action kEperm = refuse(EPERM);

// standard, nested, strict, calls
constexpr auto kGroups = std::to_array<CallGroup>({
    // Memory, threads, processes, scheduling of oneself. A thread area is where a thread's own
    // variables are.
    {kAllow, kAllow, kAllow,
     "futex_time64 get_thread_area mmap2 nice sched_rr_get_interval_time64 set_thread_area "
     "ugetrlimit waitpid"},
    // Signals.
    {kAllow, kAllow, kAllow,
     "rt_sigtimedwait_time64 sgetmask sigaction signal sigpending sigprocmask sigreturn "
     "sigsuspend ssetmask"},
    // Time.
    {kAllow, kAllow, kAllow,
     "clock_getres_time64 clock_gettime64 clock_nanosleep_time64 timer_gettime64 "
     "timer_settime64 timerfd_gettime64 timerfd_settime64"},
    {kAllow, kAllow, kEperm, "clock_adjtime64"},
    // Ids of 32 bits, and older forms of uname.
    {kAllow, kAllow, kAllow,
     "getegid32 geteuid32 getgid32 getgroups32 getresgid32 getresuid32 getuid32 olduname "
     "oldolduname setfsgid32 setfsuid32 setgid32 setgroups32 setregid32 setresgid32 setresuid32 "
     "setreuid32 setuid32"},
    // Files, and waiting for descriptors.
    {kAllow, kAllow, kAllow,
     "_llseek _newselect chown32 fadvise64_64 fchown32 fcntl64 fstat64 fstatat64 fstatfs64 "
     "ftruncate64 lchown32 lstat64 oldfstat oldlstat oldstat ppoll_time64 pselect6_time64 "
     "readdir sendfile64 stat64 statfs64 truncate64 utimensat_time64"},
    // Talking to others. `ipc` is all of System V's calls in one; socketcall is refused with those
    // of both ABIs, as its arguments are behind a pointer: C libraries then take the single calls,
    // or have no sockets.
    {kAllow, kAllow, kAllow, "recvmmsg_time64"},
    {kAllow, kAllow, kEperm,
     "io_pgetevents_time64 ipc mq_timedreceive_time64 mq_timedsend_time64 semtimedop_time64"},
    // Refused.
    {kEperm, kAllow, kEperm, "umount"},
    {kEperm, kEperm, kEperm, "clock_settime64 stime vm86 vm86old"},
});

}  // namespace

std::span<const CallGroup> call_groups_i386() { return kGroups; }

}  // namespace immure
