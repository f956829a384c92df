// Looking up sources on the host and targets inside the new root, without ever following a link out
// of it. AFTER CLONE. Authority: openat2(2).
#pragma once

#include <cstdint>

#include "base/fd.h"
#include "launch/child.h"

namespace immure {

// Opens (O_PATH) a host path in which no symlink may be: ELOOP if there is one now. Says `waiting`
// to the monitor before a look-up that may block on a slow file system.
int open_source(Construction& construction, const char* path, Fd& result);

// Opens (O_PATH) a path of the new root, as a process inside would find it.
int open_target(Construction& construction, const char* path, Fd& result);

// Where something is to be mounted: a name in an open directory of the new root, which no call
// follows if it becomes a link; or, with an empty name, what that descriptor itself refers to.
struct Target {
  Fd opened;  // `directory`, where the name is a link inside, or the old calls need it open
  int directory = -1;
  const char* name = "";
  std::uint64_t mount_id = 0;  // of what is there before
  bool is_directory = false;
};

// Looks a path of the new root up, as a process inside would find it. The directory is open until
// the next look-up.
int find_target(Construction& construction, const char* path, Target& target);

// The directory that holds `path` inside the new root, kept open for the next call; `base` is the
// last component.
int open_parent(Construction& construction, const char* path, int& directory, const char*& base);

// To be called after a mount on `path`: a kept directory may lie under it now.
void forget_parent_below(Construction& construction, const char* path);

}  // namespace immure
