#include "config/writable_binds.h"

#include <algorithm>
#include <utility>

#include "base/matching_paths.h"
#include "base/path.h"
#include "base/real_path.h"
#include "spec/merge.h"

namespace immure {
namespace {

bool is_writable_bind(const Mount& mount) {
  const auto* bind = std::get_if<Bind>(&mount.what);
  return bind != nullptr && !bind->read_only;
}

}  // namespace

bool has_writable_bind(const SandboxSpec& spec) {
  return std::ranges::any_of(spec.mounts, is_writable_bind);
}

WritableBinds::WritableBinds(SandboxSpec& spec) : spec_(spec) {
  for (std::size_t i = 0; i < spec_.mounts.size(); ++i) {
    const Mount& mount = spec_.mounts[i];
    if (!is_writable_bind(mount)) continue;
    const std::string& source = std::get<Bind>(mount.what).source;
    if (mount.glob) {
      for (const std::string& match : matching_paths(mount.target)) add(match, match, i);
    } else {
      add(source.empty() ? mount.target : source, mount.target, i);
    }
  }
}

void WritableBinds::add(const std::string& source, const std::string& target, std::size_t mount) {
  std::string real = real_path(source);
  if (real.empty()) return;
  // A link's target appears at its own name, too.
  const bool is_identity = source == target;
  if (is_identity && real != target) shown_.push_back({real, real, mount});
  shown_.push_back({std::move(real), target, mount});
}

std::string WritableBinds::inside(const Shown& shown, const std::string& path) {
  const std::string rest = shown.source == "/" ? path : path.substr(shown.source.size());
  return shown.target == "/" ? rest : shown.target + rest;
}

bool WritableBinds::is_covered(const Shown& shown, const std::string& target) const {
  return std::ranges::any_of(spec_.mounts, [&](const Mount& mount) {
    return mount.target == target ||
           (is_within(target, mount.target) && depth(mount.target) > depth(shown.target));
  });
}

void WritableBinds::keep(const Shown& shown, const std::string& path, const char* why,
                         bool create) {
  std::string target = inside(shown, path);
  if (is_covered(shown, target)) return;
  Bind bind{.create = create};
  if (target != path) bind.source = path;
  spec_.mounts.push_back(Mount{.target = std::move(target),
                               .optional = true,
                               .what = std::move(bind),
                               .origin = Origin{.flag = why}});
}

}  // namespace immure
