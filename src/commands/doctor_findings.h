// What the tries of launch/probe mean for the user: one Finding for each line of `immure doctor`.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/probe.h"

namespace immure {

struct Finding {
  enum class State : std::uint8_t { ok, limited, missing };
  State state = State::ok;
  std::string what;            // "user namespaces"
  std::string found;           // "Operation not permitted (EPERM)", "/usr/bin/pasta"; may be empty
  std::string cost;            // what does not work without it; empty when ok
  std::string mend;            // a command to paste; empty: nothing can be done, or nothing need be
  bool stops_default = false;  // the profile `default` cannot run

  bool operator==(const Finding&) const = default;
};

// In a fixed order, what everything needs first.
std::vector<Finding> judge(const HostProbe& probe);

}  // namespace immure
