#include "config/nested_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/path.h"
#include "config/protected_names.h"

namespace immure {
namespace {

constexpr int kModulesDepth = 8;

struct Close {
  void operator()(DIR* open) const { ::closedir(open); }
};

template <class F>
void for_each_entry(const std::string& directory, F each) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const std::unique_ptr<DIR, Close> open(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!open) return;
  (void)fd.release();  // the stream's now
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this stream is ours alone
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view name(&entry->d_name[0]);
    if (name != "." && name != "..") each(join(directory, name), *entry);
  }
}

class Search {
 public:
  Search(const std::vector<std::string>& known, timespec start)
      : known_(known.begin(), known.end()), start_(start) {}

  // The directories in this one, and those in them. `level`: how far below what is known already.
  void look_below(const std::string& directory, int level) {
    if (level >= kNestedDepth || ++opened_ > kNestedDirectories) return;
    for_each_entry(directory, [&](const std::string& path, const dirent& entry) {
      if (entry.d_type != DT_DIR && entry.d_type != DT_UNKNOWN) return;
      if (known_.contains(path) || base_name(path) == ".git") return;
      if (was_closed(path)) found_.insert(path);
      look_at(path);
      look_below(path, level + 1);
    });
  }

  // In a repository itself: its submodules, which git looks into from the outermost, and what says
  // where the rest of its worktrees lies.
  void look_in_repository(const std::string& git) {
    if (!status_of(join(git, "HEAD"))) return;
    look_at_modules(join(git, "modules"), 0);
    const std::string worktrees = join(git, "worktrees");
    for_each_entry(worktrees, [&](const std::string& path, const dirent&) {
      look_at_worktree(path, is_moved(path, worktrees));
    });
  }

  std::set<std::string> found() { return std::move(found_); }

 private:
  void look_at(const std::string& directory) {
    const auto own = status_of(directory);
    if (!own || !S_ISDIR(own->st_mode)) return;
    for (const std::string_view name : protected_names()) {
      std::string path = join(directory, name);
      if (is_changed(path)) found_.insert(std::move(path));
    }
    look_at_repository(join(directory, ".git"), *own);
  }

  void look_at_modules(const std::string& modules, int level) {
    if (level >= kModulesDepth || ++modules_ > kNestedDirectories || is_new_link(modules)) {
      found_.insert(modules);  // not all of it is looked at
      return;
    }
    for_each_entry(modules, [&](const std::string& path, const dirent&) {
      const bool is_repository = status_of(join(path, "HEAD")).has_value();
      if (is_new_link(path) || was_closed(path) || (is_repository && is_moved(path, modules))) {
        found_.insert(path);
      } else if (is_repository) {
        look_at_git_names(path);
        look_at_modules(join(path, "modules"), level + 1);
      } else {
        look_at_modules(path, level + 1);  // "libs/name" is a submodule's name, too
      }
    });
  }

  // One that git makes says "../..", which the project's own is.
  void look_at_worktree(const std::string& directory, bool moved) {
    const std::string common = join(directory, "commondir");
    const std::string config = join(directory, "config.worktree");
    if (is_new_link(directory)) found_.insert(directory);
    if ((moved || is_changed(common)) && !says(common, "../..\n")) found_.insert(common);
    if (status_of(config) && (moved || is_changed(config))) found_.insert(config);
  }

  void look_at_git_names(const std::string& git) {
    for (const std::string_view name : protected_git_names()) {
      std::string path = join(git, name);
      if (is_changed(path)) found_.insert(std::move(path));
    }
  }

  // Git changes the directory itself with every commit: what counts is the names in it, or that it
  // was moved here.
  void look_at_repository(const std::string& git, const struct stat& around) {
    const auto status = status_of(git);
    if (!status) return;
    const bool is_directory = S_ISDIR(status->st_mode);
    const bool put_there = is_new(status->st_ctim) && (is_new(around.st_mtim) || !is_directory);
    if (put_there || was_closed(git)) {
      found_.insert(git);
    } else if (is_directory) {
      look_at_git_names(git);
      look_in_repository(git);
    }
  }

  bool is_new_link(const std::string& path) const {
    const auto status = status_of(path);
    return status && S_ISLNK(status->st_mode) && is_new(status->st_ctim);
  }

  // The next command could open it, with what was made in it now.
  bool was_closed(const std::string& path) const {
    const auto status = status_of(path);
    return status && S_ISDIR(status->st_mode) && is_new(status->st_ctim) &&
           ::faccessat(AT_FDCWD, path.c_str(), R_OK | X_OK, AT_EACCESS) != 0;
  }

  // Made or put there, as a whole.
  bool is_moved(const std::string& path, const std::string& parent) const {
    const auto status = status_of(path);
    const auto around = status_of(parent);
    return status && around && is_new(status->st_ctim) && is_new(around->st_mtim);
  }

  static bool says(const std::string& path, std::string_view text) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    std::array<char, 64> there;
    const ssize_t length = fd ? ::read(fd.get(), there.data(), there.size()) : -1;
    return length >= 0 && std::string_view(there.data(), static_cast<std::size_t>(length)) == text;
  }

  // A name itself or, of a directory, what is directly in it.
  bool is_changed(const std::string& path) const {
    const auto status = status_of(path);
    if (!status) return false;
    bool changed = is_new(status->st_ctim);
    if (changed || !S_ISDIR(status->st_mode)) return changed;
    for_each_entry(path, [&](const std::string& entry, const dirent&) {
      const auto part = status_of(entry);
      changed = changed || (part && is_new(part->st_ctim));
    });
    return changed;
  }

  static std::optional<struct stat> status_of(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
    return status;
  }

  bool is_new(const timespec& time) const {
    return std::pair(time.tv_sec, time.tv_nsec) >= std::pair(start_.tv_sec, start_.tv_nsec);
  }

  std::set<std::string> known_, found_;
  timespec start_;
  int opened_ = 0, modules_ = 0;
};

}  // namespace

std::vector<std::string> changed_below(const std::vector<std::string>& directories,
                                       timespec start) {
  Search search(directories, start);
  for (const std::string& directory : directories) {
    search.look_below(directory, 0);
    search.look_in_repository(join(directory, ".git"));
    search.look_in_repository(directory);  // a bare one
  }
  const std::set<std::string> found = search.found();
  return {found.begin(), found.end()};
}

}  // namespace immure
