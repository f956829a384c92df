#include "config/git_directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <string_view>

#include "base/fd.h"
#include "base/path.h"

namespace immure {
namespace {

// The one line of a small file; empty if it cannot be read, or is none.
std::string read_line(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  std::array<char, 4096> text;
  const ssize_t length = fd ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (length <= 0) return {};
  std::string_view line(text.data(), static_cast<std::size_t>(length));
  line = line.substr(0, line.find('\n'));
  return line.find('\0') == std::string_view::npos ? std::string(line) : std::string();
}

// `path` as seen from `base`, without symlinks; empty: there is nothing.
std::string real_path(std::string_view base, const std::string& path) {
  std::array<char, PATH_MAX> real;
  const std::string whole = is_absolute(path) ? path : std::string(base) + '/' + path;
  return ::realpath(whole.c_str(), real.data()) == nullptr ? std::string() : real.data();
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

// A linked worktree's directory names the pointer; a submodule's lies in the project around it.
bool answers(const std::string& directory, const std::string& top, const std::string& pointer) {
  if (!exists(directory + "/HEAD")) return false;
  const std::string back = read_line(directory + "/gitdir");
  if (!back.empty()) return real_path(directory, back) == pointer;
  for (std::string_view around = parent_of(top); around != "/"; around = parent_of(around)) {
    if (is_within(directory, std::string(around) + "/.git/modules")) return true;
  }
  return false;
}

}  // namespace

GitDirectories find_git_directories(const std::string& top) {
  GitDirectories found;
  if (top.empty()) return found;
  const std::string git = top + "/.git";
  struct stat status {};
  if (::lstat(git.c_str(), &status) != 0) return found;
  if (S_ISDIR(status.st_mode)) {
    found.directory = git;
    return found;
  }
  constexpr std::string_view kLeads = "gitdir: ";
  const std::string line = S_ISREG(status.st_mode) ? read_line(git) : std::string();
  if (!line.starts_with(kLeads)) return found;
  const std::string directory = real_path(top, line.substr(kLeads.size()));
  if (directory.empty() || !answers(directory, top, git)) return found;
  found.pointer = git;
  found.directory = directory;
  const std::string common = read_line(directory + "/commondir");
  if (common.empty()) return found;
  const std::string shared = real_path(directory, common);
  // A worktree's directory is REPOSITORY/.git/worktrees/NAME.
  if (is_within(directory, shared + "/worktrees")) found.common = shared;
  return found;
}

}  // namespace immure
