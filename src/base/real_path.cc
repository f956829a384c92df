#include "base/real_path.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <memory>

namespace immure {

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real == nullptr ? std::string() : std::string(real.get());
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
