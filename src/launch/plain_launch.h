// Starts a plan for callers that were written for bubblewrap: the command keeps the caller's
// descriptors, terminal and signals, nothing is forwarded or relayed, and what the command leaves
// running in a pid namespace of its own goes on when the launcher has returned.
//
//   bwrap ── launch_plain ── clone3 ──► child: waits where the caller wants to hear of it first,
//      │                                writes its id maps, runs plan.setup, enters the new root
//      │                                └─ pid 1 (run_reaper) ── vfork ──► the command's process
//      └─ waits for the command's end, by what pid 1 writes to the report socket
//
// With die_with_parent the launcher dies with its parent, pid 1 with the launcher, and the command
// with pid 1. PR_SET_PDEATHSIG(2const)
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "launch/report.h"
#include "plan/launch_plan.h"

namespace immure {

struct PlainOptions {
  pid_t parent = -1;            // of the launcher, when that started: for die_with_parent
  int block_fd = -1;            // read once, when all is set up but the command
  int userns_block_fd = -1;     // the caller has written the id maps when this can be read
  int sync_fd = -1;             // kept open by pid 1
  std::vector<int> own_fds;     // of the caller, that the launcher goes on using
  std::vector<int> option_fds;  // of the caller, of no use after the set-up
  std::vector<std::string> lock_files;

  // The first process exists, and goes on when this returns; empty: it need not wait.
  std::function<void(pid_t child)> started;
  std::function<void(int code)> ended;  // the command, by itself
};

// Why the command did not run. A `report` of a step, or an Error of the launcher's own.
struct PlainFailure {
  ChildReport report{ChildReport::Kind::failed, 0, 0, 0};
  std::string detail;
  Error error;  // if `has_error`
  bool has_error = false;
  bool at_clone = false;  // no process could be made: errno in `report`
};

// The command's exit status: its own, 128 + signal, or 255.
std::variant<int, PlainFailure> launch_plain(const LaunchPlan& plan, const PlainOptions& options);

}  // namespace immure
