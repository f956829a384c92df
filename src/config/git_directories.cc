#include "config/git_directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "base/fd.h"
#include "base/path.h"

namespace immure {
namespace {

// The text of a small file; empty if it cannot be read, or is none.
std::string read_small(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  std::array<char, 4096> text;
  const ssize_t length = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (length <= 0) return {};
  const std::string_view whole(text.data(), static_cast<std::size_t>(length));
  return whole.find('\0') == std::string_view::npos ? std::string(whole) : std::string();
}

std::string read_line(const std::string& path) {
  std::string text = read_small(path);
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

// The project's files choose what is looked at, so a link is not followed to where nothing answers.
bool exists(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

class Finder {
 public:
  Finder(const std::string& top, const Answers& answers)
      : top_(top), pointer_(top + "/.git"), answers_(answers) {}

  GitDirectories find() const {
    GitDirectories found;
    struct stat status {};
    if (::lstat(pointer_.c_str(), &status) != 0) return found;
    if (S_ISDIR(status.st_mode)) {
      found.directory = pointer_;
      return found;
    }
    constexpr std::string_view kLeads = "gitdir: ";
    const std::string line = S_ISREG(status.st_mode) ? read_line(pointer_) : std::string();
    if (!line.starts_with(kLeads)) return found;
    const std::string directory = real_path(top_, line.substr(kLeads.size()));
    if (directory.empty() || !belongs(directory)) return found;
    found.pointer = pointer_;
    found.directory = directory;
    const std::string common = read_line(directory + "/commondir");
    if (common.empty()) return found;
    const std::string shared = real_path(directory, common);
    if (is_repository_of(shared, directory)) found.common = shared;
    return found;
  }

 private:
  // `path` as seen from `base`, without symlinks; empty: there is nothing, or nothing answers.
  std::string real_path(const std::string& base, const std::string& path) const {
    std::array<char, PATH_MAX> real;
    const std::string whole = is_absolute(path) ? path : base + '/' + path;
    if (answers_ && !answers_(whole)) return {};
    return ::realpath(whole.c_str(), real.data()) == nullptr ? std::string() : real.data();
  }

  // A linked worktree's directory names the pointer, a submodule's the project (core.worktree).
  bool belongs(const std::string& directory) const {
    if (!exists(directory + "/HEAD")) return false;
    const std::string back = read_line(directory + "/gitdir");
    if (!back.empty()) return real_path(directory, back) == pointer_;
    const std::string config = read_small(directory + "/config");
    constexpr std::string_view kKey = "worktree = ";
    const std::size_t key = config.find(kKey);
    if (key == std::string::npos) return false;
    const std::size_t value = key + kKey.size();
    return real_path(directory, config.substr(value, config.find('\n', value) - value)) == top_;
  }

  // A worktree's directory is REPOSITORY/worktrees/NAME. The project can make such a directory in
  // itself, and so name what lies around it: that is never its repository.
  bool is_repository_of(const std::string& shared, const std::string& directory) const {
    if (shared.empty() || is_within(top_, shared)) return false;
    return parent_of(directory) == shared + "/worktrees" && exists(shared + "/HEAD") &&
           exists(shared + "/objects");
  }

  std::string top_, pointer_;
  const Answers& answers_;
};

}  // namespace

GitDirectories find_git_directories(const std::string& top, const Answers& answers) {
  return top.empty() ? GitDirectories() : Finder(top, answers).find();
}

}  // namespace immure
