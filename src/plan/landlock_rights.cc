#include "plan/landlock_rights.h"

#include <variant>

#include "base/path.h"
#include "plan/landlock.h"

namespace immure {

std::string landlock_refusal(const LaunchPlan& plan, std::string_view path, std::uint64_t right) {
  for (const PlannedStep& step : plan.command_setup) {
    const auto* rules = std::get_if<RestrictSelf>(&step.what);
    if (rules == nullptr || (rules->files & right) == 0) continue;
    std::uint64_t left = 0;
    for (const LandlockPath& rule : rules->paths) {
      if (is_within(path, rule.path)) left |= rule.rights;
    }
    if ((left & right) == 0) return landlock_words(left, rules->files);
  }
  return {};
}

}  // namespace immure
