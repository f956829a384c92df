#include "base/matching_paths.h"

#include <dirent.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/path.h"

namespace immure {
namespace {

std::vector<std::string> matching_names(const std::string& directory, const std::string& pattern) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), ::closedir);
  if (!entries) return names;
  while (const dirent* entry = ::readdir(entries.get())) {  // NOLINT(concurrency-mt-unsafe)
    const std::string name(static_cast<const char*>(entry->d_name));
    if (name == "." || name == "..") continue;
    if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0) names.push_back(name);
  }
  return names;
}

// What a component without a pattern says: "\*" is a star.
std::string without_escapes(std::string_view component) {
  std::string name;
  for (std::size_t i = 0; i < component.size(); ++i) {
    if (component[i] == '\\' && i + 1 < component.size()) ++i;
    name += component[i];
  }
  return name;
}

bool is_missing(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) != 0;
}

}  // namespace

std::vector<std::string> matching_paths(std::string_view pattern) {
  std::vector<std::string> found = {"/"};
  while (!pattern.empty()) {
    const std::string component(pattern.substr(0, pattern.find('/')));
    pattern.remove_prefix(std::min(pattern.size(), component.size() + 1));
    if (component.empty()) continue;
    std::vector<std::string> next;
    for (const std::string& directory : found) {
      if (!has_glob(component)) {
        next.push_back(join(directory, without_escapes(component)));
        continue;
      }
      for (const std::string& name : matching_names(directory, component)) {
        next.push_back(join(directory, name));
      }
    }
    found = std::move(next);
  }
  std::erase_if(found, is_missing);
  return found;
}

}  // namespace immure
