#include "base/path.h"

#include <algorithm>

namespace immure {
namespace {

// Takes the next component off the front; empty at the end.
std::string_view next_component(std::string_view& rest) {
  while (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
  const std::string_view component = rest.substr(0, rest.find('/'));
  rest.remove_prefix(component.size());
  return component;
}

bool is_root(std::string_view path) { return path.size() == 1 && path.front() == '/'; }

}  // namespace

std::string normalize(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (std::string_view part = next_component(path); !part.empty(); part = next_component(path)) {
    if (part == ".") continue;
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

bool has_dot_dot(std::string_view path) {
  for (std::string_view part = next_component(path); !part.empty(); part = next_component(path)) {
    if (part == "..") return true;
  }
  return false;
}

bool has_glob(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '\\') {
      ++i;
    } else if (path[i] == '*' || path[i] == '?' || path[i] == '[') {
      return true;
    }
  }
  return false;
}

bool is_within(std::string_view path, std::string_view ancestor) {
  if (is_root(ancestor)) return path.starts_with('/');
  if (!path.starts_with(ancestor)) return false;
  return path.size() == ancestor.size() || path[ancestor.size()] == '/';
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return "/";
  return path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::size_t depth(std::string_view path) {
  if (is_root(path)) return 0;
  return static_cast<std::size_t>(std::ranges::count(path, '/'));
}

std::string join(std::string_view base, std::string_view rest) {
  if (is_root(base)) base = {};
  const std::size_t slash = rest.starts_with('/') ? 0 : 1;
  std::string path(base.size() + slash + rest.size(), '/');
  base.copy(path.data(), base.size());
  rest.copy(path.data() + base.size() + slash, rest.size());
  return path;
}

std::string_view relative_to_root(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

std::string tilde(std::string_view path, std::string_view home) {
  if (home.empty() || home == "/" || !is_within(path, home)) return std::string(path);
  return '~' + std::string(path.substr(home.size()));
}

}  // namespace immure
