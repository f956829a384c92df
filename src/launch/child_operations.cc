// The steps of an ordered command line that are no mounts. What they make lies inside the new root:
// no link, absolute or relative, leads out of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string_view>

#include "base/syscalls.h"
#include "launch/child_mounts.h"
#include "launch/fixed_text.h"
#include "launch/lookup.h"

namespace immure {
namespace {

// The directories above `target` that are missing. The last of them may be a link that leads
// nowhere, which is ENOENT: it is for what is made in it to stumble over.
int make_parents(Construction& construction, std::string_view target, mode_t mode) {
  construction.parent.reset();
  construction.failed_part = part_parents;
  Fd directory(::openat(construction.root.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno;
  for (std::size_t start = 0;;) {
    const std::size_t slash = target.find('/', start);
    if (slash == std::string_view::npos) break;
    PathText path;  // from the root: a link on the way is followed as the kernel will
    path.append({target.data(), slash});
    PathText name;
    name.append({target.data() + start, slash - start});
    if (path.overflowed()) return ENAMETOOLONG;
    Fd next;
    int errnum = open_target(construction, path.c_str(), next);
    if (errnum == ENOENT) {
      if (::mkdirat(directory.get(), name.c_str(), mode) != 0 && errno != EEXIST) return errno;
      errnum = open_target(construction, path.c_str(), next);
    }
    const bool is_last = target.find('/', slash + 1) == std::string_view::npos;
    if (errnum == ENOENT && is_last) construction.failed_part = part_whole;
    if (errnum != 0) return errnum;
    directory = std::move(next);
    start = slash + 1;
  }
  construction.failed_part = part_whole;
  return 0;
}

// As open_parent(), but makes it.
int place_of(Construction& construction, const std::string& target, mode_t parents, int& directory,
             const char*& base) {
  int errnum = open_parent(construction, target.c_str(), directory, base);
  if (errnum == ENOENT) {
    errnum = make_parents(construction, target, parents);
    if (errnum == 0) errnum = open_parent(construction, target.c_str(), directory, base);
  }
  if (errnum != 0 && errnum != ENOENT) construction.failed_part = part_parents;
  return errnum;
}

// What is there is of the kind that was to be made; a link counts as what it leads to. ENOENT: it
// leads nowhere.
int check_kind(Construction& construction, const std::string& target, int directory,
               const char* base, bool wants_directory) {
  struct stat status {};
  if (::fstatat(directory, base, &status, AT_SYMLINK_NOFOLLOW) != 0) return errno;
  if (S_ISLNK(status.st_mode)) {
    Fd there;
    if (const int errnum = open_target(construction, target.c_str(), there)) return errnum;
    if (::fstat(there.get(), &status) != 0) return errno;
  }
  if (S_ISDIR(status.st_mode) == wants_directory) return 0;
  return wants_directory ? ENOTDIR : EISDIR;
}

// What openat2(2) does by itself for create_file().
[[gnu::noinline]] int create_by_walk(Construction& construction, const std::string& target,
                                     mode_t mode, Fd& file) {
  constexpr int max_links = 40;
  PathText path;
  path.append(target);
  for (int links = 0; links <= max_links; ++links) {
    if (path.overflowed()) return ENAMETOOLONG;
    construction.parent.reset();  // it is kept by the text of its path, which changes here
    int directory = -1;
    const char* base = nullptr;
    if (const int errnum = open_parent(construction, path.c_str(), directory, base)) return errnum;
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    file.reset(::openat(directory, base, flags, mode));
    const int errnum = file ? 0 : errno;
    std::array<char, PATH_MAX> text;
    const ssize_t length =
        errnum == EEXIST ? ::readlinkat(directory, base, text.data(), text.size()) : -1;
    construction.parent.reset();
    if (length <= 0) return errnum;
    const std::string_view link(text.data(), static_cast<std::size_t>(length));
    const std::size_t slash = path.view().rfind('/');
    path.shorten(link.front() == '/' || slash == std::string_view::npos ? 0 : slash + 1);
    path.append(link);
  }
  return ELOOP;
}

// A new file, also where a link leads to what is not there yet.
int create_file(Construction& construction, const std::string& target, mode_t mode, Fd& file) {
  // See open_target().
  constexpr int tries = 32;
  for (int i = 0; i < tries && !construction.no_openat2; ++i) {
    file.reset(sys::openat2(construction.root.get(), target.c_str(),
                            O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                            RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode));
    if (file) return 0;
    if (errno != EAGAIN) return errno;
  }
  return create_by_walk(construction, target, mode, file);
}

}  // namespace

int make_place(const MakePlace& step, Construction& construction) {
  int directory = -1;
  const char* base = nullptr;
  const int placed = place_of(construction, step.target, step.parents, directory, base);
  if (step.kind == MakePlace::Kind::parents) {
    return construction.failed_part == part_parents ? placed : 0;
  }
  if (placed != 0) return placed;
  const bool wants_directory = step.kind == MakePlace::Kind::directory;
  const int made = wants_directory ? ::mkdirat(directory, base, step.mode)
                                   : ::mknodat(directory, base, S_IFREG | step.mode, 0);
  if (made == 0) return 0;
  const int errnum = errno;
  if (errnum == ENOTDIR) {
    construction.failed_part = part_parents;
    return errnum;
  }
  // In a read-only mount, or one where we may not write, what is there is as good.
  const int kind = check_kind(construction, step.target, directory, base, wants_directory);
  if (kind == ENOENT && errnum == EEXIST) {
    // For the next step to stumble over; but a file is made where the link leads, as by creat(2).
    if (wants_directory) return 0;
    Fd file;
    return create_file(construction, step.target, step.mode, file);
  }
  return kind == 0 || errnum == EEXIST ? kind : errnum;
}

int write_file(const WriteFile& step, Construction& construction) {
  Fd file;
  Fd there;
  int errnum = open_target(construction, step.target.c_str(), there);
  if (errnum == 0) {
    file.reset(::open(proc_fd_path(there.get()).c_str(),
                      O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file) return errno;
  } else if (errnum == ENOENT) {
    errnum = create_file(construction, step.target, step.mode, file);
  }
  if (errnum != 0) return errnum;
  return copy_content(construction, step.from, file.get());
}

int ensure_link(const EnsureLink& step, Construction& construction) {
  int directory = -1;
  const char* base = nullptr;
  if (const int errnum = open_parent(construction, step.target.c_str(), directory, base)) {
    return errnum;
  }
  if (::symlinkat(step.text.c_str(), directory, base) == 0) return 0;
  const int errnum = errno;
  std::array<char, PATH_MAX> text;
  const ssize_t length = ::readlinkat(directory, base, text.data(), text.size());
  if (length < 0) {
    if (errno == EINVAL) construction.failed_part = part_not_link;
    return errnum;
  }
  const std::string_view there(text.data(), static_cast<std::size_t>(length));
  if (there == step.text) return 0;
  construction.failed_part = part_other_link;
  report_detail(construction.report_fd, there);
  return errnum;
}

int change_mode(const ChangeMode& step, Construction& construction) {
  Fd there;
  if (const int errnum = open_target(construction, step.target.c_str(), there)) return errnum;
  const auto path = proc_fd_path(there.get());
  if (::fchmodat(AT_FDCWD, path.c_str(), step.mode, 0) != 0) return errno;
  struct stat status {};
  if (::fstat(there.get(), &status) != 0) return errno;
  return (status.st_mode & 07777) == step.mode ? 0 : EPROTO;
}

}  // namespace immure
