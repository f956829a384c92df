#include <sys/resource.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "plan/kernel_words.h"
#include "plan/lower_process.h"

namespace immure {
namespace {

std::string show_limit(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

// What a shipped profile says is a bound, and nothing that the command needs: where we have less,
// that is the bound.
bool is_shipped(const Origin& origin) { return origin.file && origin.file->shipped; }

}  // namespace

void lower_limits(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors) {
  for (const auto& [name, resource] : resources()) {
    const auto found = spec.limits.rlimits.find(std::string(name));
    const bool set = found != spec.limits.rlimits.end() && found->second.is_set();
    if (!set && resource != RLIMIT_CORE) continue;
    const rlim_t ours = host.hard_limit(resource);
    if (!set) {
      // 1 byte, not 0: only then a pipe in core_pattern is not fed either (core(5)).
      const rlim_t none = std::min<rlim_t>(1, ours);
      plan.command_setup.push_back(
          {SetRlimit{.resource = resource, .soft = none, .hard = none}, {}});
      continue;
    }
    const LimitValue& limit = *found->second.value;
    SetRlimit step{.resource = resource, .soft = ours, .hard = ours};
    switch (limit.kind) {
      case LimitValue::Kind::inherit:
        continue;
      case LimitValue::Kind::hard:
        break;
      case LimitValue::Kind::unlimited:
        step.soft = step.hard = RLIM_INFINITY;
        break;
      case LimitValue::Kind::value:
        step.soft = limit.soft;
        step.hard = limit.hard;
        break;
    }
    if (is_shipped(found->second.origin)) {
      step.hard = std::min(step.hard, ours);
      step.soft = std::min(step.soft, step.hard);
    }
    if (step.soft > step.hard || step.hard > ours) {
      const bool order = step.soft > step.hard;
      errors.push_back({.code = Code::limit,
                        .doing = "limits." + std::string(name) + " = " +
                                 show_limit(order ? step.soft : step.hard) + " is above " +
                                 (order ? "its hard limit, " + show_limit(step.hard)
                                        : "our hard limit, " + show_limit(ours)),
                        .origin = found->second.origin,
                        .hint = order ? "" : "write \"hard\" for as much as we may have"});
      continue;
    }
    plan.command_setup.push_back({step, found->second.origin});
  }
}

}  // namespace immure
