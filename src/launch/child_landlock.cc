// The ruleset of the command's process. AFTER CLONE, as the rest of the child: allocates nothing.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/syscalls.h"
#include "launch/child.h"
#include "plan/landlock.h"

namespace immure {
namespace {

namespace files = landlock_files;

int add_path(int ruleset, const LandlockPath& rule) {
  const Fd at(::open(rule.path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  // What we may not reach, the command may not either.
  if (!at) return errno == EACCES ? 0 : errno;
  return sys::landlock_add_path(ruleset, at.get(), rule.rights) == 0 ? 0 : errno;
}

// The rights that the descriptor has by itself. Pipes and sockets without a name can't be opened
// again and take no rule; a directory gets none, so nothing is reached through it.
int add_descriptor(int ruleset, int fd, std::uint64_t handled) {
  struct stat status {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fstat(fd, &status) != 0) return errno == EBADF ? 0 : errno;
  const bool device = S_ISCHR(status.st_mode);
  if ((flags & O_PATH) != 0) return 0;
  if (!device && !S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) return 0;
  std::uint64_t rights = device ? files::ioctl_dev : 0;
  if ((flags & O_ACCMODE) != O_WRONLY) rights |= files::read_file | files::execute;
  if ((flags & O_ACCMODE) != O_RDONLY) rights |= files::write_file | files::truncate;
  if (sys::landlock_add_path(ruleset, fd, rights & handled) == 0) return 0;
  return errno == EBADFD ? 0 : errno;
}

// An abstract socket with a name of the kernel's choice, outside the ruleset that is loaded after.
int listen_outside(Fd& socket, sockaddr_un& name, socklen_t& length) {
  socket.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  name.sun_family = AF_UNIX;
  // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the calls' own way
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(sa_family_t)) != 0) {
    return errno;
  }
  length = sizeof name;
  return ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &length) == 0 ? 0 : errno;
  // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
}

// EACCES or EPERM, as it must be: 0. Success: EPROTO.
int refused(int result, int wanted) {
  if (result >= 0) return EPROTO;
  return errno == wanted ? 0 : errno;
}

int try_tcp(const RestrictSelf& step) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(step.refused_port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the calls' own way
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (step.proof == LandlockProof::bind) {
    return refused(::bind(socket.get(), to, sizeof address), EACCES);
  }
  const int result = ::connect(socket.get(), to, sizeof address);
  // Any other answer is one that the ruleset should not have let us get.
  return result < 0 && errno == EACCES ? 0 : EPROTO;
}

}  // namespace

int restrict_self(const RestrictSelf& step, const Construction& construction) {
  const Fd ruleset(sys::landlock_create_ruleset(step.files, step.tcp, step.scoped));
  if (!ruleset) return errno;
  for (const LandlockPath& rule : step.paths) {
    if (const int errnum = add_path(ruleset.get(), rule)) return errnum;
  }
  if (construction.queues && sys::landlock_add_path(ruleset.get(), construction.queues.get(),
                                                    step.files & ~files::execute) != 0) {
    return errno;
  }
  for (const int fd : step.descriptors) {
    if (const int errnum = add_descriptor(ruleset.get(), fd, step.files)) return errnum;
  }
  for (const LandlockPort& rule : step.ports) {
    if (sys::landlock_add_port(ruleset.get(), rule.port, rule.rights) != 0) return errno;
  }
  Fd outside;
  sockaddr_un name{};
  socklen_t length = 0;
  if (step.proof == LandlockProof::socket) {
    if (const int errnum = listen_outside(outside, name, length)) return errnum;
  }
  // What is tried below is no deed of the command's: it stays out of the audit log.
  constexpr unsigned log_same_exec_off = 1;
  constexpr int has_log_flags = 7;
  const unsigned flags = step.abi >= has_log_flags ? log_same_exec_off : 0;
  if (sys::landlock_restrict_self(ruleset.get(), flags) != 0) return errno;

  switch (step.proof) {
    case LandlockProof::none:
      return 0;
    case LandlockProof::directory: {
      const Fd listed(::openat(construction.proc.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      return refused(listed.get(), EACCES);
    }
    case LandlockProof::signal:
      return refused(::kill(::getppid(), 0), EPERM);
    case LandlockProof::socket: {
      const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      if (!socket) return errno;
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the call's own way
      const auto* to = reinterpret_cast<const sockaddr*>(&name);
      return refused(::connect(socket.get(), to, length), EPERM);
    }
    case LandlockProof::bind:
    case LandlockProof::connect:
      return try_tcp(step);
  }
  return EPROTO;
}

}  // namespace immure
