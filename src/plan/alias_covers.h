// What an entry takes away by a path's own name is taken away by the other names, too, that binds
// and overlays of a directory above give it: "${CWD}/secret" = "hide" holds for "/src" = { src =
// "${CWD}" }, and so does "${CWD}/.git" = "ro" where "/src" is writable. Pure but for what it asks
// of HostFiles, and it asks only where there are such names. Before clone only.
#pragma once

#include <vector>

#include "base/error.h"
#include "plan/mount_sources.h"

namespace immure {

// Adds an item of the same entry for each such name. Not where another entry lies there, or
// between: that decides. An entry for a name that a bind from elsewhere gives means just that name.
void cover_aliases(std::vector<MountItem>& items, const HostFiles& files, Errors& errors);

}  // namespace immure
