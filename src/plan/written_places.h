// The directories of the host that sandboxes of this user could write, in this start and in earlier
// ones: a link that lies there may have been planted. A file of NUL-terminated paths, mode 0600, in
// $XDG_STATE_HOME/immure; without a home nothing is remembered. Before clone only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"

namespace immure {

// The file; empty: there is no place for it.
std::string written_places_file(const Host& host);

// What the file holds; empty when it is missing, or not a plain file of the user's own.
std::vector<std::string> read_written_places(const std::string& file);

// Adds what this plan lets the command write. A plan that lets it write nothing of the host touches
// no file, and one that is known already writes none. An Error says why nothing was remembered.
std::optional<Error> remember_written_places(const LaunchPlan& plan, const std::string& file);

}  // namespace immure
