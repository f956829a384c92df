#include "launch/caller_stdio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace immure {
namespace {

constexpr mode_t kPermissions = 07777;
constexpr int kShared = O_NONBLOCK | O_ASYNC | O_APPEND | O_DIRECT | O_NOATIME;

bool are_equal(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         a.c_lflag == b.c_lflag && a.c_line == b.c_line && std::ranges::equal(a.c_cc, b.c_cc);
}

// The terminal is a file of the user's, and the command may have opened it to others.
void close_to_others(int fd, mode_t permissions) {
  struct stat status {};
  if (::isatty(fd) != 1 || ::fstat(fd, &status) != 0) return;
  if ((status.st_mode & kPermissions) != permissions) ::fchmod(fd, permissions);
}

bool is_exclusive(int fd) {
  int set = 0;
  return ::ioctl(fd, TIOCGEXCL, &set) == 0 && set != 0;
}

bool is_gone(pid_t group) { return group <= 1 || (::kill(-group, 0) != 0 && errno == ESRCH); }

}  // namespace

bool may_stay_open(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 &&
         (S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(fd) == 1));
}

CallerStdio::CallerStdio() {
  for (int fd = 0; fd <= 2; ++fd) {
    const auto index = static_cast<std::size_t>(fd);
    struct stat status {};
    if (::fstat(fd, &status) != 0) continue;
    flags_[index] = ::fcntl(fd, F_GETFL);
    is_terminal_[index] = S_ISCHR(status.st_mode) && ::isatty(fd) == 1;
    permissions_[index] = status.st_mode & kPermissions;
    if (is_terminal_[index] && has_foreground(fd)) terminals_[index] = look_at(fd);
  }
}

CallerStdio::~CallerStdio() {
  for (int fd = 0; fd <= 2; ++fd) {
    const auto index = static_cast<std::size_t>(fd);
    // What stands at 0 and 1 now may be the /dev/null that took the place of a pipe.
    const bool ours = fd == 2 || may_stay_open(fd);
    const int flags = ours && flags_[index] >= 0 ? ::fcntl(fd, F_GETFL) : -1;
    if (flags >= 0 && ((flags ^ flags_[index]) & kShared) != 0) {
      ::fcntl(fd, F_SETFL, flags_[index]);
    }
    if (is_terminal_[index]) close_to_others(fd, permissions_[index]);
    if (!terminals_[index]) continue;
    take_foreground(fd);
    if (has_foreground(fd)) put_back(*terminals_[index]);
  }
}

void CallerStdio::continued() {
  for (int fd = 0; fd <= 2; ++fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (is_terminal_[index] && !terminals_[index] && has_foreground(fd)) {
      terminals_[index] = look_at(fd);
    }
  }
}

void CallerStdio::leave_terminals() {
  is_terminal_ = {};
  terminals_ = {};
}

std::optional<CallerStdio::Terminal> CallerStdio::look_at(int fd) {
  Terminal terminal{.fd = fd, .exclusive = is_exclusive(fd)};
  if (::tcgetattr(fd, &terminal.modes) != 0) return std::nullopt;
  if (::ioctl(fd, TIOCGWINSZ, &terminal.size) != 0) return std::nullopt;
  return terminal;
}

void CallerStdio::put_back(const Terminal& terminal) {
  ::tcflow(terminal.fd, TCOON);  // output that the command suspended
  termios modes{};
  if (::tcgetattr(terminal.fd, &modes) == 0 && !are_equal(modes, terminal.modes)) {
    ::tcsetattr(terminal.fd, TCSANOW, &terminal.modes);
  }
  winsize size{};
  if (::ioctl(terminal.fd, TIOCGWINSZ, &size) == 0 && (size.ws_row == 0 || size.ws_col == 0) &&
      terminal.size.ws_row != 0 && terminal.size.ws_col != 0) {
    ::ioctl(terminal.fd, TIOCSWINSZ, &terminal.size);
  }
  if (!terminal.exclusive && is_exclusive(terminal.fd)) ::ioctl(terminal.fd, TIOCNXCL);
}

// A terminal that is not our controlling one has no foreground that concerns us.
bool CallerStdio::has_foreground(int fd) {
  const pid_t group = ::tcgetpgrp(fd);
  return group < 0 || group == ::getpgrp();
}

// From a group of the command's that has ended with it.
void CallerStdio::take_foreground(int fd) {
  const pid_t group = ::tcgetpgrp(fd);
  if (group >= 0 && group != ::getpgrp() && is_gone(group)) ::tcsetpgrp(fd, ::getpgrp());
}

}  // namespace immure
