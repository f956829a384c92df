// Supplementary groups that a command keeps, as LaunchPlan::kept_groups has them: "27 sudo". Pure.
#pragma once

#include <string>
#include <vector>

namespace immure {

// Those whose files can be opened inside as outside, where a mount shows them, and some of which
// make their members root: "docker, kvm"; empty: none.
std::string powerful_among(const std::vector<std::string>& groups);

}  // namespace immure
