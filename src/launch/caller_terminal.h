// The caller's terminal, where the command has one of its own (process.tty = "pty"): its modes are
// changed while what is typed belongs to the command, and given back at every end. In the launcher
// only. Authority: termios(3), tty_ioctl(4).
//
// Its file descriptions are shared with the caller: no flag of theirs is changed. What is read and
// written here goes through descriptions of our own, where the kernel opens them.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include "base/fd.h"

namespace immure {

class CallerTerminal {
 public:
  CallerTerminal() = default;
  CallerTerminal(CallerTerminal&&) = delete;
  CallerTerminal& operator=(CallerTerminal&&) = delete;
  CallerTerminal(const CallerTerminal&) = delete;
  CallerTerminal& operator=(const CallerTerminal&) = delete;
  ~CallerTerminal();  // gives back

  // Finds which of 0 to 2 are terminals; opens nothing yet. Gives errno where that can't be told: a
  // terminal that was missed would be left to the command.
  int find();
  // Bit N: descriptor N is one.
  unsigned found() const { return found_; }

  // Opens it to be read and written, before 0 and 1 are let go of. Gives errno.
  int open();
  int input() const { return input_.get(); }    // -1: it can't be read
  int output() const { return output_.get(); }  // -1: it can't be written to
  bool output_may_block() const { return output_may_block_; }

  // Our process group is in front of it, so that what is typed is ours. True also where it controls
  // another session or none, and no rule says whose it is.
  bool is_ours() const;
  // As above, but for certain. Gives errno where that can't be told.
  int look_in_front(bool& in_front) const;

  // What is typed comes byte by byte from now on, and no key is a signal. Output is processed as
  // before. A guard outside gives the modes back should the launcher be killed.
  void take();
  bool is_taken() const { return taken_; }
  // Taken, and output goes out as it is: a program that fills the screen has its own way.
  void pass_output_as_is();
  // The modes as they were, unless somebody else has changed them meanwhile.
  void give_back();

  // Whether output has CR put before each LF on its way.
  bool adds_cr() const;

 private:
  void start_guard();
  void tell_guard() const;

  unsigned found_ = 0;
  Fd input_, output_;
  bool output_may_block_ = false;
  bool taken_ = false;
  termios before_{};  // while taken: the caller's modes, and those that are ours
  termios own_{};
  pid_t guard_ = -1;
  Fd guard_words_;
};

}  // namespace immure
