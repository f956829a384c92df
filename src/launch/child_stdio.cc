// Standard descriptors that are files to be read: opened again through a read-only copy of their
// mount, so that nothing inside opens /proc/self/fd/N for writing, or changes the file's mode.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/syscalls.h"
#include "launch/child.h"
#include "launch/child_mounts.h"
#include "launch/fixed_text.h"

namespace immure {
namespace {

int are_same(int one, int other) {
  struct stat a {};
  struct stat b {};
  if (::fstat(one, &a) != 0 || ::fstat(other, &b) != 0) return errno;
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino ? 0 : ESTALE;
}

// By its path, as a mount can only be copied from within our own mount namespace.
Fd open_by_path(const char* path, const Construction& construction) {
  if (!construction.no_openat2) {
    Fd file(sys::openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS));
    if (file || (errno != ENOSYS && errno != EPERM)) return file;
  }
  return Fd(::open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC));
}

// The launcher reads the position there at the end, and gives it to the caller's descriptor.
int hand_over(int socket, int fd, int opened) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof opened)> control{};
  iovec number{&fd, sizeof fd};
  msghdr message{};
  message.msg_iov = &number;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof opened);
  std::memcpy(CMSG_DATA(header), &opened, sizeof opened);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof fd) ? 0 : errno;
}

int reopen(const ReopenedFile& file, int socket, Construction& construction) {
  const MountFlags read_only{.read_only = true};
  Fd named = open_by_path(file.path, construction);
  if (!named) return errno;
  if (const int errnum = are_same(file.fd, named.get())) return errnum;
  // Over itself in the caller's tree, which this mount namespace has a copy of.
  if (const int errnum =
          mount_bind(construction, named.get(), {.directory = named.get()}, read_only)) {
    return errnum;
  }
  const int status = ::fcntl(file.fd, F_GETFL);
  const off_t position = ::lseek(file.fd, 0, SEEK_CUR);
  if (status < 0 || position < 0) return errno;
  const Fd again(::open(file.path, (status & ~O_APPEND) | O_NOFOLLOW | O_CLOEXEC));
  if (!again) return errno;
  // All mounts and all links of the path may have changed meanwhile: only this counts.
  if (const int errnum = are_same(file.fd, again.get())) return errnum;
  if (const int errnum = verify_flags(again.get(), read_only)) return errnum;
  if (::umount2(file.path, MNT_DETACH | UMOUNT_NOFOLLOW) != 0) return errno;
  if (::lseek(again.get(), position, SEEK_SET) != position) return errno;
  if (::dup2(again.get(), file.fd) < 0) return errno;
  return hand_over(socket, file.fd, again.get());
}

// What is open here can be opened again by a link that stays in /proc, as a path of the host: this
// finds only what a command must not have of it.
bool is_of_ours(int file) {
  constexpr long pipes = 0x50495045;  // PIPEFS_MAGIC
  struct statfs status {};
  return ::fstatfs(file, &status) != 0 || status.f_type == pipes;
}

int open_redirected(const RedirectStdio& step, Fd& file) {
  const int wanted = step.fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  const int flags = wanted | O_CLOEXEC | O_NOCTTY;
  const mode_t mode = step.fd == 0 ? 0 : 0666;
  file.reset(sys::openat2(AT_FDCWD, step.path.c_str(), static_cast<std::uint64_t>(flags),
                          RESOLVE_NO_MAGICLINKS, mode));
  if (file || (errno != ENOSYS && errno != EPERM)) return file ? 0 : errno;
  file.reset(::open(step.path.c_str(), flags, mode));
  if (!file) return errno;
  return is_of_ours(file.get()) ? ELOOP : 0;
}

}  // namespace

int redirect_stdio(const RedirectStdio& step) {
  Fd file;
  if (const int errnum = open_redirected(step, file)) return errnum;
  struct stat wanted {};
  if (::fstat(file.get(), &wanted) != 0) return errno;
  if (S_ISDIR(wanted.st_mode)) return EISDIR;
  if (S_ISBLK(wanted.st_mode)) return ENOTSUP;
  if (::dup2(file.get(), step.fd) < 0) return errno;
  struct stat now {};
  if (::fstat(step.fd, &now) != 0) return errno;
  return wanted.st_dev == now.st_dev && wanted.st_ino == now.st_ino ? 0 : EPROTO;
}

int reopen_stdio(const ChildContext& context, Construction& construction) {
  for (const ReopenedFile& file : context.reopened) {
    if (file.path == nullptr) continue;
    if (const int errnum = reopen(file, context.reopened_socket, construction)) return errnum;
  }
  return 0;
}

}  // namespace immure
