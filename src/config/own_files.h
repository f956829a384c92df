// What decides about later runs is never writable inside, also where a writable mount shows it.
// Before clone only.
#pragma once

#include <vector>

#include "config/profiles.h"
#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Adds read-only mounts, with origins that say so, over what a writable bind of the merged spec
// shows of these: the nearest .immure.toml, trusted or not; the user's directory of profiles and
// trusted files; immure's own program; and the profiles of this run. An entry of the profile for
// exactly such a path stays as it is. A start without writable binds looks at nothing.
void keep_own_files_read_only(SandboxSpec& spec, const std::vector<LoadedProfile>& profiles,
                              const Circumstances& circumstances);

}  // namespace immure
