#include "launch/stdio_guard.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/syscalls.h"

namespace immure {
namespace {

bool is_redirected(const LaunchPlan& plan, int fd) {
  return std::any_of(plan.command_setup.begin(), plan.command_setup.end(),
                     [fd](const PlannedStep& step) {
                       const auto* redirect = std::get_if<RedirectStdio>(&step.what);
                       return redirect != nullptr && redirect->fd == fd;
                     });
}

bool has_own_session(const LaunchPlan& plan) {
  return std::any_of(plan.command_setup.begin(), plan.command_setup.end(),
                     [](const PlannedStep& step) {
                       return std::holds_alternative<NewSession>(step.what) ||
                              std::holds_alternative<OwnTerminal>(step.what);
                     });
}

// A terminal or a socket that the caller has at 0, too, takes what is written there.
bool stdin_takes_output() {
  struct stat input {};
  struct stat null {};
  const int flags = ::fcntl(0, F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) return false;
  return ::fstat(0, &input) != 0 || ::stat("/dev/null", &null) != 0 ||
         input.st_rdev != null.st_rdev;
}

// null, zero, full, random and urandom: every sandbox has them, with all rights.
bool is_harmless_device(dev_t device) {
  const unsigned number = minor(device);
  return major(device) == 1 && (number == 3 || number == 5 || (number >= 7 && number <= 9));
}

// Inside there is /dev/tty for it, with all rights, unless the command has a session of its own.
bool is_controlling_terminal(int fd) {
  const pid_t session = ::tcgetsid(fd);
  return session >= 0 && session == ::getsid(0);
}

// Whether the command may open this again so (R_OK, W_OK). Its owner can give himself the right.
// What root may only by capabilities, a command without them may not; but where there is doubt
// (access control lists), it may.
bool could_open(int fd, const struct stat& status, int right) {
  if (::faccessat(fd, "", right, AT_EMPTY_PATH | AT_EACCESS) != 0 && errno == EROFS) return false;
  if (status.st_uid == ::geteuid()) return true;
  const mode_t bits = right == R_OK ? S_IRGRP | S_IROTH : S_IWGRP | S_IWOTH;
  if (::geteuid() == 0) return (status.st_mode & bits) != 0;
  if (::faccessat(fd, "", right, AT_EMPTY_PATH | AT_EACCESS) == 0) return true;
  return errno != EACCES && errno != EPERM;
}

// Whether the child finds the same file there, and can open it for reading.
bool can_be_reopened(const struct stat& status, const std::string& path) {
  const Fd named(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!named || ::fstat(named.get(), &found) != 0) return false;
  if (found.st_dev != status.st_dev || found.st_ino != status.st_ino) return false;
  if (::geteuid() == 0) return status.st_uid == 0 || (status.st_mode & S_IROTH) != 0;
  return ::faccessat(named.get(), "", R_OK, AT_EMPTY_PATH | AT_EACCESS) == 0;
}

std::string path_of(int fd) {
  std::array<char, PATH_MAX> text{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), text.data(), text.size());
  return length < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(length));
}

// How the command gets this descriptor: as a pipe or, where `path` is set, as a file opened again.
struct Guard {
  OutputRelay::Way way = OutputRelay::Way::none;
  std::string path;
};

Guard guard_for(int fd, bool shares_terminal) {
  struct stat status {};
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fstat(fd, &status) != 0) return {};
  const int mode = flags & O_ACCMODE;
  const bool is_device = S_ISCHR(status.st_mode);
  if (mode == O_RDWR || (!S_ISREG(status.st_mode) && !is_device)) return {};
  if (is_device && is_harmless_device(status.st_rdev)) return {};
  if (!could_open(fd, status, mode == O_RDONLY ? W_OK : R_OK)) return {};
  if (is_device && shares_terminal && is_controlling_terminal(fd)) return {};
  if (mode == O_WRONLY) return {.way = OutputRelay::Way::output};
  // A read-only mount does not keep a device from being written to; and a file without a name, as
  // of a here-document, is in no mount that can be copied.
  if (const std::string path = path_of(fd); !is_device && can_be_reopened(status, path)) {
    return {.path = path};
  }
  return {.way = OutputRelay::Way::input};
}

}  // namespace

ReopenedStdio::~ReopenedStdio() {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    int fd = -1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec number{&fd, sizeof fd};
    msghdr message{};
    message.msg_iov = &number;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(ours_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return;
    int opened = -1;
    std::memcpy(&opened, CMSG_DATA(header), sizeof opened);
    const Fd owner(opened);
    const off_t position = ::lseek(opened, 0, SEEK_CUR);
    for (std::size_t k = 0; k < paths_.size() && position >= 0; ++k) {
      if (files_[k].fd == fd) ::lseek(callers_[k].get(), position, SEEK_SET);
    }
  }
}

int ReopenedStdio::add(int fd, std::string path) {
  if (!ours_) {
    std::array<int, 2> ends = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return errno;
    ours_.reset(ends[0]);
    childs_.reset(ends[1]);
  }
  const std::size_t index = paths_.size();
  callers_[index].reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!callers_[index]) return errno;
  files_[index].fd = fd;
  paths_.push_back(std::move(path));
  return 0;
}

void ReopenedStdio::tell(ChildContext& context) {
  for (std::size_t i = 0; i < paths_.size(); ++i) files_[i].path = paths_[i].c_str();
  context.reopened = {files_.data(), paths_.size()};
  context.reopened_socket = childs_.get();
}

std::optional<Error> arrange_stdio(const LaunchPlan& plan, OutputRelay& relay,
                                   ReopenedStdio& reopened, unsigned terminals) {
  const auto is_replaced = [&](int fd) {
    return (terminals >> static_cast<unsigned>(fd) & 1U) != 0 || is_redirected(plan, fd);
  };
  if (plan.output_bytes && !is_replaced(0) && stdin_takes_output()) {
    return Error{.code = Code::usage,
                 .doing = "standard input can be written to",
                 .reason = "limits.output would not count that",
                 .hint = "redirect it: immure run … < /dev/null"};
  }
  OutputRelay::Ways ways{};
  int errnum = 0;
  for (int fd = 0; fd <= 2 && errnum == 0; ++fd) {
    if (is_replaced(fd)) continue;
    Guard guard = guard_for(fd, !has_own_session(plan));
    ways[static_cast<std::size_t>(fd)] = guard.way;
    if (!guard.path.empty()) errnum = reopened.add(fd, std::move(guard.path));
  }
  for (int fd = 1; fd <= 2 && plan.output_bytes; ++fd) {
    if ((terminals >> static_cast<unsigned>(fd) & 1U) != 0) continue;  // counted on its own way
    ways[static_cast<std::size_t>(fd)] = OutputRelay::Way::output;
  }
  const bool diverts =
      std::ranges::any_of(ways, [](OutputRelay::Way way) { return way != OutputRelay::Way::none; });
  // What only terminals take is counted as well.
  if (errnum == 0 && (diverts || plan.output_bytes)) errnum = relay.divert(ways, plan.output_bytes);
  if (errnum == 0) return std::nullopt;
  relay.take_back();
  return os_error(Code::setup_step, "divert the command's input and output", errnum);
}

}  // namespace immure
