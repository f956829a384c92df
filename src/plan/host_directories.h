// Directories of the host that are made before the start, because the profile asks for it: the only
// thing that immure ever makes on the host. Before clone only.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"

namespace immure {

// Adds `path` (as HostFiles::resolve gives a missing one) and its missing parents, unless they are
// there already. Only below the home directory, the current directory or `state`, which is ${STATE}
// where the profile uses it, else empty; false: an error was noted.
bool add_missing_directories(const Host& host, const std::string& path, const std::string& state,
                             const Origin& origin, std::vector<HostDirectory>& created,
                             Errors& errors);

}  // namespace immure
