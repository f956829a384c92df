// The new root: stacked on "/" of our own mount namespace, and entered at last. A path that starts
// at our root does not see what is mounted on it, so every source stays reachable, and one
// pivot_root(2) is left to do. (Building it unattached is as fast and needs kernel 6.15.)
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/syscalls.h"
#include "launch/child_mounts.h"
#include "launch/fixed_text.h"
#include "launch/lookup.h"

namespace immure {
namespace {

// Stacks a new tmpfs on "/" of our own mount namespace and gives its root.
int stack_tmpfs(Construction& construction, FsParameters parameters, const MountFlags& flags,
                Fd& root) {
  if (!construction.old_mount_calls) {
    const int errnum = new_file_system("tmpfs", parameters, flags, root);
    if (errnum == 0) {
      // Linux 5.2 to 5.11 have the new calls but for the one that changes flags.
      construction.old_mount_calls = !can_change_attributes(root.get());
      if (::move_mount(root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) return errno;
      return verify_on_top(root.get());
    }
    if (!refused_call(errnum)) return errnum;
    construction.old_mount_calls = true;
  }
  const Fd slash(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!slash) return errno;
  if (const int errnum = old_mount_new("tmpfs", parameters, flags, slash.get())) return errnum;
  root.reset(::open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC));  // ".." goes to the top of the stack
  if (!root) return errno;
  if (mount_id(root.get()) == mount_id(slash.get())) return EPROTO;
  return verify_flags(root.get(), flags);
}

int lay_root(const MakeRoot& step, Construction& construction) {
  if (step.directory.empty()) {
    const NumberText mode = NumberText().append_number(step.mode, 8);
    const NumberText size = NumberText().append_number(step.size_bytes);
    const NumberText inodes = NumberText().append_number(step.inodes);
    return stack_tmpfs(construction,
                       {{"mode", mode.c_str()},
                        {step.size_bytes != 0 ? "size" : nullptr, size.c_str()},
                        {step.inodes != 0 ? "nr_inodes" : nullptr, inodes.c_str()}},
                       {.size_bytes = step.size_bytes, .inodes = step.inodes, .mode = step.mode},
                       construction.root);
  }
  Fd source;
  if (const int errnum = open_source(construction, step.directory.c_str(), source)) return errnum;
  const MountFlags flags{.read_only = step.read_only, .nodev = !step.devices, .recursive = true};
  if (!construction.old_mount_calls) {
    Fd tree(::open_tree(source.get(), "",
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE));
    if (tree && can_change_attributes(tree.get())) {
      mount_attr attributes{};
      attributes.attr_set = to_attr(flags);
      attributes.propagation = MS_PRIVATE;
      if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                          sizeof attributes) != 0) {
        return errno;
      }
      if (::move_mount(tree.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) != 0) return errno;
      if (const int errnum = verify_on_top(tree.get())) return errnum;
      if (const int errnum = verify_flags(tree.get(), flags)) return errnum;
      construction.root = std::move(tree);
      return 0;
    }
    if (!tree && !refused_call(errno)) return errno;
    construction.old_mount_calls = true;
  }
  const Fd slash(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!slash) return errno;
  if (::mount(proc_fd_path(source.get()).c_str(), "/", nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return errno;
  construction.root.reset(::open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!construction.root) return errno;
  if (mount_id(construction.root.get()) == mount_id(slash.get())) return EPROTO;
  return old_finish_bind(construction, construction.root.get(), flags);
}

}  // namespace

int make_root(const MakeRoot& step, Construction& construction) {
  const bool whole = step.directory == "/";
  if (const int errnum = hide_scratch(construction, whole)) return errnum;
  if (const int errnum = lay_root(step, construction)) return errnum;
  if (const int errnum = show_scratch(construction, whole)) return errnum;
  construction.unbindable = step.unbindable;
  if (!step.unbindable) return 0;
  return change_propagation(construction, construction.root.get(), MS_UNBINDABLE);
}

int make_scratch(const MakeScratch& step, Construction& construction) {
  construction.scratch_on_root = static_cast<bool>(construction.root);
  const NumberText size = NumberText().append_number(step.size_bytes);
  const int errnum = stack_tmpfs(
      construction, {{"mode", "700"}, {step.size_bytes != 0 ? "size" : nullptr, size.c_str()}},
      {.size_bytes = step.size_bytes, .mode = 0700}, construction.scratch);
  if (errnum == 0 && !construction.scratch_on_root) ++construction.below_root;
  return errnum;
}

int hide_scratch(const Construction& construction, bool wanted) {
  if (!wanted || !construction.scratch) return 0;
  return change_propagation(construction, construction.scratch.get(), MS_UNBINDABLE);
}

int show_scratch(const Construction& construction, bool wanted) {
  if (!wanted || !construction.scratch) return 0;
  return change_propagation(construction, construction.scratch.get(), MS_PRIVATE);
}

// The old root goes into the scratch file system, if that lies on the new root (what was made of it
// has own mounts): "." leads to it then, and one umount2(2), which waits for all processors, takes
// both away. Else the old root lies on the new one, and on it what lay between them.
int enter_root(Construction& construction) {
  FixedText<48> put_old;
  if (construction.scratch_on_root) {
    if (::mkdirat(construction.scratch.get(), "old", 0700) != 0) return errno;
    put_old.append(proc_fd_path(construction.scratch.get()).view()).append("/old");
  } else {
    put_old.append(".");
  }
  if (construction.unbindable) {
    const int root = construction.root.get();
    if (const int errnum = change_propagation(construction, root, MS_PRIVATE)) return errnum;
  }
  if (::fchdir(construction.root.get()) != 0) return errno;
  if (sys::pivot_root(".", put_old.c_str()) == 0) {
    for (unsigned i = 0; i <= construction.below_root; ++i) {
      if (::umount2(".", MNT_DETACH) != 0) return errno;
    }
    return ::chdir("/") == 0 ? verify_entered(construction.root.get()) : errno;
  }
  // An outer sandbox refuses the call (EPERM, ENOSYS), or our root is the initial ramfs (EINVAL).
  // The new root lies on top of "/" already, so chroot(2) hides the old one; that is enough only
  // where nothing inside can ever get CAP_SYS_CHROOT.
  if (!construction.chroot_suffices) return errno;
  if (construction.scratch_on_root && ::umount2(".", MNT_DETACH) != 0) return errno;
  if (::chroot(".") != 0) return errno;
  return ::chdir("/") == 0 ? verify_entered(construction.root.get()) : errno;
}

}  // namespace immure
