#include "plan/host_directories.h"

#include <algorithm>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

bool is_below(const Host& host, const std::string& path, const std::string& directory) {
  if (directory.empty() || directory == "/") return false;
  Result<ResolvedPath> resolved = host.files->resolve(directory);
  return resolved.ok() && resolved.value().kind == FileKind::directory &&
         path != resolved.value().canonical && is_within(path, resolved.value().canonical);
}

bool is_state(const Host& host, const std::string& path, const std::string& state) {
  if (state.empty()) return false;
  const Result<ResolvedPath> resolved = host.files->resolve(state);
  return resolved.ok() && is_within(path, resolved.value().canonical);
}

}  // namespace

bool add_missing_directories(const Host& host, const std::string& path, const std::string& state,
                             const Origin& origin, std::vector<HostDirectory>& created,
                             Errors& errors) {
  if (!is_below(host, path, host.home) && !is_below(host, path, host.cwd) &&
      !is_state(host, path, state)) {
    errors.push_back(
        {.code = Code::refused_mount,
         .doing = quote(path) + " can't be created on the host",
         .reason = "only directories below your home, the current directory or ${STATE} are",
         .origin = origin,
         .hint = "make it yourself: mkdir " + quote(path)});
    return false;
  }
  std::vector<std::string> missing;
  for (std::string at = path;; at = parent_of(at)) {
    Result<ResolvedPath> resolved = host.files->resolve(at);
    if (!resolved.ok()) {
      errors.push_back(resolved.error());
      return false;
    }
    if (resolved.value().kind != FileKind::missing) break;
    missing.push_back(at);
  }
  std::reverse(missing.begin(), missing.end());
  for (const std::string& directory : missing) {
    const bool known = std::any_of(created.begin(), created.end(), [&](const HostDirectory& made) {
      return made.path == directory;
    });
    if (!known) created.push_back({.path = directory, .origin = origin});
  }
  return true;
}

}  // namespace immure
