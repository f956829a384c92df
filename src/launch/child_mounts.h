// Mounting, by the new mount API and by mount(2). AFTER CLONE.
// Authority: fsopen(2), open_tree(2), mount_setattr(2), move_mount(2), mount(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/fd.h"
#include "launch/child.h"

namespace immure {

// Mount attributes, as both APIs need them.
struct MountFlags {
  bool read_only = false;
  bool nosuid = true;
  bool nodev = true;
  bool noexec = false;
  bool recursive = false;
  bool slave = false;  // else private
};

// A parameter of a file system. `value` null: a flag; `key` null: left out.
struct FsParameter {
  const char* key;
  const char* value;
};
using FsParameters = std::initializer_list<FsParameter>;

// Mounts a new file system of this type on `target` (an O_PATH descriptor).
int mount_new(Construction& construction, const char* type, FsParameters parameters,
              const MountFlags& flags, int target);

// Binds what `source` refers to on what `target` refers to. `kept` (may be null) refers to the new
// mount afterwards, to be copied; not with the old calls.
int mount_bind(Construction& construction, int source, int target, const MountFlags& flags,
               Fd* kept = nullptr);

// Changes the flags of the mount at `mount`, not of those below it.
int change_flags(Construction& construction, int mount, const MountFlags& flags);

// Protections are read back: EPROTO for a call that reported success and did nothing.
int verify_flags(int mount, const MountFlags& flags);

// Runs a step of this file, or says that it is not one.
constexpr int not_a_mount_step = -1;
int run_mount_step(const Step& step, Construction& construction);

// child_overlay.cc
int run_scratch(const CoverFile& step, Construction& construction);
int run_scratch(const OverlayMount& step, Construction& construction);
int run_scratch(const TmpfsMount& step, Construction& construction);

// mount_new() on a path of the new root.
int mount_on(Construction& construction, const char* target, const char* type,
             FsParameters parameters, const MountFlags& flags);

// A new file with exactly this mode; EEXIST if there is one.
int make_file(int directory, const char* name, mode_t mode, const std::string& content);

// The same by mount(2), where the new API is refused. child_mounts_old.cc
int old_mount_new(const char* type, FsParameters parameters, const MountFlags& flags, int target);
int old_mount_bind(Construction& construction, int source, int target, const MountFlags& flags);
// Propagation and flags of a bind that was just made; `mounted` refers to its root.
int old_finish_bind(Construction& construction, int mounted, const MountFlags& flags);
int old_change_flags(int mount, const MountFlags& flags);

}  // namespace immure
