#include "launch/lookup.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/syscalls.h"
#include "launch/fixed_text.h"

namespace immure {
namespace {

// What openat2(2) does, for kernels and outer sandboxes without it: one component at a time, each
// opened without following, links spliced into the rest of the path. Without `follow` a link is
// ELOOP. Absolute links and ".." stay below `root`.
class Walk {
 public:
  Walk(int root, bool follow) : root_(root), follow_(follow) {}

  int run(std::string_view path, Fd& result) {
    rest_.append(path);
    if (rest_.overflowed()) return ENAMETOOLONG;
    if (const int errnum = back_to_root()) return errnum;
    while (next_ < rest_.size()) {
      const std::string_view component = take_component();
      if (component.empty() || component == ".") continue;
      if (const int errnum = component == ".." ? go_up() : enter(component)) return errnum;
    }
    result = std::move(at_);
    return 0;
  }

 private:
  // Still to go. (substr() would check, and throw.)
  std::string_view left() const { return {rest_.c_str() + next_, rest_.size() - next_}; }

  std::string_view take_component() {
    const std::string_view all = left();
    const std::size_t length = std::min(all.find('/'), all.size());
    next_ += length + (length < all.size() ? 1 : 0);
    return {all.data(), length};
  }

  int back_to_root() {
    done_.shorten(0);
    at_.reset(::openat(root_, ".", O_PATH | O_CLOEXEC));
    return at_ ? 0 : errno;
  }

  // By text: `done_` holds no link, so its last component is what ".." leaves.
  int go_up() {
    const std::size_t slash = done_.view().rfind('/');
    PathText parent;
    if (slash != std::string_view::npos) parent.append({done_.c_str(), slash});
    if (const int errnum = back_to_root()) return errnum;
    if (parent.empty()) return 0;
    done_ = parent;
    Walk again(root_, false);
    return again.run(parent.view(), at_);
  }

  int enter(std::string_view component) {
    FixedText<NAME_MAX + 1> name;
    name.append(component);
    if (name.overflowed()) return ENAMETOOLONG;
    Fd found(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!found) return errno;
    struct stat status {};
    if (::fstat(found.get(), &status) != 0) return errno;
    if (S_ISLNK(status.st_mode)) return splice(found);
    if (!done_.empty()) done_.append("/");
    done_.append(component);
    at_ = std::move(found);
    return done_.overflowed() ? ENAMETOOLONG : 0;
  }

  // Puts the link's text in front of what is left.
  int splice(const Fd& link) {
    if (!follow_ || ++links_ > max_links) return ELOOP;
    std::array<char, PATH_MAX> text;
    const ssize_t length = ::readlinkat(link.get(), "", text.data(), text.size());
    if (length < 0) return errno;
    PathText spliced;
    spliced.append({text.data(), static_cast<std::size_t>(length)}).append("/").append(left());
    if (spliced.overflowed()) return ENAMETOOLONG;
    rest_ = spliced;
    next_ = 0;
    return rest_.c_str()[0] == '/' ? back_to_root() : 0;
  }

  static constexpr int max_links = 40;
  int root_;
  bool follow_;
  Fd at_;
  PathText done_;  // where at_ is, below the root
  PathText rest_;  // from next_ on: still to go
  std::size_t next_ = 0;
  int links_ = 0;
};

bool missing_call(int errnum) { return errnum == ENOSYS || errnum == EPERM; }

// Not part of their callers, whose stack would hold a Walk's 12 KiB in every start.
[[gnu::noinline]] int walk_source(const char* path, Fd& result) {
  const Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return errno;
  return Walk(root.get(), false).run(path, result);
}

[[gnu::noinline]] int walk_target(int root, const char* path, Fd& result) {
  return Walk(root, true).run(path, result);
}

// The directory of the first `length` bytes of a target. Apart for the same reason.
[[gnu::noinline]] int open_front(Construction& construction, const char* path, std::size_t length) {
  PathText text;
  text.append({path, length});
  if (text.overflowed()) return ENAMETOOLONG;
  return open_target(construction, text.c_str(), construction.parent);
}

}  // namespace

int open_source(Construction& construction, const char* path, Fd& result) {
  constexpr std::uint64_t resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (!construction.no_openat2) {
    int fd = sys::openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, resolve | RESOLVE_CACHED);
    // EAGAIN: not in the dentry cache. EINVAL: before 5.12 there is no RESOLVE_CACHED.
    if (fd < 0 && (errno == EAGAIN || errno == EINVAL)) {
      report(construction.report_fd, ChildReport::Kind::waiting, 0, construction.step);
      fd = sys::openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC, resolve);
    }
    if (fd >= 0) {
      result.reset(fd);
      return 0;
    }
    if (!missing_call(errno)) return errno;
    construction.no_openat2 = true;
  }
  report(construction.report_fd, ChildReport::Kind::waiting, 0, construction.step);
  return walk_source(path, result);
}

int open_target(Construction& construction, const char* path, Fd& result) {
  if (*path == '\0') path = ".";
  if (!construction.no_openat2) {
    // EAGAIN: something was renamed or mounted anywhere meanwhile, and the path has a "..".
    constexpr int tries = 32;
    for (int i = 0; i < tries; ++i) {
      const int fd = sys::openat2(construction.root.get(), path, O_PATH | O_CLOEXEC,
                                  RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
      if (fd >= 0) {
        result.reset(fd);
        return 0;
      }
      if (errno != EAGAIN) break;
    }
    if (errno != EAGAIN && !missing_call(errno)) return errno;
    if (errno != EAGAIN) construction.no_openat2 = true;
  }
  return walk_target(construction.root.get(), path, result);
}

int open_parent(Construction& construction, const char* path, int& directory, const char*& base) {
  const char* slash = std::strrchr(path, '/');
  base = slash == nullptr ? path : slash + 1;
  const std::size_t length = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path);
  if (length == 0) {
    directory = construction.root.get();
    return 0;
  }
  const bool kept = construction.parent && length == construction.parent_length &&
                    std::memcmp(construction.parent_path, path, length) == 0;
  if (!kept) {
    if (const int errnum = open_front(construction, path, length)) {
      construction.parent.reset();
      return errnum;
    }
    construction.parent_path = path;
    construction.parent_length = length;
  }
  directory = construction.parent.get();
  return 0;
}

int find_target(Construction& construction, const char* path, Target& target) {
  struct statx status {};
  constexpr int as_it_is = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  constexpr unsigned wanted = STATX_TYPE | STATX_MNT_ID;
  bool by_name = *path != '\0' && !construction.old_mount_calls;
  if (by_name) {
    if (const int errnum = open_parent(construction, path, target.directory, target.name)) {
      return errnum;
    }
    if (::statx(target.directory, target.name, as_it_is, wanted, &status) != 0) return errno;
    by_name = !S_ISLNK(status.stx_mode);
  }
  if (!by_name) {
    if (const int errnum = open_target(construction, path, target.opened)) return errnum;
    target.directory = target.opened.get();
    target.name = "";
    if (::statx(target.directory, "", as_it_is | AT_EMPTY_PATH, wanted, &status) != 0) return errno;
  }
  target.mount_id = status.stx_mnt_id;
  target.is_directory = S_ISDIR(status.stx_mode);
  return 0;
}

void forget_parent_below(Construction& construction, const char* path) {
  const char* slash = std::strrchr(path, '/');
  const std::size_t length = slash == nullptr ? 0 : static_cast<std::size_t>(slash - path);
  const bool sibling = construction.parent && length == construction.parent_length &&
                       std::memcmp(construction.parent_path, path, length) == 0;
  const bool itself = slash != nullptr && std::strcmp(slash, "/.") == 0;
  if (!sibling || itself) construction.parent.reset();
}

}  // namespace immure
