#include "seccomp/policy.h"

#include <linux/audit.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "seccomp/calls.h"
#include "seccomp/tables.h"

namespace immure {
namespace {

Error mistake(std::string_view call, std::string reason) {
  return {.code = Code::setup_step,
          .doing = "build the system call policy, call " + std::string(call),
          .reason = std::move(reason)};
}

// Calls `each` with every word; ends at the first Error that it returns.
template <class F>
std::optional<Error> for_each_word(std::string_view words, F each) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (std::optional<Error> error = each(words.substr(0, end))) return error;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return std::nullopt;
}

std::uint8_t column(FilterChoice choice) {
  if (choice.strict) return kInStrict;
  return choice.nested ? kInNested : kInStandard;
}

Action action_of(const CallGroup& group, std::uint8_t in) {
  if (in == kInStrict) return group.strict;
  return in == kInNested ? group.nested : group.standard;
}

std::optional<Error> add_group(Policy& policy, std::string_view calls, Action action) {
  return for_each_word(calls, [&](std::string_view name) -> std::optional<Error> {
    const CallNumber call = find_call(name, policy.arch);
    if (call.kind == CallKind::unknown) return mistake(name, "no such system call");
    if (call.kind == CallKind::absent) return std::nullopt;
    if (!policy.calls.emplace(call.number, Decision{.cases = {}, .otherwise = action}).second)
      return mistake(name, "in two groups");
    return std::nullopt;
  });
}

std::optional<Error> add_rule(Policy& policy, const ArgRule& rule) {
  return for_each_word(rule.calls, [&](std::string_view name) -> std::optional<Error> {
    const CallNumber call = find_call(name, policy.arch);
    if (call.kind == CallKind::absent) return std::nullopt;
    const auto found = policy.calls.find(call.number);
    if (call.kind == CallKind::unknown || found == policy.calls.end())
      return mistake(name, "a rule on arguments, but in no group");
    Decision& decision = found->second;
    if (rule.when.tests.empty())
      decision.otherwise = rule.when.action;
    else
      decision.cases.push_back(rule.when);
    return std::nullopt;
  });
}

}  // namespace

Result<Policy> make_policy(FilterChoice choice, std::uint32_t arch) {
  Policy policy{.arch = arch, .unlisted = refuse(ENOSYS), .calls = {}};
  const std::uint8_t in = column(choice);
  for (const CallGroup& group : call_groups())
    if (std::optional<Error> error = add_group(policy, group.calls, action_of(group, in)))
      return *std::move(error);
  if (arch == AUDIT_ARCH_I386) {
    for (const CallGroup& group : call_groups_i386())
      if (std::optional<Error> error = add_group(policy, group.calls, action_of(group, in)))
        return *std::move(error);
  }
  const auto wanted = static_cast<std::uint8_t>(in | (choice.guard_setid ? kWhenGuarded : 0));
  for (const ArgRule& rule : arg_rules()) {
    if ((rule.where & wanted) == 0) continue;
    if (std::optional<Error> error = add_rule(policy, rule)) return *std::move(error);
  }
  return policy;
}

Result<std::vector<Policy>> make_policies(FilterChoice choice, std::uint32_t arch) {
  std::vector<std::uint32_t> archs{arch};
  if (choice.i386 && has_i386(arch)) archs.push_back(AUDIT_ARCH_I386);
  std::vector<Policy> policies;
  for (const std::uint32_t one : archs) {
    Result<Policy> policy = make_policy(choice, one);
    if (!policy.ok()) return policy.error();
    policies.push_back(std::move(policy.value()));
  }
  return policies;
}

std::vector<FilterChoice> filter_choices() {
  std::vector<FilterChoice> choices;
  for (const FilterChoice base :
       {FilterChoice{}, FilterChoice{.nested = true}, FilterChoice{.strict = true}}) {
    for (const bool i386 : {false, true}) {
      for (const bool guard_setid : {false, true}) {
        choices.push_back(base);
        choices.back().i386 = i386;
        choices.back().guard_setid = guard_setid;
      }
    }
  }
  return choices;
}

}  // namespace immure
