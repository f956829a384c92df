// Covers over what a command may not see, or not change, of a fresh /proc.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "launch/child_mounts.h"
#include "launch/lookup.h"

namespace immure {

namespace {

// A device node that may not be used as one: it cannot even be opened. The first cover is copied
// for the others, which have its flags from it.
int cover_with_null(Construction& construction, const Target& target) {
  const MountFlags flags{.read_only = true, .noexec = true};
  if (construction.cover && !construction.old_mount_calls) {
    const Fd tree(::open_tree(construction.cover.get(), "",
                              OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
    if (!tree) return errno;
    if (const int errnum = verify_flags(tree.get(), flags)) return errnum;
    return attach(tree.get(), target);
  }
  Fd null;
  if (const int errnum = open_source(construction, "/dev/null", null)) return errnum;
  return mount_bind(construction, null.get(), target, flags, &construction.cover);
}

// An empty directory that nobody may enter: of the scratch file system, where there is one, as a
// file system of its own costs more to make, and to take down at the end.
int cover_with_empty(Construction& construction, const MountFlags& flags, const Target& target) {
  if (!construction.scratch || construction.old_mount_calls) {
    MountFlags own = flags;
    own.size_bytes = 4096;
    own.mode = 0;
    return mount_new(construction, "tmpfs", {{"mode", "000"}, {"size", "4096"}}, own, target);
  }
  const int scratch = construction.scratch.get();
  if (::mkdirat(scratch, "cover", 0) != 0 && errno != EEXIST) return errno;
  const Fd empty(::openat(scratch, "cover", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!empty) return errno;
  if (const int errnum = verify_mode(empty.get(), 0)) return errnum;
  return mount_bind(construction, empty.get(), target, flags);
}

// The kernel's parameters are still written, by what the cover hides: in the caller's /proc each
// name is looked for among those of all namespaces that it has shown, which takes twice the time.
int keep_sysctls(Construction& construction, std::string_view path, Fd& directory) {
  if (!path.ends_with("/sys")) return 0;
  struct statfs status {};
  if (::fstatfs(directory.get(), &status) != 0) return errno;
  // That of the host (root.proc) is bound read-only.
  const bool read_only = (static_cast<unsigned long>(status.f_flags) & ST_RDONLY) != 0;
  if (status.f_type == PROC_SUPER_MAGIC && !read_only) construction.sysctls = std::move(directory);
  return 0;
}

// `recursive`: what is there stays to be read.
int mask(Construction& construction, const char* path, const Target& target,
         const MountFlags& flags) {
  if (flags.recursive) {
    Fd itself;
    if (const int errnum = open_target(construction, path, itself)) return errnum;
    if (const int errnum = mount_bind(construction, itself.get(), target, flags)) return errnum;
    return keep_sysctls(construction, path, itself);
  }
  return target.is_directory ? cover_with_empty(construction, flags, target)
                             : cover_with_null(construction, target);
}

}  // namespace

int mask_proc(const MaskProc& step, Construction& construction) {
  const char* path = step.target.c_str();
  Target target;
  int errnum = find_target(construction, path, target);
  if (errnum == ENOENT) return 0;  // this kernel has no such file
  if (errnum != 0) return errnum;
  const MountFlags flags{.read_only = true, .noexec = true, .recursive = step.read_only};
  errnum = mask(construction, path, target, flags);
  return errnum != 0 ? errnum : verify_mounted(construction, path, target, flags);
}

}  // namespace immure
