// Waits outside for a started sandbox: forwards signals, keeps the wall time, learns how it ended.
// Runs in the launcher's own process, once the child is cloned: it may allocate, the child may not.
#pragma once

#include <sys/types.h>

#include <variant>

#include "base/error.h"
#include "base/fd.h"
#include "launch/caller_stdio.h"
#include "launch/launch.h"
#include "launch/output_relay.h"
#include "launch/pty_session.h"
#include "launch/report.h"
#include "launch/stdio_guard.h"

namespace immure {

struct RunningSandbox {
  CallerStdio caller;  // first, so that it is put back last
  pid_t init_pid = -1;
  Fd pidfd;   // of pid 1; empty where the kernel gives none
  Fd report;  // the launcher's end of the socket
  Fd lifetime_write;
  Fd signals;                   // signalfd of all blocked signals
  OutputRelay output;           // without descriptors where nothing is diverted
  PtySession terminal{output};  // of process.tty = "pty"
  ReopenedStdio reopened;
  std::int64_t started_ns = 0;     // CLOCK_MONOTONIC
  bool stop_with_terminal = true;  // the caller does not ignore SIGTSTP
};

// Waits to the end. On an Error the sandbox is gone too.
std::variant<Exit, Error> monitor(RunningSandbox& sandbox, const LaunchPlan& plan,
                                  const LaunchOptions& options);

// The words for a report of failure. (Also for tests.)
Error explain_failure(const ChildReport& report, const LaunchPlan& plan);

// Whoever waits for the command cannot do so any more: it is ended then.
Error lost_command(int errnum);

// After a silence that no process announced: the step whose source does not answer within half a
// second, else stage_fork. silent_step.cc
std::uint32_t silent_step(const LaunchPlan& plan);

std::int64_t monotonic_ns();

}  // namespace immure
