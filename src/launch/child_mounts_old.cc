// mount(2), for kernels and outer sandboxes that refuse the new mount API. A recursive read-only
// bind needs the mount table here, as mount(2) changes one mount at a time.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include "launch/child_mounts.h"
#include "launch/fixed_text.h"
#include "launch/mount_table.h"

namespace immure {
namespace {

unsigned long ms(bool wanted, unsigned long flag) { return wanted ? flag : 0UL; }

unsigned long to_ms(const MountFlags& flags) {
  return ms(flags.read_only, MS_RDONLY) | ms(flags.nosuid, MS_NOSUID) | ms(flags.nodev, MS_NODEV) |
         ms(flags.noexec, MS_NOEXEC);
}

// What a remount must repeat: flags that the host's namespace locked cannot be left out.
unsigned long locked_flags(int fd) {
  // Since Linux 5.10, newer than our headers.
  constexpr unsigned long st_nosymfollow = 0x2000;
  constexpr unsigned long ms_nosymfollow = 256;
  struct statfs status {};
  if (::fstatfs(fd, &status) != 0) return 0;
  const auto has = [&](unsigned long bit) {
    return (static_cast<unsigned long>(status.f_flags) & bit) != 0;
  };
  // The bits are those of statvfs(3).
  return ms(has(ST_RDONLY), MS_RDONLY) | ms(has(ST_NOSUID), MS_NOSUID) |
         ms(has(ST_NODEV), MS_NODEV) | ms(has(ST_NOEXEC), MS_NOEXEC) |
         ms(has(ST_NOATIME), MS_NOATIME) | ms(has(ST_NODIRATIME), MS_NODIRATIME) |
         ms(has(ST_RELATIME), MS_RELATIME) | ms(has(st_nosymfollow), ms_nosymfollow);
}

int remount(int fd, const MountFlags& flags) {
  const unsigned long all = MS_BIND | MS_REMOUNT | to_ms(flags) | locked_flags(fd);
  return ::mount(nullptr, proc_fd_path(fd).c_str(), nullptr, all, nullptr) == 0 ? 0 : errno;
}

// Where an open file is, as seen from our root.
int path_of(int fd, PathText& path) {
  std::array<char, PATH_MAX> text;
  const ssize_t length = ::readlink(proc_fd_path(fd).c_str(), text.data(), text.size());
  if (length < 0) return errno;
  path.append({text.data(), static_cast<std::size_t>(length)});
  return path.overflowed() ? ENAMETOOLONG : 0;
}

// Undoes the \040 escapes of mountinfo, in place.
void unescape(char* text) {
  char* out = text;
  for (const char* in = text; *in != '\0'; ++out) {
    if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3') {
      *out = static_cast<char>((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
      in += 4;
    } else {
      *out = *in++;
    }
  }
  *out = '\0';
}

// One line "ID PARENT MAJ:MIN ROOT POINT …": applies the flags if that mount lies in the new root
// at or below `base` (a path within it).
int remount_line(Construction& construction, char* line, std::string_view base,
                 const MountFlags& flags) {
  std::uint64_t id = 0;
  char* at = line;
  for (; *at >= '0' && *at <= '9'; ++at) id = id * 10 + static_cast<std::uint64_t>(*at - '0');
  // `at` stands before PARENT; three fields on it stands before POINT.
  for (int fields = 0; fields < 3 && at != nullptr; ++fields) at = std::strchr(at + 1, ' ');
  if (at == nullptr) return EPROTO;
  char* point = at + 1;
  if (char* end = std::strchr(point, ' ')) *end = '\0';
  unescape(point);
  if (!std::string_view(point).starts_with(base) || point[base.size()] != '/') return 0;
  // The path is also one of the old root, which lies below: only the mount id decides. What cannot
  // be reached by its path here cannot be reached by it inside.
  const Fd mount(::openat(construction.root.get(), point + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!mount) {
    return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : errno;
  }
  if (mount_id(mount.get()) != id) return 0;
  if (const int errnum = remount(mount.get(), flags)) return errnum;
  return verify_flags(mount.get(), flags);
}

int remount_below(Construction& construction, int target, const MountFlags& flags) {
  PathText base;
  if (const int errnum = path_of(target, base)) return errnum;
  if (base.size() == 1) base.shorten(0);
  MountTable table;
  if (const int errnum = table.open(construction)) return errnum;
  for (;;) {
    char* line = nullptr;
    if (const int errnum = table.next(line)) return errnum;
    if (line == nullptr) return 0;
    if (table.is_cut()) return ENAMETOOLONG;  // a mount that could not be told would stay as it is
    if (const int errnum = remount_line(construction, line, base.view(), flags)) return errnum;
  }
}

}  // namespace

int old_mount_new(const char* type, FsParameters parameters, const MountFlags& flags, int target) {
  PathText data;
  for (const FsParameter& parameter : parameters) {
    if (parameter.key == nullptr) continue;
    data.append(data.empty() ? "" : ",").append(parameter.key);
    if (parameter.value != nullptr) data.append("=").append(parameter.value);
  }
  if (data.overflowed()) return ENAMETOOLONG;
  const auto path = proc_fd_path(target);
  return ::mount(type, path.c_str(), type, to_ms(flags), data.c_str()) == 0 ? 0 : errno;
}

int old_change_flags(int mount, const MountFlags& flags) { return remount(mount, flags); }

int old_finish_bind(Construction& construction, int mounted, const MountFlags& flags) {
  const unsigned long propagation = ms(flags.slave, MS_SLAVE) | ms(!flags.slave, MS_PRIVATE);
  if (::mount(nullptr, proc_fd_path(mounted).c_str(), nullptr,
              propagation | ms(flags.recursive, MS_REC), nullptr) != 0) {
    return errno;
  }
  if (const int errnum = remount(mounted, flags)) return errnum;
  if (const int errnum = verify_flags(mounted, flags)) return errnum;
  return flags.recursive ? remount_below(construction, mounted, flags) : 0;
}

namespace {

// What was bound on the root is the root of the paths of its mounts.
int finish_root_bind(Construction& construction, const MountFlags& flags) {
  Fd mounted(::open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!mounted) return errno;
  std::swap(construction.root, mounted);
  const int errnum = old_finish_bind(construction, construction.root.get(), flags);
  std::swap(construction.root, mounted);
  return errnum;
}

}  // namespace

int old_mount_bind(Construction& construction, int source, int target, const MountFlags& flags) {
  const unsigned long recursive = ms(flags.recursive, MS_REC);
  if (::mount(proc_fd_path(source).c_str(), proc_fd_path(target).c_str(), nullptr,
              MS_BIND | recursive, nullptr) != 0) {
    return errno;
  }
  // `target` still refers to what lies under the new mount; its path leads to the top.
  PathText path;
  if (const int errnum = path_of(target, path)) return errnum;
  if (path.size() == 1) return finish_root_bind(construction, flags);
  const Fd mounted(
      ::openat(construction.root.get(), path.c_str() + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!mounted) return errno;
  return old_finish_bind(construction, mounted.get(), flags);
}

}  // namespace immure
