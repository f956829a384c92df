#include "support/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

namespace immure::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRound{20};
constexpr int kNotEnded = -1000;

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::abort();
}

}  // namespace

Terminal::Terminal(const Argv& argv, const std::string& cwd) {
  master_.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0) die("openpt");
  Fd slave(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  struct stat status {};
  if (!slave || ::fstat(slave.get(), &status) != 0) die("slave");
  file_ = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  resize(24, 80);
  std::vector<std::string> texts = argv;
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) die("fork");
  if (pid_ == 0) {
    ::setsid();
    if (::ioctl(slave.get(), TIOCSCTTY, 0) != 0) die("TIOCSCTTY");
    for (int fd = 0; fd <= 2; ++fd) ::dup2(slave.get(), fd);
    if (!cwd.empty() && ::chdir(cwd.c_str()) != 0) die("chdir");
    ::setenv("TERM", "dumb", 1);
    ::execvp(pointers[0], pointers.data());
    die("exec");
  }
}

Terminal::~Terminal() {
  master_.reset();
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Terminal::type(const std::string& keys) const {
  const ssize_t ignored = ::write(master_.get(), keys.data(), keys.size());
  static_cast<void>(ignored);
}

bool Terminal::has_ended() {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

bool Terminal::pump() {
  const bool ended = has_ended();
  pollfd waits{master_.get(), POLLIN, 0};
  std::array<char, 4096> buffer{};
  const int ready = ::poll(&waits, 1, ended ? 0 : static_cast<int>(kRound.count()));
  if (ready <= 0) return !ended;
  const ssize_t count = ::read(master_.get(), buffer.data(), buffer.size());
  if (count > 0) {
    rest_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
  // Nobody has it open for a moment, or for good.
  if (!ended) std::this_thread::sleep_for(kRound);
  return !ended;
}

bool Terminal::sees(const std::string& text, std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  for (;;) {
    const std::size_t at = rest_.find(text);
    if (at != std::string::npos) {
      rest_.erase(0, at + text.size());
      return true;
    }
    if (Clock::now() > end) return false;
    if (!pump()) return contains(rest_, text);
  }
}

int Terminal::wait(std::chrono::seconds limit) {
  const auto end = Clock::now() + limit;
  while (pump()) {
    if (Clock::now() > end) return kNotEnded;
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
}

bool Terminal::ends_unread(std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (!has_ended()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(kRound);
  }
  return true;
}

termios Terminal::modes() const {
  termios modes{};
  if (::tcgetattr(master_.get(), &modes) != 0) die("tcgetattr");
  return modes;
}

bool Terminal::is_by_line(bool by_line, std::chrono::seconds limit) const {
  const auto end = Clock::now() + limit;
  while (((modes().c_lflag & ICANON) != 0) != by_line) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(kRound);
  }
  return true;
}

void Terminal::resize(unsigned rows, unsigned columns) const {
  winsize size{};
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  if (::ioctl(master_.get(), TIOCSWINSZ, &size) != 0) die("TIOCSWINSZ");
}

void Terminal::hang_up() { master_.reset(); }

}  // namespace immure::test
