// Mounts are read back: a call that reports success and did nothing is found out. By the numbers of
// mounts, which costs two calls for each; nothing reads the mount table.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "launch/child_mounts.h"
#include "launch/lookup.h"

namespace immure {

int verify_flags(int mount, const MountFlags& flags) {
  struct statfs status {};
  if (::fstatfs(mount, &status) != 0) return errno;
  const auto has = [&](unsigned long bit) {
    return (static_cast<unsigned long>(status.f_flags) & bit) != 0;
  };
  const bool holds = (!flags.read_only || has(ST_RDONLY)) && (!flags.nosuid || has(ST_NOSUID)) &&
                     (!flags.nodev || has(ST_NODEV)) && (!flags.noexec || has(ST_NOEXEC));
  // The kernel rounds a size up to pages.
  const auto page = static_cast<std::uint64_t>(status.f_bsize);
  const bool bounded =
      (flags.size_bytes == 0 || status.f_blocks == (flags.size_bytes + page - 1) / page) &&
      (flags.inodes == 0 || status.f_files == flags.inodes);
  return holds && bounded ? verify_mode(mount, flags.mode) : EPROTO;
}

std::uint64_t mount_id(int fd, const char* name) {
  struct statx status {};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name == '\0' ? AT_EMPTY_PATH : 0);
  return ::statx(fd, name, flags, STATX_MNT_ID, &status) == 0 ? status.stx_mnt_id : 0;
}

namespace {

bool is_mount_root(int fd) {
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_TYPE, &status) != 0) return false;
  const bool told = (status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0;  // Linux 5.8
  return !told || (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace

int verify_mounted(Construction& construction, const char* path, const Target& target,
                   const MountFlags& flags) {
  int directory = -1;
  const char* base = nullptr;
  if (const int errnum = open_parent(construction, path, directory, base)) return errnum;
  struct statx status {};
  if (::statx(directory, base, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_MNT_ID,
              &status) != 0) {
    return errno;
  }
  const bool another = target.mount_id != 0 && status.stx_mnt_id != target.mount_id;
  // What is open, as a link and ".", does not show what was mounted on it.
  const bool shown = !S_ISLNK(status.stx_mode) && std::strcmp(base, ".") != 0;
  if (shown && !construction.old_mount_calls) return another ? 0 : EPROTO;
  Fd mounted;
  if (const int errnum = open_target(construction, path, mounted)) return errnum;
  if (target.mount_id == 0 || mount_id(mounted.get()) == target.mount_id) return EPROTO;
  // Over a link to a directory above itself: what is mounted there has taken its place.
  if (!is_mount_root(mounted.get())) return ELOOP;
  return construction.old_mount_calls ? verify_flags(mounted.get(), flags) : 0;
}

int finish_mount(Construction& construction, const char* path, const Target& target,
                 const MountFlags& flags) {
  if (*path != '\0') {
    const int errnum = verify_mounted(construction, path, target, flags);
    if (target.opened) {  // by a link, it may lie over any directory
      construction.parent.reset();
    } else {
      forget_parent_below(construction, path);
    }
    return errnum;
  }
  construction.parent.reset();
  construction.root.reset(::open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!construction.root) return errno;
  ++construction.below_root;
  const std::uint64_t now = mount_id(construction.root.get());
  if (target.mount_id == 0 || now == 0 || now == target.mount_id) return EPROTO;
  return verify_flags(construction.root.get(), flags);
}

int verify_on_top(int mount) {
  const std::uint64_t id = mount_id(mount);
  return id != 0 && mount_id(AT_FDCWD, "/..") == id ? 0 : EPROTO;
}

int verify_entered(int root) {
  const std::uint64_t id = mount_id(root);
  const bool entered = id != 0 && mount_id(AT_FDCWD, "/") == id && mount_id(AT_FDCWD, ".") == id &&
                       mount_id(AT_FDCWD, "/..") == id;
  return entered ? 0 : EPROTO;
}

}  // namespace immure
