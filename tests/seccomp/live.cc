// The kernel decides as the evaluator says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "seccomp/calls.h"
#include "seccomp/evaluate.h"
#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

constexpr std::uint64_t kG = kGarbageAbove;

// Memory that a forked child writes its findings to.
class SharedErrnos {
 public:
  SharedErrnos()
      : errnos_(static_cast<int*>(
            ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {}
  SharedErrnos(const SharedErrnos&) = delete;
  SharedErrnos& operator=(const SharedErrnos&) = delete;
  ~SharedErrnos() { ::munmap(errnos_, kSize); }
  int& operator[](std::size_t index) { return std::span(errnos_, kNumbers)[index]; }

 private:
  static constexpr std::size_t kSize = kNumbers * sizeof(int);
  int* errnos_;
};

struct Probe {
  const char* name;
  long number;
  std::array<std::uint64_t, 6> args;
};

int errno_of(const Probe& probe) {
  const auto& a = probe.args;
  return ::syscall(probe.number, a[0], a[1], a[2], a[3], a[4], a[5]) == -1 ? errno : 0;
}

// Calls that do no harm where they are allowed: nothing, or an error by a bad argument.
constexpr std::uint64_t kNoFd = 0xffffffff;
const std::array kProbes{
    Probe{"getppid", SYS_getppid, {}},
    Probe{"read of no descriptor", SYS_read, {kNoFd}},
    Probe{"clone with flags that don't go together", SYS_clone, {kG | CLONE_THREAD}},
    Probe{"clone of a user namespace", SYS_clone, {kG | CLONE_NEWUSER | CLONE_THREAD}},
    Probe{"clone of a mount namespace", SYS_clone, {CLONE_NEWNS | CLONE_FS}},
    Probe{"unshare of nothing", SYS_unshare, {0}},
    Probe{"unshare of a time namespace and an unknown flag", SYS_unshare, {0x80 | 1}},
    Probe{"unshare of an unknown flag", SYS_unshare, {1}},
    Probe{"local socket of no type", SYS_socket, {kG | AF_UNIX, 77}},
    Probe{"routing socket of no type", SYS_socket, {AF_NETLINK, kG | 77, 0}},
    Probe{"audit socket", SYS_socket, {AF_NETLINK, SOCK_RAW, 9}},
    Probe{"packet socket", SYS_socket, {AF_PACKET, 77}},
    Probe{"packet socket by its old name", SYS_socket, {AF_INET, 10}},
    Probe{"vsock socket", SYS_socket, {40, SOCK_STREAM}},
    Probe{"pair of internet sockets", SYS_socketpair, {AF_INET, SOCK_STREAM}},
    Probe{"pair of no type", SYS_socketpair, {AF_UNIX, 77}},
    Probe{"urgent data to nowhere", SYS_sendto, {kNoFd, 0, 0, MSG_OOB}},
    Probe{"data to nowhere", SYS_sendto, {kNoFd, 0, 0, kG}},
    Probe{"urgent message to nowhere", SYS_sendmsg, {kNoFd, 0, kG | MSG_OOB}},
    Probe{"message to nowhere", SYS_sendmsg, {kNoFd, 0, 0}},
    Probe{"urgent messages to nowhere", SYS_sendmmsg, {kNoFd, 0, 0, MSG_OOB}},
    Probe{"TIOCSTI", SYS_ioctl, {kNoFd, kG | TIOCSTI}},
    Probe{"TIOCLINUX", SYS_ioctl, {kNoFd, TIOCLINUX}},
    Probe{"TCGETS", SYS_ioctl, {kNoFd, kG | TCGETS}},
    Probe{"personality, asked", SYS_personality, {0xffffffff}},
    Probe{"personality without randomised addresses", SYS_personality, {0x40000}},
    Probe{"PR_SET_MM", SYS_prctl, {kG | PR_SET_MM, 0}},
    Probe{"PR_GET_DUMPABLE", SYS_prctl, {PR_GET_DUMPABLE}},
    Probe{"chmod of nothing", SYS_fchmod, {kNoFd, 0755}},
    Probe{"set-id chmod of nothing", SYS_fchmod, {kNoFd, kG | 04755}},
    Probe{"set-id chmod at nothing", SYS_fchmodat, {kNoFd, 0, 02755}},
    Probe{"set-id file, made nowhere", SYS_openat, {kNoFd, 0, O_CREAT | O_WRONLY, 04755}},
    Probe{"file, made nowhere", SYS_openat, {kNoFd, 0, O_CREAT | O_WRONLY, 0755}},
    Probe{"openat2 nowhere", 437, {kNoFd, 0, 0, 0}},
    Probe{"named pipe nowhere", SYS_mknodat, {kNoFd, 0, 0010600}},
    Probe{"device nowhere", SYS_mknodat, {kNoFd, 0, 0020600}},
    Probe{"affinity of another", SYS_sched_setaffinity, {1, 0, 0}},
    Probe{"listen on nothing", SYS_listen, {kNoFd}},
    Probe{"seccomp, unknown operation", SYS_seccomp, {77}},
    Probe{"landlock version", 444, {0, 0, 1}},
    Probe{"no such call", 1023, {}},
    Probe{"skipped call", -1, {}},
};

TEST(Live, EachProbeEndsAsTheEvaluatorSays) {
  for (const FilterChoice choice : kAllFilters) {
    const auto program = compiled_filter(choice);
    SharedErrnos filtered;
    SharedErrnos open;
    const auto probe_all = [](SharedErrnos& errnos) {
      for (std::size_t i = 0; i < kProbes.size(); ++i) errnos[i] = errno_of(kProbes.at(i));
      return 0;
    };
    ASSERT_EQ(run_filtered(program, [&] { return probe_all(filtered); }), 0);
    ASSERT_EQ(run_filtered({}, [&] { return probe_all(open); }), 0);
    for (std::size_t i = 0; i < kProbes.size(); ++i) {
      const Probe& probe = kProbes.at(i);
      seccomp_data call = call_of(native_arch(), static_cast<std::uint32_t>(probe.number));
      std::copy(probe.args.begin(), probe.args.end(), std::begin(call.args));
      const std::uint32_t value = evaluate(program, call).value_or(0);
      const int wanted =
          value == SECCOMP_RET_ALLOW ? open[i] : static_cast<int>(value & SECCOMP_RET_DATA);
      EXPECT_EQ(filtered[i], wanted)
          << probe.name << " under " << filter_name(choice) << ": " << show_action(value);
    }
  }
}

TEST(Live, EachRefusedNumberIsRefusedByTheKernel) {
  for (const FilterChoice choice : kAllFilters) {
    const auto program = compiled_filter(choice);
    const auto refused = [&](std::uint32_t number) {
      const auto value = evaluate(program, call_of(native_arch(), number));
      return value && *value != SECCOMP_RET_ALLOW ? static_cast<int>(*value & SECCOMP_RET_DATA) : 0;
    };
    SharedErrnos errnos;
    ASSERT_EQ(run_filtered(program,
                           [&] {
                             for (std::uint32_t number = 0; number < kNumbers; ++number)
                               if (refused(number) != 0)
                                 errnos[number] = errno_of({"", static_cast<long>(number), {}});
                             return 0;
                           }),
              0);
    for (std::uint32_t number = 0; number < kNumbers; ++number)
      EXPECT_EQ(errnos[number], refused(number)) << number << " under " << filter_name(choice);
  }
}

TEST(Live, TheFilterIsInForceAfterwards) {
  const int status = run_filtered(compiled_filter(kStrict), [] {
    return ::prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

#ifdef __x86_64__
long call_by_int80(long number) {
  long result = number;
  asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
  return result;
}

TEST(Live, ForeignAbisKillTheProcess) {
  constexpr long kX32 = 0x40000000;
  constexpr long kGetpidI386 = 20;
  const int i386_status = run_filtered({}, [] { return call_by_int80(kGetpidI386) > 0 ? 0 : 1; });
  for (const FilterChoice choice : kAllFilters) {
    const auto program = compiled_filter(choice);
    const int x32 = run_filtered(program, [] {
      ::syscall(kX32 | SYS_getpid);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(x32) && WTERMSIG(x32) == SIGSYS) << filter_name(choice);
    if (i386_status != 0) continue;  // this kernel has no i386 calls
    const int i386 = run_filtered(program, [] {
      call_by_int80(kGetpidI386);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(i386) && WTERMSIG(i386) == SIGSYS) << filter_name(choice);
  }
}
#endif

}  // namespace
}  // namespace immure::test
