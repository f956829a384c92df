// The real file system. A path is asked for with one openat2(2) when nothing on it is a link, and
// only of what the kernel has in its cache. What it has not may lie on a file system that never
// answers, so a child asks first: it can be left behind.
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "plan/host.h"
#include "plan/root_tree.h"
#include "plan/silent_files.h"

namespace immure {
namespace {

constexpr int kMaxLinks = 40;  // path_resolution(7)

bool is_refused(int errnum) { return errnum == ENOSYS || errnum == EPERM; }

// One look at a path whose last part may be a link.
struct Look {
  int errnum = 0;
  mode_t type = 0;  // S_IFMT bits
  std::uint64_t device = 0;
  std::string link_text;
  uid_t owner = 0;     // of a link
  bool magic = false;  // a link of procfs that leads to an object, not to a path
};

// The text of a magic link is no path ("pipe:[4711]"), or that of an object of any mount namespace.
// The ordinary links of procfs ("self", "net") are short and relative.
bool is_magic(int fd, std::string_view text) {
  if (!text.starts_with('/') && text.find(':') == std::string_view::npos) return false;
  struct statfs status {};
  return ::fstatfs(fd, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

// A path that nobody can enter is as good as missing. What else goes wrong may do so this once: to
// take a file for missing then could leave it shown.
bool tells_missing(int errnum) {
  constexpr std::array missing = {ENOENT, ENOTDIR,      EACCES,   EPERM, ELOOP,
                                  ENODEV, ENAMETOOLONG, ENOTCONN, ENXIO, EOVERFLOW};
  return std::ranges::find(missing, errnum) != missing.end();
}

Error cannot_look(const std::string& path, int errnum) {
  Error error = os_error(Code::setup_step, "look up " + quote(path), errnum);
  error.hint = "start again; if it stays so, see: ls -ld " + quote(path);
  return error;
}

Error cannot_list(const std::string& directory, int errnum) {
  Error error = os_error(Code::setup_step, "list " + quote(directory), errnum);
  error.hint = "name what is meant in it instead of a pattern";
  return error;
}

Result<Look> look_at(const Fd& fd, const std::string& path) {
  struct statx status {};
  if (::statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE | STATX_UID, &status) !=
      0) {
    return cannot_look(path, errno);
  }
  Look look{.type = static_cast<mode_t>(status.stx_mode & S_IFMT),
            .device = ::makedev(status.stx_dev_major, status.stx_dev_minor)};
  if (!S_ISLNK(look.type)) return look;
  look.link_text.resize(PATH_MAX);  // few are links: an array would make each look touch its stack
  const ssize_t length = ::readlinkat(fd.get(), "", look.link_text.data(), look.link_text.size());
  if (length < 0) return cannot_look(path, errno);
  look.link_text.resize(static_cast<std::size_t>(length));
  look.owner = status.stx_uid;
  look.magic = is_magic(fd.get(), look.link_text);
  return look;
}

Result<Look> not_there(const std::string& path, int errnum) {
  if (!tells_missing(errnum)) return cannot_look(path, errnum);
  return Look{.errnum = errnum};
}

// As look() will, in a child.
void read_link(const Fd& fd) {
  std::array<char, PATH_MAX> text;
  const ssize_t ignored = fd ? ::readlinkat(fd.get(), "", text.data(), text.size()) : 0;
  static_cast<void>(ignored);
}

bool may_execute(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

Result<std::vector<std::string>> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) {
    const int errnum = errno;
    // One that can be entered, but not listed, may hold what a pattern means.
    const bool empty = tells_missing(errnum) && !(errnum == EACCES && may_execute(directory));
    if (empty) return names;
    return cannot_list(directory, errnum);
  }
  for (errno = 0;
       const dirent* entry = ::readdir(entries.get());) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name(static_cast<const char*>(entry->d_name));
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return cannot_list(directory, errno);
  return names;
}

FileKind kind_of(mode_t type) {
  if (S_ISDIR(type)) return FileKind::directory;
  if (S_ISREG(type)) return FileKind::regular;
  if (S_ISSOCK(type)) return FileKind::socket;
  if (S_ISFIFO(type)) return FileKind::fifo;
  return FileKind::device;
}

void prepend_parts(std::string_view path, std::deque<std::string>& parts) {
  std::size_t at = 0;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at++), std::string(part));
  }
}

std::string with_parts(std::string path, const std::deque<std::string>& parts) {
  for (const std::string& part : parts) path = join(path, part);
  return path.empty() ? "/" : path;
}

class RealFiles : public HostFiles {
 public:
  explicit RealFiles(bool objects_by_text) : objects_by_text_(objects_by_text) {}

  Result<ResolvedPath> resolve(const std::string& path) const override {
    if (silence_.met(path)) return no_answer(path);
    const auto known = known_.find(path);
    if (known != known_.end()) return known->second;
    Result<ResolvedPath> resolved = find(path);
    if (resolved.ok()) remember(path, resolved.value());
    return resolved;
  }

  Result<std::vector<std::string>> glob(const std::string& pattern) const override {
    return match(pattern, false);
  }
  Result<std::vector<std::string>> glob_closed_too(const std::string& pattern) const override {
    return match(pattern, true);
  }

  bool executable(const std::string& path) const override {
    return may_be_asked(path) && may_execute(path);
  }

  bool silent(const std::string& path) const override { return silence_.met(path); }

 private:
  Result<ResolvedPath> find(const std::string& path) const;
  Result<Look> look(const std::string& path, bool parent_is_canonical) const;
  bool may_be_asked(const std::string& path) const;
  void remember(const std::string& path, const ResolvedPath& resolved) const;
  Result<std::vector<std::string>> list(const std::string& directory) const;
  Result<std::vector<std::string>> match(const std::string& pattern, bool closed_too) const;

  bool objects_by_text_;  // a magic link is its text, as for realpath(3); otherwise it is refused
  mutable bool has_openat2_ = true;
  mutable std::unordered_map<std::string, ResolvedPath> known_;
  mutable SilentFiles silence_;
};

// ELOOP: a link stands before the last part. Without openat2(2) that is the answer for every path
// whose parent is not known to be free of links.
Result<Look> RealFiles::look(const std::string& path, bool parent_is_canonical) const {
  if (has_openat2_) {
    Fd fd(open_without_links(path, true));
    // EINVAL: before Linux 5.12 there was no RESOLVE_CACHED.
    if (!fd && (errno == EAGAIN || errno == EINVAL)) {
      const auto question = [&path] { read_link(Fd(open_without_links(path, false))); };
      if (!silence_.answers(path, 0, question)) return no_answer(path);
      fd.reset(open_without_links(path, false));
    }
    if (fd) return look_at(fd, path);
    if (!is_refused(errno)) return not_there(path, errno);
    has_openat2_ = false;
  }
  if (!parent_is_canonical) return Look{.errnum = ELOOP};
  // Nothing tells what the kernel's cache has: each path is asked by a child first.
  const auto open = [&path] { return Fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)); };
  if (!silence_.answers(path, 0, [&open] { read_link(open()); })) return no_answer(path);
  const Fd fd = open();
  if (!fd) return not_there(path, errno);
  return look_at(fd, path);
}

Result<ResolvedPath> RealFiles::find(const std::string& path) const {
  ResolvedPath found;
  // Most paths have no link on them, and one look is all it takes.
  std::optional<Result<Look>> first;
  if (is_collapsed(path)) {
    first = look(path, parent_of(path) == "/");
    if (!first->ok()) return first->error();
    const Look& seen = first->value();
    if (seen.errnum != ELOOP && !S_ISLNK(seen.type)) {
      found.kind = seen.errnum == 0 ? kind_of(seen.type) : FileKind::missing;
      found.errnum = seen.errnum;
      found.device = seen.device;
      found.canonical = path;
      return found;
    }
  }
  std::deque<std::string> parts;  // still to be gone, from `at` on, which has no link
  prepend_parts(path, parts);
  std::string at;
  bool whole = true;  // ask for all that is left at once, which is enough without links
  for (;;) {
    if (parts.empty()) whole = true;
    if (!parts.empty() && parts.front() == "..") {
      at = at.empty() ? at : at.substr(0, at.rfind('/'));
      parts.pop_front();
      continue;
    }
    const bool climbs = std::find(parts.begin(), parts.end(), "..") != parts.end();
    const bool step = !parts.empty() && (!whole || climbs);
    const std::string asked = step ? join(at, parts.front()) : with_parts(at, parts);
    const std::optional<Result<Look>> known = std::exchange(first, std::nullopt);
    const Result<Look> answer = known ? *known : look(asked, step || parts.size() <= 1);
    if (!answer.ok()) {
      if (!silence_.met(asked)) return answer.error();
      silence_.remember(path);  // by the name that the user knows it by
      return no_answer(path);
    }
    const Look& seen = answer.value();
    if (seen.errnum == ELOOP && !step) {
      whole = false;
      continue;
    }
    if (seen.errnum != 0) {
      found.errnum = seen.errnum;
      found.canonical = with_parts(at, parts);
      return found;
    }
    if (S_ISLNK(seen.type)) {
      if (seen.magic && !objects_by_text_) {
        return Error{.code = Code::refused_mount,
                     .doing = quote(asked) + " is a link to an open object, not to a path",
                     .hint = "name the file or directory itself"};
      }
      if (found.links.size() == kMaxLinks) {
        found.errnum = ELOOP;
        found.canonical = with_parts(at, parts);
        return found;
      }
      found.links.push_back({.path = asked, .text = seen.link_text, .owner = seen.owner});
      if (step) {
        parts.pop_front();
      } else {
        const std::string_view parent = parent_of(asked);
        at = parent == "/" ? std::string_view() : parent;
        parts.clear();
      }
      if (seen.link_text.starts_with('/')) at.clear();
      prepend_parts(seen.link_text, parts);
      whole = true;
      continue;
    }
    if (step && parts.size() > 1) {
      at = asked;
      parts.pop_front();
      continue;
    }
    found.kind = kind_of(seen.type);
    found.device = seen.device;
    found.canonical = asked;
    return found;
  }
}

// With where it leads: who follows the links of a path asks for that next.
void RealFiles::remember(const std::string& path, const ResolvedPath& resolved) const {
  known_.emplace(path, resolved);
  if (resolved.links.empty() || resolved.kind == FileKind::missing) return;
  known_.emplace(resolved.canonical, ResolvedPath{.kind = resolved.kind,
                                                  .canonical = resolved.canonical,
                                                  .device = resolved.device});
}

// Whether access(2) will be answered. Nothing is asked where the cache or a disk answers.
bool RealFiles::may_be_asked(const std::string& path) const {
  std::uint64_t device = 0;
  const auto known = known_.find(path);
  if (known != known_.end() && known->second.canonical == path &&
      known->second.kind != FileKind::missing) {
    device = known->second.device;
  } else if (has_openat2_) {
    const Fd fd(open_without_links(path, true));
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return true;
    if (!fd && errno == ELOOP) {
      const Result<ResolvedPath> there = resolve(path);
      return there.ok() &&
             (there.value().kind == FileKind::missing || there.value().canonical == path ||
              may_be_asked(there.value().canonical));
    }
    if (fd) {
      const Result<Look> seen = look_at(fd, path);
      if (!seen.ok()) return false;
      if (S_ISLNK(seen.value().type))
        return resolve(path).ok() && may_be_asked(resolve(path).value().canonical);
      device = seen.value().device;
    }
  }
  if (device != 0 && silence_.trusts(device)) return true;
  return silence_.answers(path, device, [&path] { may_execute(path); });
}

Result<std::vector<std::string>> RealFiles::list(const std::string& directory) const {
  const Result<ResolvedPath> there = resolve(directory);
  if (!there.ok()) return there.error();
  const std::uint64_t device = there.value().device;
  if (!silence_.trusts(device) && !silence_.answers(directory, device, [&directory] {
        static_cast<void>(names_in(directory));
      })) {
    return no_answer(directory);
  }
  return names_in(directory);
}

Result<std::vector<std::string>> RealFiles::match(const std::string& pattern,
                                                  bool closed_too) const {
  std::deque<std::string> parts;
  prepend_parts(pattern, parts);
  std::vector<std::string> matches = {"/"};
  for (const std::string& part : parts) {
    std::vector<std::string> next;
    for (const std::string& base : matches) {
      const bool plain = !has_glob(part);
      const Result<ResolvedPath> there = resolve(plain ? join(base, part) : base);
      if (!there.ok()) return there.error();
      const bool closed = closed_too && there.value().errnum == EACCES;
      if (plain || closed) {
        if (closed || there.value().kind != FileKind::missing) next.push_back(join(base, part));
        continue;
      }
      if (there.value().kind != FileKind::directory) continue;
      const Result<std::vector<std::string>> names = list(there.value().canonical);
      if (!names.ok()) return names.error();
      if (closed_too && names.value().empty() && !executable(there.value().canonical)) {
        next.push_back(join(base, part));
      }
      for (const std::string& name : names.value()) {
        if (::fnmatch(part.c_str(), name.c_str(), FNM_PERIOD) == 0)
          next.push_back(join(base, name));
      }
    }
    matches = std::move(next);
  }
  std::sort(matches.begin(), matches.end());
  return matches;
}

}  // namespace

const HostFiles& real_files() {
  static const RealFiles files(false);
  return files;
}

const HostFiles& real_files_by_text() {
  static const RealFiles files(true);
  return files;
}

}  // namespace immure
