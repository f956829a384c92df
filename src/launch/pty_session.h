// The session that the command has in place of the caller's (process.tty = "pty"), with a terminal
// of its own where the caller has one: who is in front, stopping and going on as one job of the
// caller's shell. In the launcher only.
//
// The command starts in front of its terminal if standard input and output are the caller's and we
// are in front of that; keys are its own then. Otherwise (in the background, or as part of a
// pipeline, where another program may want the keys) it starts behind its terminal: the kernel
// stops it when it asks for a key, pid 1 says so, and only then the caller's terminal is taken, or
// this process stops as well. A run that reads nothing never touches the caller's terminal.
#pragma once

#include <utility>

#include "base/fd.h"
#include "launch/caller_terminal.h"
#include "launch/output_relay.h"
#include "launch/pty_relay.h"
#include "plan/launch_plan.h"

namespace immure {

class PtySession {
 public:
  explicit PtySession(OutputRelay& counter) : relay_(caller_, counter) {}

  // Before clone: whether the plan asks for one, and what of 0 to 2 is a terminal. Gives errno.
  int prepare(const LaunchPlan& plan);
  bool is_planned() const { return planned_; }
  unsigned terminals() const { return caller_.found(); }  // bit N: descriptor N is replaced
  bool starts_in_front() const { return in_front_; }

  void connect(Fd master, Fd slave) { relay_.connect(std::move(master), std::move(slave)); }
  PtyRelay& relay() { return relay_; }

  // Each gives what pid 1 is to be told, a signal of launch/report.h; 0: nothing.
  int command_runs();
  // The command was stopped by `signal`. Stops this process as well, and returns when it goes on.
  int stopped(int signal);
  int continued();
  // What of the caller's terminal is the command's is somebody else's now.
  int lost_the_front();

 private:
  int go_on();

  CallerTerminal caller_;
  PtyRelay relay_;
  bool planned_ = false;
  bool in_front_ = false;  // of the command's terminal, wherever we are
  bool has_init_ = true;   // pid 1 is ours, and tells of stops
};

}  // namespace immure
