#include "config/nested_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
      look_at(path);
      look_below(path, level + 1);
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

  // Git changes the directory itself with every commit: what counts is the names in it, or that it
  // was moved here.
  void look_at_repository(const std::string& git, const struct stat& around) {
    const auto status = status_of(git);
    if (!status) return;
    const bool is_directory = S_ISDIR(status->st_mode);
    if (is_new(status->st_ctim) && (is_new(around.st_mtim) || !is_directory)) {
      found_.insert(git);
    } else if (is_directory) {
      for (const std::string_view name : protected_git_names()) {
        std::string path = join(git, name);
        if (is_changed(path)) found_.insert(std::move(path));
      }
    }
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
  int opened_ = 0;
};

}  // namespace

std::vector<std::string> changed_below(const std::vector<std::string>& directories,
                                       timespec start) {
  Search search(directories, start);
  for (const std::string& directory : directories) search.look_below(directory, 0);
  const std::set<std::string> found = search.found();
  return {found.begin(), found.end()};
}

}  // namespace immure
