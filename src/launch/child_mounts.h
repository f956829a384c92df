// Mounting, by the new mount API and by mount(2). AFTER CLONE.
// Authority: fsopen(2), open_tree(2), mount_setattr(2), move_mount(2), mount(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <string>

#include "base/fd.h"
#include "launch/child.h"
#include "launch/lookup.h"

namespace immure {

constexpr mode_t any_mode = ~mode_t{0};

// Mount attributes, as both APIs need them.
struct MountFlags {
  bool read_only = false;
  bool nosuid = true;
  bool nodev = true;
  bool noexec = false;
  bool recursive = false;
  bool slave = false;  // else private
  // Of a new tmpfs; 0: the kernel's default.
  std::uint64_t size_bytes = 0;
  std::uint64_t inodes = 0;
  mode_t mode = any_mode;  // of its root, to be read back
};

// A parameter of a file system. `value` null: a flag; `key` null: left out.
struct FsParameter {
  const char* key;
  const char* value;
};
using FsParameters = std::initializer_list<FsParameter>;

// Whether the kernel, or an outer sandbox, has no such call: the older ones are left.
bool refused_call(int errnum);
bool can_change_attributes(int mount);  // mount_setattr(2) is to be had
unsigned to_attr(const MountFlags& flags);

// A new file system of this type, mounted nowhere yet.
int new_file_system(const char* type, FsParameters parameters, const MountFlags& flags, Fd& mount);

// child_root.cc
int make_root(const MakeRoot& step, Construction& construction);
int make_scratch(const MakeScratch& step, Construction& construction);
int enter_root(Construction& construction);

// Around a bind of the whole host (if `wanted`): the scratch file system lies on "/", but is none
// of the host's.
int hide_scratch(const Construction& construction, bool wanted);
int show_scratch(const Construction& construction, bool wanted);

// child_covers.cc
int mask_proc(const MaskProc& step, Construction& construction);

// Moves a mount that is nowhere yet on the target.
int attach(int mount, const Target& target);

// Mounts a new file system of this type.
int mount_new(Construction& construction, const char* type, FsParameters parameters,
              const MountFlags& flags, const Target& target);

// Binds what `source` refers to on the target. `kept` (may be null) refers to the new
// mount afterwards, to be copied; not with the old calls.
int mount_bind(Construction& construction, int source, const Target& target,
               const MountFlags& flags, Fd* kept = nullptr);

// Changes the flags of the mount at `mount`, not of those below it.
int change_flags(Construction& construction, int mount, const MountFlags& flags);

// How binds of the mount at `mount` see later mounts: MS_PRIVATE, MS_UNBINDABLE.
int change_propagation(const Construction& construction, int mount, std::uint64_t propagation);

// --- Protections are read back. child_verify.cc ---

// EPROTO for a call that reported success and did nothing.
int verify_flags(int mount, const MountFlags& flags);

// The same for what was just mounted on `target`, which was found by this path: another mount is
// there now. The old calls mount by path, so there the flags are looked at, too.
int verify_mounted(Construction& construction, const char* path, const Target& target,
                   const MountFlags& flags);

// The same; from then on the new root is what was mounted on it, if `target` is the root itself.
int finish_mount(Construction& construction, const char* path, const Target& target,
                 const MountFlags& flags);

// The permissions of what this descriptor refers to. child_verify_options.cc
int verify_mode(int fd, mode_t mode);

// The options of what is mounted on `target`, a path of the new root, as the kernel shows them:
// "max=4". One that is null is left out. child_verify_options.cc
using ShownOptions = std::initializer_list<const char*>;
int verify_options(Construction& construction, const char* target, ShownOptions wanted);

// What was stacked on "/" is there: ".." goes to the top of the stack.
int verify_on_top(int mount);

// Our root is the new one, and nothing lies on it: neither the scratch file system nor the old
// root.
int verify_entered(int root);

// Of what this descriptor, or a name in its directory, refers to; 0 if that cannot be told.
std::uint64_t mount_id(int fd, const char* name = "");

// Runs a step of this file, or says that it is not one.
constexpr int not_a_mount_step = -1;
int run_mount_step(const Step& step, Construction& construction);

// child_overlay.cc
int run_scratch(const CoverFile& step, Construction& construction);
int run_scratch(const OverlayMount& step, Construction& construction);
int run_scratch(const TmpfsMount& step, Construction& construction);

// mount_new() on a path of the new root.
int mount_on(Construction& construction, const char* path, const char* type,
             FsParameters parameters, const MountFlags& flags);

// Writes all of it to a file.
int write_content(int fd, const char* text, std::size_t length);
// All that `from` gives, which is closed then. Notes the part that failed.
int copy_content(Construction& construction, int from, int to);

// A new file with exactly this mode; EEXIST if there is one.
int make_file(int directory, const char* name, mode_t mode, const std::string& content);
int make_copy(Construction& construction, int directory, const char* name, mode_t mode, int from);

// The same by mount(2), where the new API is refused. child_mounts_old.cc
int old_mount_new(const char* type, FsParameters parameters, const MountFlags& flags, int target);
int old_mount_bind(Construction& construction, int source, int target, const MountFlags& flags);
// Propagation and flags of a bind that was just made; `mounted` refers to its root.
int old_finish_bind(Construction& construction, int mounted, const MountFlags& flags);
int old_change_flags(int mount, const MountFlags& flags);

}  // namespace immure
