#include "launch/caller_terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <type_traits>

#include "base/syscalls.h"
#include "launch/child.h"

namespace immure {
namespace {

// What the guard knows. Small enough for one write(2) to a pipe to be whole.
struct GuardWords {
  bool taken;
  termios before, own;
};
static_assert(std::is_trivially_copyable_v<GuardWords>);

bool same(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag &&
         one.c_cflag == other.c_cflag && one.c_lflag == other.c_lflag &&
         std::equal(std::begin(one.c_cc), std::end(one.c_cc), std::begin(other.c_cc));
}

// All signals are blocked, SIGTTOU too: modes can be set from the background. Tried twice, as
// nobody comes after us to do it.
void restore(int fd, const termios& before, const termios& own) {
  for (int tries = 0; tries < 2; ++tries) {
    termios now{};
    if (::tcgetattr(fd, &now) != 0) continue;
    if (!same(now, own) || ::tcsetattr(fd, TCSANOW, &before) == 0) return;
  }
}

// The modes of `before` with its input as it is typed.
termios taken_modes(const termios& before) {
  termios own = before;
  own.c_iflag &= ~static_cast<tcflag_t>(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL |
                                        IXON | IXOFF | IUCLC);
  own.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
  own.c_cc[VMIN] = 1;
  own.c_cc[VTIME] = 0;
  return own;
}

// A description of our own where the file may be opened anew: another user's may not.
Fd open_again(int fd, int mode) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  return Fd(::open(path.c_str(), mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

bool can(int fd, int mode) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && ((flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == mode);
}

// Whether this error of tcgetattr(3) says that it is no terminal, or one that is gone for good.
bool is_none(int fd, int errnum) {
  pollfd seen{fd, 0, 0};
  if (errnum == EIO) return ::poll(&seen, 1, 0) == 1 && (seen.revents & POLLHUP) != 0;
  return errnum == ENOTTY || errnum == EBADF || errnum == EINVAL;
}

[[noreturn]] void be_guard(int words, int terminal) {
  GuardWords last{};
  GuardWords next{};
  for (;;) {
    const ssize_t length = ::read(words, &next, sizeof next);
    if (length == static_cast<ssize_t>(sizeof next)) {
      last = next;
    } else if (length >= 0 || errno != EINTR) {
      break;
    }
  }
  if (last.taken) restore(terminal, last.before, last.own);
  ::_exit(0);
}

}  // namespace

CallerTerminal::~CallerTerminal() {
  give_back();
  guard_words_.reset();
  if (guard_ < 0) return;
  ::kill(guard_, SIGKILL);
  ::waitpid(guard_, nullptr, 0);
}

int CallerTerminal::find() {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status {};
    termios modes{};
    if (::fstat(fd, &status) == 0) {
      if (!S_ISCHR(status.st_mode)) continue;
    } else if (errno != EBADF) {
      return errno;
    }
    if (::tcgetattr(fd, &modes) == 0) {
      found_ |= 1U << static_cast<unsigned>(fd);
    } else if (const int errnum = errno; !is_none(fd, errnum)) {
      return errnum;
    }
  }
  return 0;
}

int CallerTerminal::open() {
  for (const int fd : {0, 1, 2}) {
    if ((found_ >> static_cast<unsigned>(fd) & 1U) == 0 || !can(fd, O_RDONLY)) continue;
    input_ = open_again(fd, O_RDONLY);
    if (!input_) input_.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!input_) return errno;
    break;
  }
  for (const int fd : {1, 2, 0}) {
    if ((found_ >> static_cast<unsigned>(fd) & 1U) == 0 || !can(fd, O_WRONLY)) continue;
    output_ = open_again(fd, O_WRONLY);
    output_may_block_ = !output_;
    if (!output_) output_.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!output_) return errno;
    break;
  }
  return 0;
}

int CallerTerminal::look_in_front(bool& in_front) const {
  in_front = false;
  if (!input_) return 0;
  const pid_t group = ::tcgetpgrp(input_.get());
  if (group < 0 && errno != ENOTTY) return errno;
  in_front = group == ::getpgrp();
  return 0;
}

bool CallerTerminal::is_ours() const {
  if (!input_) return false;
  const pid_t group = ::tcgetpgrp(input_.get());
  return group == ::getpgrp() || (group < 0 && errno == ENOTTY);
}

void CallerTerminal::take() {
  termios now{};
  if (!input_ || ::tcgetattr(input_.get(), &now) != 0) return;
  // After a stop that nobody announced the modes are the shell's.
  if (taken_ && same(now, own_)) return;
  before_ = now;
  own_ = taken_modes(now);
  taken_ = true;
  if (guard_ < 0) start_guard();
  tell_guard();
  ::tcsetattr(input_.get(), TCSANOW, &own_);
}

void CallerTerminal::pass_output_as_is() {
  if (!taken_ || (own_.c_oflag & OPOST) == 0) return;
  termios now{};
  if (::tcgetattr(input_.get(), &now) != 0 || !same(now, own_)) return;
  own_.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  tell_guard();
  ::tcsetattr(input_.get(), TCSANOW, &own_);
}

void CallerTerminal::give_back() {
  if (!taken_) return;
  restore(input_.get(), before_, own_);
  taken_ = false;
  tell_guard();
}

bool CallerTerminal::adds_cr() const {
  termios now{};
  return output_ && ::tcgetattr(output_.get(), &now) == 0 && (now.c_oflag & OPOST) != 0 &&
         (now.c_oflag & ONLCR) != 0;
}

// Without one the terminal is all the same given back at every end but a SIGKILL of the launcher.
void CallerTerminal::start_guard() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
  const Fd words(ends[0]);
  guard_words_.reset(ends[1]);
  guard_ = ::fork();
  if (guard_ != 0) return;
  // A group of its own, so that what kills ours leaves it.
  ::setpgid(0, 0);
  std::array<int, 2> keep = {words.get(), input_.get()};
  std::sort(keep.begin(), keep.end());
  close_all_but(keep, 1024, false);
  for (int fd = 0; fd <= 2; ++fd) ::close(fd);
  be_guard(words.get(), input_.get());
}

void CallerTerminal::tell_guard() const {
  if (!guard_words_) return;
  GuardWords words{};
  words.taken = taken_;
  words.before = before_;
  words.own = own_;
  const ssize_t ignored = ::write(guard_words_.get(), &words, sizeof words);
  static_cast<void>(ignored);  // SIGPIPE is blocked; without a guard nobody listens
}

}  // namespace immure
