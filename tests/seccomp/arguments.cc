// Calls whose arguments decide, at the corners: each bit, each neighbour, garbage above an int.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "seccomp/filter_support.h"

#ifdef __x86_64__  // the numbers here are those of x86-64
namespace immure::test {
namespace {

constexpr std::uint64_t kG = kGarbageAbove;
using Values = std::initializer_list<std::uint64_t>;

TEST(Arguments, CloneAndUnshareMayNotMakeANamespaceUnlessNested) {
  for (const FilterChoice choice : kAllFilters) {
    const char* const closed = choice.nested ? "allow" : "EPERM";
    for (std::uint64_t bit = 1; bit <= 0x80000000; bit <<= 1) {
      const bool clone_makes = (bit & 0x7E020000) != 0;
      const bool unshare_makes = (bit & 0x7E020080) != 0;
      EXPECT_EQ(verdict(choice, SYS_clone, {bit}), clone_makes ? closed : "allow") << bit;
      EXPECT_EQ(verdict(choice, SYS_clone, {kG | bit | SIGCHLD}), clone_makes ? closed : "allow");
      EXPECT_EQ(verdict(choice, SYS_unshare, {bit}), unshare_makes ? closed : "allow") << bit;
      EXPECT_EQ(verdict(choice, SYS_unshare, {kG | bit}), unshare_makes ? closed : "allow");
    }
  }
}

TEST(Arguments, SocketFamiliesAreLocalInternetAndRouting) {
  for (const FilterChoice choice : {kStandard, kGuarded, kNested, kNestedGuarded}) {
    for (std::uint64_t family = 0; family < 64; ++family) {
      const bool known =
          family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
      const char* const wanted = known ? "allow" : "EAFNOSUPPORT";
      EXPECT_EQ(verdict(choice, SYS_socket, {family, SOCK_STREAM, 0}), wanted) << family;
      EXPECT_EQ(verdict(choice, SYS_socket, {kG | family, kG | SOCK_DGRAM, kG}), wanted) << family;
    }
    EXPECT_EQ(verdict(choice, SYS_socket, {AF_INET, SOCK_STREAM, 262}), "allow");  // MPTCP
    EXPECT_EQ(verdict(choice, SYS_socket, {AF_NETLINK, SOCK_RAW, 9}), "EAFNOSUPPORT");
    EXPECT_EQ(verdict(choice, SYS_socket, {AF_NETLINK, SOCK_RAW, kG | 15}), "EAFNOSUPPORT");
    EXPECT_EQ(verdict(choice, SYS_socket, {0xffffffff, SOCK_RAW, 0}), "EAFNOSUPPORT");
  }
}

TEST(Arguments, APacketSocketIsNotMadeByItsOldName) {
  constexpr std::uint64_t kOldName = 10;  // SOCK_PACKET
  EXPECT_EQ(verdict(kNested, SYS_socket, {AF_INET, kOldName, 0}), "EAFNOSUPPORT");
  EXPECT_EQ(verdict(kNested, SYS_socket, {kG | AF_INET, kG | kOldName | SOCK_CLOEXEC, 0}),
            "EAFNOSUPPORT");
  EXPECT_EQ(verdict(kNested, SYS_socket, {AF_UNIX, kOldName, 0}), "allow");
}

TEST(Arguments, StrictHasNoSocketsButPairs) {
  for (std::uint64_t family = 0; family < 64; ++family) {
    EXPECT_EQ(verdict(kStrict, SYS_socket, {family, SOCK_STREAM, 0}), "EAFNOSUPPORT");
    for (const FilterChoice choice : kAllFilters)
      EXPECT_EQ(verdict(choice, SYS_socketpair, {kG | family, SOCK_STREAM, 0}),
                family == AF_UNIX ? "allow" : "EAFNOSUPPORT");
  }
}

TEST(Arguments, UrgentDataIsNotSupported) {
  for (const FilterChoice choice : kAllFilters) {
    EXPECT_EQ(verdict(choice, SYS_sendto, {0, 0, 0, MSG_OOB}), "EOPNOTSUPP");
    EXPECT_EQ(verdict(choice, SYS_sendto, {0, 0, 0, kG | MSG_OOB | MSG_NOSIGNAL}), "EOPNOTSUPP");
    EXPECT_EQ(verdict(choice, SYS_sendto, {1, 1, 1, kG | MSG_NOSIGNAL, 1, 1}), "allow");
    EXPECT_EQ(verdict(choice, SYS_sendmsg, {0, 0, MSG_OOB}), "EOPNOTSUPP");
    EXPECT_EQ(verdict(choice, SYS_sendmsg, {1, 1, 0, MSG_OOB}), "allow");
    EXPECT_EQ(verdict(choice, SYS_sendmmsg, {0, 0, 0, MSG_OOB}), "EOPNOTSUPP");
    EXPECT_EQ(verdict(choice, SYS_sendmmsg, {1, 1, 1, MSG_DONTWAIT}), "allow");
  }
}

TEST(Arguments, TheTerminalOfTheCallerIsNotTypedInto) {
  for (const FilterChoice choice : kAllFilters) {
    for (const std::uint64_t request : Values{TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS}) {
      EXPECT_EQ(verdict(choice, SYS_ioctl, {0, request}), "EPERM");
      EXPECT_EQ(verdict(choice, SYS_ioctl, {0, kG | request}), "EPERM");
      EXPECT_EQ(verdict(choice, SYS_ioctl, {request, TCGETS, request}), "allow");
    }
    for (const std::uint64_t request : Values{TCGETS, TIOCGWINSZ, TIOCSCTTY, FIONREAD, FIOCLEX})
      EXPECT_EQ(verdict(choice, SYS_ioctl, {0, kG | request}), "allow");
  }
}

TEST(Arguments, PersonalitiesAreThoseOfPlainLinux) {
  for (const FilterChoice choice : kAllFilters) {
    for (const std::uint64_t persona : Values{0U, 8U, 0x20000U, 0x20008U, 0xffffffffU})
      EXPECT_EQ(verdict(choice, SYS_personality, {kG | persona}), "allow");
    for (const std::uint64_t persona :
         Values{1U, 7U, 9U, 0x20001U, 0x40000U, 0x400000U, 0xfffffffeU})
      EXPECT_EQ(verdict(choice, SYS_personality, {persona}), "EPERM");
  }
}

TEST(Arguments, TheMemoryMapOfAProcessIsNotRewritten) {
  for (const FilterChoice choice : kAllFilters) {
    EXPECT_EQ(verdict(choice, SYS_prctl, {kG | PR_SET_MM, PR_SET_MM_EXE_FILE}), "EPERM");
    EXPECT_EQ(verdict(choice, SYS_prctl, {PR_SET_MM - 1}), "allow");
    EXPECT_EQ(verdict(choice, SYS_prctl, {PR_SET_MM + 1}), "allow");
    EXPECT_EQ(verdict(choice, SYS_prctl, {PR_SET_NAME, PR_SET_MM}), "allow");
  }
}

struct SetIdCall {
  const char* name;
  long number;
  std::size_t mode_at;
};
constexpr long kFchmodat2 = 452;

TEST(Arguments, SetIdBitsAreRefusedOnlyWhereTheHostWouldSeeThem) {
  for (const SetIdCall& call :
       {SetIdCall{"chmod", SYS_chmod, 1}, SetIdCall{"fchmod", SYS_fchmod, 1},
        SetIdCall{"fchmodat", SYS_fchmodat, 2}, SetIdCall{"fchmodat2", kFchmodat2, 2},
        SetIdCall{"creat", SYS_creat, 1}}) {
    SCOPED_TRACE(call.name);
    const auto with_mode = [&](FilterChoice choice, std::uint64_t mode) {
      return call.mode_at == 1 ? verdict(choice, call.number, {06000, mode, 06000})
                               : verdict(choice, call.number, {06000, 06000, mode, 06000});
    };
    for (const std::uint64_t mode : Values{04755U, 02755U, 06000U, 04000U, 02000U}) {
      for (const FilterChoice guarded : {kGuarded, kNestedGuarded, kStrictGuarded})
        EXPECT_EQ(with_mode(guarded, kG | mode), "EPERM");
      for (const FilterChoice open : {kStandard, kNested, kStrict})
        EXPECT_EQ(with_mode(open, mode), "allow");
    }
    for (const std::uint64_t mode : Values{0U, 0755U, 01777U, 0777U})
      EXPECT_EQ(with_mode(kGuarded, kG | mode), "allow");
  }
}

TEST(Arguments, OpeningLooksAtTheModeOnlyWhenItCreates) {
  for (const std::uint64_t flags : Values{O_CREAT | O_WRONLY, O_CREAT, O_TMPFILE | O_RDWR}) {
    EXPECT_EQ(verdict(kGuarded, SYS_open, {0, flags, 04755}), "EPERM");
    EXPECT_EQ(verdict(kGuarded, SYS_open, {0, kG | flags, kG | 02644}), "EPERM");
    EXPECT_EQ(verdict(kGuarded, SYS_open, {0, flags, kG | 01777}), "allow");
    EXPECT_EQ(verdict(kGuarded, SYS_openat, {0, 0, flags, 04755}), "EPERM");
    EXPECT_EQ(verdict(kGuarded, SYS_openat, {04755, 04755, kG | flags, 0644, 04755}), "allow");
    EXPECT_EQ(verdict(kStandard, SYS_openat, {0, 0, flags, 06777}), "allow");
  }
  for (const std::uint64_t flags :
       Values{O_RDONLY, O_RDWR | O_TRUNC, O_DIRECTORY | O_RDONLY, O_PATH}) {
    EXPECT_EQ(verdict(kGuarded, SYS_open, {0, flags, 06777}), "allow");
    EXPECT_EQ(verdict(kGuarded, SYS_openat, {0, 0, flags, 06777}), "allow");
  }
}

TEST(Arguments, OfDeviceNodesStrictMakesOnlyNamedPipes) {
  EXPECT_EQ(verdict(kStrict, SYS_mknod, {0, kG | S_IFIFO | 0600}), "allow");
  EXPECT_EQ(verdict(kStrict, SYS_mknodat, {0, 0, S_IFIFO | 0600}), "allow");
  for (const std::uint64_t type : Values{S_IFCHR, S_IFBLK, S_IFSOCK, S_IFREG}) {
    EXPECT_EQ(verdict(kStrict, SYS_mknod, {0, type | 0600}), "EPERM");
    EXPECT_EQ(verdict(kStrict, SYS_mknodat, {S_IFIFO, S_IFIFO, type | 0600, S_IFIFO}), "EPERM");
    EXPECT_EQ(verdict(kStandard, SYS_mknod, {0, type | 04600}), "allow");
    EXPECT_EQ(verdict(kGuarded, SYS_mknod, {0, type | 04600}), "EPERM");
    EXPECT_EQ(verdict(kGuarded, SYS_mknodat, {0, 0, type | 04600}), "EPERM");
    EXPECT_EQ(verdict(kGuarded, SYS_mknodat, {0, 0, type | 0600}), "allow");
  }
  EXPECT_EQ(verdict(kStrictGuarded, SYS_mknod, {0, S_IFIFO | 04600}), "EPERM");
}

TEST(Arguments, StrictSchedulesOnlyItself) {
  for (const long number :
       {SYS_sched_setaffinity, SYS_sched_setparam, SYS_sched_setscheduler, SYS_sched_setattr}) {
    EXPECT_EQ(verdict(kStrict, number, {kG, 1, 1}), "allow");
    EXPECT_EQ(verdict(kStrict, number, {1, 0, 0}), "EPERM");
    EXPECT_EQ(verdict(kStandard, number, {1, 0, 0}), "allow");
  }
  EXPECT_EQ(verdict(kStrict, SYS_setpriority, {PRIO_PROCESS, 0, 5}), "allow");
  EXPECT_EQ(verdict(kStrict, SYS_setpriority, {PRIO_PROCESS, 7, 5}), "EPERM");
  EXPECT_EQ(verdict(kStrict, SYS_setpriority, {PRIO_PGRP, 0, 5}), "EPERM");
  EXPECT_EQ(verdict(kStrict, SYS_ioprio_set, {1, 0, 0}), "allow");
  EXPECT_EQ(verdict(kStrict, SYS_ioprio_set, {1, 1, 0}), "EPERM");
}

}  // namespace
}  // namespace immure::test
#endif
