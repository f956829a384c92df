// The operations of an ordered command line, as steps. Sources are looked up here, all of them
// before anything is mounted. Internal to lower_ordered.
#pragma once

#include <optional>

#include "plan/lower_ordered.h"

namespace immure {

// Adds to `plan.setup`. `own_pids`: there is a pid namespace to mount a /proc of.
std::optional<Error> lower_operations(const OrderedSpec& spec, const OrderedHost& host,
                                      bool own_pids, LaunchPlan& plan);

}  // namespace immure
