// A profile that was found over a symlink which a sandbox may have made is not the user's. Before
// clone only.
#pragma once

#include <vector>

#include "base/error.h"
#include "config/profiles.h"
#include "plan/host.h"
#include "plan/launch_plan.h"

namespace immure {

// An error (Code::file_unsafe_owner) for each profile whose path goes through a link below a
// directory of the host that this plan lets the sandbox write: an earlier run may have made it.
Errors find_planted(const std::vector<LoadedProfile>& profiles, const LaunchPlan& plan,
                    const Host& host);

}  // namespace immure
