#include "base/real_path.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/path.h"

namespace immure {

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? std::string() : std::string(real.get());
}

std::string closed_directory(const std::string& path) {
  std::string_view at = path;
  struct stat status {};
  while (::lstat(std::string(at).c_str(), &status) != 0 && errno == EACCES) at = parent_of(at);
  return at.size() == path.size() ? std::string() : real_path(std::string(at));
}

std::string working_directory() {
  std::array<char, PATH_MAX> path;
  const bool known = ::syscall(SYS_getcwd, path.data(), path.size()) > 0 && path[0] == '/';
  return known ? std::string(path.data()) : std::string();
}

std::string real_path_or_same(const std::string& path) {
  std::string real = real_path(path);
  return real.empty() ? path : real;
}

}  // namespace immure
