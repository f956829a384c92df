// What an entry hides by its own name is hidden by the other names, too, that binds and overlays of
// a directory above it give it: "${CWD}/secret" = "hide" holds for "/src" = { src = "${CWD}" }.
// Pure but for what it asks of HostFiles, and it asks only where there are such names. Before clone
// only.
#pragma once

#include <vector>

#include "base/error.h"
#include "plan/mount_sources.h"

namespace immure {

// Adds an item of the same entry for each such name. Not where another entry lies there, or
// between: that decides. An entry that hides a name which a bind from elsewhere shows means just
// that name.
void hide_aliases(std::vector<MountItem>& items, const HostFiles& files, Errors& errors);

}  // namespace immure
