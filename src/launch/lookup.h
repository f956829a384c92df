// Looking up sources on the host and targets inside the new root, without ever following a link out
// of it. AFTER CLONE. Authority: openat2(2).
#pragma once

#include "base/fd.h"
#include "launch/child.h"

namespace immure {

// Opens (O_PATH) a host path in which no symlink may be: ELOOP if there is one now. Says `waiting`
// to the monitor before a look-up that may block on a slow file system.
int open_source(Construction& construction, const char* path, Fd& result);

// Opens (O_PATH) a path of the new root, as a process inside would find it.
int open_target(Construction& construction, const char* path, Fd& result);

// The directory that holds `path` inside the new root, kept open for the next call; `base` is the
// last component.
int open_parent(Construction& construction, const char* path, int& directory, const char*& base);

// To be called after a mount on `path`: a kept directory may lie under it now.
void forget_parent_below(Construction& construction, const char* path);

}  // namespace immure
