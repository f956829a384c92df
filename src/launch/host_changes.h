// What a start does on the host itself, because its profile asks for it. In the launcher, before
// clone.
#pragma once

#include <variant>

#include "base/error.h"
#include "base/fd.h"
#include "plan/launch_plan.h"

namespace immure {

// LaunchPlan::host_directories, with mode 0700, files 0600. One that is there already is left as it
// is.
std::variant<std::monostate, Error> make_host_directories(const LaunchPlan& plan);

// Locks the directory of the state, if there is one, as long as `lock` is open (the child's copy
// goes before the command runs). Never waits: in use is an Error (Code::state_locked).
std::variant<std::monostate, Error> lock_state(const StateDirectory& state, Fd& lock);

}  // namespace immure
