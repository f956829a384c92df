// What the monitor saw of a run, and how it is told. Pure.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <optional>
#include <variant>

#include "base/error.h"
#include "launch/launch.h"

namespace immure {

struct Ending {
  std::optional<Error> failure;  // what failed before the command ran, or of the monitor's own
  bool ready = false;            // the command ran
  int ended_by = 0;              // a signal to the launcher before that; 0: none
  bool wall_reached = false;     // limits.wall
  bool too_much = false;         // limits.output
  bool rest_killed = false;      // see Exit

  std::optional<int> status;  // the command's wait status, where pid 1 told it
  int init_status = 0;        // that of pid 1: see wait(2)
  rusage usage{};             // of pid 1 and all that it waited for
  std::int64_t wall_ms = 0;
};

// The Exit, or why it is not known. `reaper`: pid 1 is ours, else it is the command itself.
std::variant<Exit, Error> result_of(const Ending& end, bool reaper);

}  // namespace immure
