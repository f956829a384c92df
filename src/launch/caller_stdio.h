// What the command shares with its caller through descriptors 0 to 2, and can change there for
// both: status flags (O_NONBLOCK, O_APPEND …), terminal modes, the foreground process group. Saved
// before the command runs and put back after any end. In the launcher. Authority: fcntl(2),
// tty_ioctl(4).
//
// The modes of a terminal are left alone while another group has its foreground: they are its own.
// A new window size stays, as the kernel does not tell who set it; but for 0, which no terminal
// has.
#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

#include <array>
#include <optional>

namespace immure {

class CallerStdio {
 public:
  CallerStdio();  // saves
  CallerStdio(const CallerStdio&) = delete;
  CallerStdio& operator=(const CallerStdio&) = delete;
  ~CallerStdio();  // puts back; all signals are blocked, or SIGTTOU is

  // SIGCONT: we may have the foreground for the first time.
  void continued();

  // The command does not have the caller's terminals: what changes there, others change.
  void leave_terminals();

 private:
  struct Terminal {
    int fd = -1;
    termios modes{};
    winsize size{};
    bool exclusive = false;
  };
  static std::optional<Terminal> look_at(int fd);
  static void put_back(const Terminal& terminal);
  static bool has_foreground(int fd);
  static void take_foreground(int fd);

  std::array<int, 3> flags_{-1, -1, -1};
  std::array<bool, 3> is_terminal_{};
  std::array<mode_t, 3> permissions_{};
  std::array<std::optional<Terminal>, 3> terminals_;  // those that we had the foreground of
};

// Whether the launcher may keep this descriptor of the caller while the command runs: not a pipe or
// a socket, whose other end is to see the command close it.
bool may_stay_open(int fd);

}  // namespace immure
