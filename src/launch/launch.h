// Starts a plan and stays with it until it ends.
//
//   immure ── launch ── clone3 ──► child = pid 1 of the sandbox
//      │                             writes its id maps, runs plan.setup, enters the new root
//      │                             └─ init ── vfork ──► the command's process
//      │                                  │                 runs plan.command_setup, execve
//      └─ monitor ◄── report socket ──────┘ reaps, forwards signals, tells how the command ended
//         waits outside, forwards signals to init by pidfd, keeps the wall time
//
// The lifetime pipe: init holds its read end, only the monitor the write end. When the monitor is
// gone, by whatever death, init sees end-of-file and ends, and the kernel ends all in its pid
// namespace. PR_SET_PDEATHSIG says the same a second time.
//
// What they say to each other is in launch/report.h. Memory is never shared between the monitor and
// pid 1. Nothing here knows a profile: launch may include plan and base, never spec or config.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"

namespace immure {

// How a run ended.
struct Exit {
  enum class Reason : std::uint8_t { exited, signaled, wall, output };
  Reason reason = Reason::exited;
  int code = 0;    // the exit status for the shell: 0 to 255, 128+N, 124, 153
  int signal = 0;  // Reason::signaled
  // wait = "all": the command had ended by itself, with this code; the processes that it left
  // outlived the grace time, and immure ended them.
  bool rest_killed = false;
  std::int64_t wall_ms = 0, cpu_ms = 0;
  std::int64_t max_rss_kib = 0;
};

// Called in the launcher while the sandbox lives; all may be empty.
struct LaunchEvents {
  // Pid 1 exists (as seen from outside), and waits: /proc still shows its namespaces.
  std::function<void(pid_t init_pid)> started;
  std::function<void()> ready;                        // the command runs
  std::function<void(const std::string& text)> note;  // what best_effort went without, and
                                                      // output that was lost
};

struct LaunchOptions {
  int block_fd = -1;          // the command starts when this can be read or is at its end
  std::vector<int> keep_fds;  // descriptors that the caller of launch() goes on using
                              // (--status-fd); the command does not get them
  LaunchEvents events;
};

// Runs the plan to its end. An Error means that the command never ran; it names the step, the
// object, errno, the origin and what to do, and carries the exit code (125, 126, 127).
std::variant<Exit, Error> launch(const LaunchPlan& plan, const LaunchOptions& options);

// To be called first thing in main: refuses set-id and AT_SECURE starts, opens /dev/null on closed
// descriptors 0 to 2, gives SIGCHLD its default action, and remembers signal mask and dispositions
// so that the command gets the caller's.
std::variant<std::monostate, Error> prepare_process();

}  // namespace immure
