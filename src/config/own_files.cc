#include "config/own_files.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/path.h"
#include "base/real_path.h"
#include "config/profile_file.h"
#include "config/project.h"
#include "spec/merge.h"

namespace immure {
namespace {

// A host directory that the sandbox may write, and where it appears inside.
struct Shown {
  std::string source, target;
};

// What the path of a missing directory will be: its nearest parent is there. Empty: there is none.
std::string real_path_when_made(const std::string& path) {
  for (std::string_view at = path; at.size() > 1;) {
    at = parent_of(at);
    const std::string real = real_path(std::string(at));
    if (!real.empty())
      return (real == "/" ? std::string() : real) + path.substr(at == "/" ? 0 : at.size());
  }
  return {};
}

bool is_writable_bind(const Mount& mount) {
  const auto* bind = std::get_if<Bind>(&mount.what);
  return bind != nullptr && !bind->read_only;
}

// Where the mount shows the file's directory or one above it; the nearest, for a pattern.
std::vector<Shown> showing(const Mount& mount, const std::string& file) {
  std::vector<Shown> found;
  if (mount.glob) {
    for (std::string at = file;; at = parent_of(at)) {
      if (::fnmatch(mount.target.c_str(), at.c_str(), FNM_PATHNAME) == 0) found.push_back({at, at});
      if (at == "/") return found;
    }
  }
  const std::string& written = std::get<Bind>(mount.what).source;
  std::string source = real_path(written.empty() ? mount.target : written);
  if (source.empty() || !is_within(file, source)) return found;
  // A link's target appears at its own name, too.
  const bool at_real_name = written.empty() && source != mount.target;
  if (at_real_name) found.push_back({source, source});
  found.push_back({std::move(source), mount.target});
  return found;
}

class Keeper {
 public:
  explicit Keeper(SandboxSpec& spec) : spec_(spec) {}

  // `create`: the directory may be missing, and is made where the command could make it.
  void keep(const std::string& file, const char* origin, bool create = false) {
    if (file.empty()) return;
    create_ = create;
    for (std::size_t i = 0; i < own_; ++i) {
      if (!is_writable_bind(spec_.mounts[i])) continue;
      for (const Shown& shown : showing(spec_.mounts[i], file)) keep_at(shown, file, origin);
    }
  }

 private:
  void keep_at(const Shown& shown, const std::string& file, const char* origin) {
    // The whole bind is what is kept: the profile has asked for exactly this.
    if (file == shown.source) return;
    const std::string rest = shown.source == "/" ? file : file.substr(shown.source.size());
    std::string target = shown.target == "/" ? rest : shown.target + rest;
    // What another entry covers is not to be shown by this one.
    std::size_t nearest = depth(shown.target);
    for (const Mount& mount : spec_.mounts) {
      if (mount.target == target) return;
      if (is_within(target, mount.target) && depth(mount.target) > nearest) return;
    }
    Bind bind{.create = create_};
    if (target != file) bind.source = file;
    spec_.mounts.push_back(Mount{.target = std::move(target),
                                 .optional = true,
                                 .what = std::move(bind),
                                 .origin = Origin{.flag = origin}});
  }

  SandboxSpec& spec_;
  bool create_ = false;
  std::size_t own_ = spec_.mounts.size();
};

}  // namespace

void keep_own_files_read_only(SandboxSpec& spec, const std::vector<LoadedProfile>& profiles,
                              const Circumstances& circumstances) {
  if (std::ranges::none_of(spec.mounts, is_writable_bind)) return;
  Keeper keeper(spec);
  keeper.keep(real_path(find_project_file(circumstances.cwd, circumstances)),
              "always: a project file is read-only inside");
  const std::string profiles_of_user = user_directory(circumstances);
  const std::string there = real_path(profiles_of_user);
  keeper.keep(there.empty() ? real_path_when_made(profiles_of_user) : there,
              "always: your profiles are read-only inside", there.empty());
  keeper.keep(real_path("/proc/self/exe"), "always: immure itself is read-only inside");
  for (const LoadedProfile& profile : profiles) {
    if (!is_absolute(profile.path)) continue;  // built in
    keeper.keep(real_path(profile.path), "always: a profile in use is read-only inside");
  }
  sort_by_depth(spec.mounts);
}

}  // namespace immure
