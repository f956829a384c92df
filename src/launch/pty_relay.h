// Bytes between the caller's terminal and that of the command. Neither waits for the other: while
// nobody takes the output, keys still reach the command. In the launcher only. Authority: pty(7).
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <vector>

#include "base/fd.h"
#include "launch/caller_terminal.h"
#include "launch/output_relay.h"

namespace immure {

class PtyRelay {
 public:
  PtyRelay(CallerTerminal& caller, OutputRelay& counter) : caller_(caller), counter_(counter) {}

  // `slave` is held so that the master has no end while the command has it closed.
  void connect(Fd master, Fd slave);
  bool is_connected() const { return static_cast<bool>(master_); }

  static constexpr std::size_t kWatched = 3;
  // What to wait for; a descriptor of -1 where there is nothing.
  std::array<pollfd, kWatched> watched() const;

  // Moves what can be moved without waiting. False: the command wrote more than limits.output,
  // which was passed on up to it.
  bool pump(const std::array<pollfd, kWatched>& seen);

  // The caller's terminal is gone.
  bool is_hung_up() const { return hung_up_; }
  // What is typed is another's: we are no longer in front. Told once.
  bool lost_the_front();

  // The caller's terminal has another size, perhaps.
  void copy_size() const;

  // Passes on the output that is there. With `signals` it waits for a terminal that takes it, which
  // has its own modes back then, until a signal to end comes; -1: without waiting. False as above.
  bool drain(int signals);

 private:
  void read_output();
  void write_output();
  void read_input();
  void write_input();
  void look_at_modes();
  void take_out_cr();

  CallerTerminal& caller_;
  OutputRelay& counter_;
  Fd master_, slave_;
  std::vector<char> output_, input_;  // read, and not yet taken
  std::size_t output_taken_ = 0, input_taken_ = 0;
  bool within_ = true;  // limits.output
  bool command_adds_cr_ = false;
  bool hung_up_ = false;
  bool lost_the_front_ = false;
};

}  // namespace immure
