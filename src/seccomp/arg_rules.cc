// Rules on arguments. They cost each call that they stand for some 30 ns, so none is put on what a
// program calls most (read, write, mmap, futex); on open and openat only where a set-id file could
// reach the host.
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <utility>

#include "seccomp/tables.h"

namespace immure {
namespace {

constexpr std::uint32_t kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint32_t kSetIdBits = S_ISUID | S_ISGID;
// What makes open(2) look at its mode: O_CREAT, and O_TMPFILE without the O_DIRECTORY it includes.
constexpr std::uint32_t kCreates = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);
constexpr std::uint32_t kSocketType = 0xf;  // the rest of the argument is SOCK_CLOEXEC and the like
constexpr std::uint32_t kIoprioWhoProcess = 1;
// PER_LINUX and PER_LINUX32, each with UNAME26; the last one asks only.
constexpr std::array<std::uint64_t, 5> kPersonalities{0, 8, 0x20000, 0x20008, 0xffffffff};

ArgTest arg_is(std::uint8_t arg, std::vector<std::uint64_t> values) {
  return {.arg = arg, .values = std::move(values)};
}
ArgTest masked_arg_is(std::uint8_t arg, std::uint32_t mask, std::uint32_t value) {
  return {.arg = arg, .mask = mask, .values = {value}};
}
ArgTest arg_has(std::uint8_t arg, std::uint32_t any_of) { return {.arg = arg, .mask = any_of}; }

}  // namespace

std::vector<ArgRule> arg_rules() {
  const Action eperm = refuse(EPERM);
  const Action enosys = refuse(ENOSYS);
  const Action no_family = refuse(EAFNOSUPPORT);
  const Action no_urgent_data = refuse(EOPNOTSUPP);
  const std::uint8_t closed = kInStandard | kInStrict;
  const std::uint8_t with_sockets = kInStandard | kInNested;
  return {
      // New namespaces.
      {closed, "clone", {{arg_has(0, kNamespaces)}, eperm}},
      {closed, "unshare", {{arg_has(0, kNamespaces | CLONE_NEWTIME)}, eperm}},

      // Set-id files where the host could run them. mkdir(2) drops these bits by itself. The mode
      // of openat2 is behind a pointer; programs then take openat.
      {kWhenGuarded, "chmod fchmod", {{arg_has(1, kSetIdBits)}, eperm}},
      {kWhenGuarded, "fchmodat fchmodat2", {{arg_has(2, kSetIdBits)}, eperm}},
      {kWhenGuarded, "creat mknod", {{arg_has(1, kSetIdBits)}, eperm}},
      {kWhenGuarded, "mknodat", {{arg_has(2, kSetIdBits)}, eperm}},
      {kWhenGuarded, "open", {{arg_has(1, kCreates), arg_has(2, kSetIdBits)}, eperm}},
      {kWhenGuarded, "openat", {{arg_has(2, kCreates), arg_has(3, kSetIdBits)}, eperm}},
      {kWhenGuarded, "openat2", {{}, enosys}},

      // Named pipes are files that plain programs make (make 4.4 does); devices aren't.
      {kInStrict, "mknod", {{masked_arg_is(1, S_IFMT, S_IFIFO)}, kAllow}},
      {kInStrict, "mknodat", {{masked_arg_is(2, S_IFMT, S_IFIFO)}, kAllow}},

      // Families that a network namespace contains. (AF_INET, SOCK_PACKET) is AF_PACKET by its old
      // name. Of netlink only routing, which C libraries ask for the interfaces.
      {with_sockets,
       "socket",
       {{arg_is(0, {AF_INET}), masked_arg_is(1, kSocketType, SOCK_PACKET)}, no_family}},
      {with_sockets, "socket", {{arg_is(0, {AF_UNIX, AF_INET, AF_INET6})}, kAllow}},
      {with_sockets, "socket", {{arg_is(0, {AF_NETLINK}), arg_is(2, {0})}, kAllow}},
      {kInAll, "socketpair", {{arg_is(0, {AF_UNIX})}, kAllow}},
      {kInAll, "sendto sendmmsg", {{arg_has(3, MSG_OOB)}, no_urgent_data}},
      {kInAll, "sendmsg", {{arg_has(2, MSG_OOB)}, no_urgent_data}},

      // Typing into, or taking over, the terminal of the caller.
      {kInAll, "ioctl", {{arg_is(1, {TIOCSTI, TIOCLINUX, TIOCSETD, TIOCCONS})}, eperm}},

      {kInAll,
       "personality",
       {{arg_is(0, {kPersonalities.begin(), kPersonalities.end()})}, kAllow}},
      {kInAll, "prctl", {{arg_is(0, {PR_SET_MM})}, eperm}},

      // Scheduling of oneself only.
      {kInStrict,
       "sched_setaffinity sched_setattr sched_setparam sched_setscheduler",
       {{arg_is(0, {0})}, kAllow}},
      {kInStrict, "setpriority", {{arg_is(0, {PRIO_PROCESS}), arg_is(1, {0})}, kAllow}},
      {kInStrict, "ioprio_set", {{arg_is(0, {kIoprioWhoProcess}), arg_is(1, {0})}, kAllow}},
  };
}

}  // namespace immure
