// What is kept between runs: [state]. Pure values.
#pragma once

#include <cstdint>
#include <string>

#include "spec/setting.h"

namespace immure {

enum class StateScope : std::uint8_t { profile, project };
enum class StateLock : std::uint8_t { exclusive, share };

struct State {
  Setting<std::string> name;  // one part of a path; unset: the profile's
  Setting<std::string> dir;   // host path; unset: $XDG_STATE_HOME/immure/NAME
  // Of each project one below that directory, so that none finds what another left; unset: profile
  Setting<StateScope> scope;
  Setting<StateLock> lock;  // of the directory while the sandbox lives; unset: exclusive
  // What ${STATE} stood for where it was used, or is locked; empty: nothing is kept. Settled when
  // all layers are merged.
  std::string used;
  bool operator==(const State&) const = default;
};

}  // namespace immure
