#include "commands/planted_profiles.h"

#include <string>
#include <variant>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

std::vector<std::string> writable_directories(const LaunchPlan& plan) {
  std::vector<std::string> directories;
  for (const PlannedStep& step : plan.setup) {
    if (const auto* bind = std::get_if<BindMount>(&step.what)) {
      if (!bind->read_only) directories.push_back(bind->source);
    } else if (const auto* overlay = std::get_if<OverlayMount>(&step.what)) {
      if (!overlay->upper.empty()) directories.push_back(overlay->upper);
    } else if (const auto* root = std::get_if<MakeRoot>(&step.what)) {
      if (!root->directory.empty() && !root->read_only) directories.push_back(root->directory);
    }
  }
  return directories;
}

}  // namespace

Errors find_planted(const std::vector<LoadedProfile>& profiles, const LaunchPlan& plan,
                    const Host& host) {
  Errors errors;
  std::vector<std::string> writable;
  for (const LoadedProfile& profile : profiles) {
    if (!is_absolute(profile.path)) continue;  // built in
    if (writable.empty()) writable = writable_directories(plan);
    const auto resolved = host.files->resolve(profile.path);
    if (!resolved.ok()) {
      errors.push_back(resolved.error());
      continue;
    }
    for (const LinkOnTheWay& link : resolved.value().links) {
      for (const std::string& directory : writable) {
        if (link.path == directory || !is_within(link.path, directory)) continue;
        errors.push_back(
            {.code = Code::file_unsafe_owner,
             .doing = "profile " + quote(profile.path) + " was found over the symlink " +
                      quote(link.path) + ", which a sandbox may have made: " + quote(directory) +
                      " is writable",
             .hint =
                 "if you made the link, name " + quote(resolved.value().canonical) + " instead"});
        break;
      }
    }
  }
  return errors;
}

}  // namespace immure
