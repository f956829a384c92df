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
// trusted files, and what is linked from there; immure's own program; and the profiles and
// seccomp.file of this run. An entry of the profile for exactly such a path, or below it, stays as
// it is; one of an intent, or the current directory, is Code::refused_mount, and so is a writable
// bind that shows a link on the way to the user's profiles. A start without writable binds looks at
// nothing.
Errors keep_own_files_read_only(SandboxSpec& spec, const std::vector<LoadedProfile>& profiles,
                                const Circumstances& circumstances);

}  // namespace immure
