#include "policy_answer.h"

#include <linux/audit.h>

#include <algorithm>

namespace immure::fuzz {
namespace {

constexpr std::uint32_t kNoCall = 0xffffffff;  // what a tracer writes to skip one

}  // namespace

bool holds(const ArgTest& test, const seccomp_data& call) {
  constexpr std::uint64_t kLow = 0xffffffff;
  const std::uint64_t whole = call.args[test.arg];
  const std::uint64_t masked = (test.wide ? whole : whole & kLow) & test.mask;
  bool result = masked != 0;
  if (test.at_least) {
    result = masked >= test.values[0];
  } else if (!test.values.empty()) {
    result = std::ranges::find(test.values, masked) != test.values.end();
  }
  return result != test.negate;
}

std::uint32_t answer(const Policy& policy, std::uint32_t number, const seccomp_data& call) {
  const auto found = policy.calls.find(number);
  if (found == policy.calls.end()) return policy.unlisted.value;
  for (const Case& one : found->second.cases) {
    if (std::ranges::all_of(one.tests, [&](const ArgTest& test) { return holds(test, call); })) {
      return one.action.value;
    }
  }
  return found->second.otherwise.value;
}

std::uint32_t answer(std::span<const Policy> policies, const seccomp_data& call) {
  const auto number = static_cast<std::uint32_t>(call.nr);
  for (const Policy& policy : policies) {
    if (policy.arch != call.arch) continue;
    const bool x32 = number >= kX32Bit && number != kNoCall;
    if (policy.arch == AUDIT_ARCH_X86_64 && x32 && !policy.x32) return kKill.value;
    return answer(policy, number, call);
  }
  return kKill.value;
}

}  // namespace immure::fuzz
