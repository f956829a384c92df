#include "seccomp/changed.h"

#include <linux/audit.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "seccomp/aliases_i386.h"
#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/policy.h"
#include "seccomp/tables.h"

namespace immure {
namespace {

// Calls `each` with every word.
template <class F>
void for_each_word(std::string_view words, F each) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    each(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

}  // namespace

CallName look_up_call(std::string_view name) {
  switch (find_call(name, native_arch()).kind) {
    case CallKind::present:
      return CallName::known;
    case CallKind::absent:
      return CallName::foreign;
    case CallKind::unknown:
      break;
  }
  return CallName::unknown;
}

std::string similar_call(std::string_view name) {
  std::vector<std::string_view> names;
  for (const CallGroup& group : call_groups()) {
    for_each_word(group.calls, [&](std::string_view word) { names.push_back(word); });
  }
  return closest(name, names.data(), names.size());
}

namespace {

void decide(Policy& policy, std::string_view name, bool allow) {
  const CallNumber call = find_call(name, policy.arch);
  if (call.kind != CallKind::present) return;
  policy.calls.insert_or_assign(call.number,
                                Decision{.cases = {}, .otherwise = allow ? kAllow : refuse(EPERM)});
}

void apply(Policy& policy, std::string_view name, bool allow) {
  decide(policy, name, allow);
  if (policy.arch != AUDIT_ARCH_I386) return;
  for (const CallAlias& alias : aliases_i386()) {
    if (alias.call != name) continue;
    for_each_word(alias.names, [&](std::string_view other) { decide(policy, other, allow); });
  }
  if (allow) return;
  for_each_word(calls_of_ipc(), [&](std::string_view call) {
    if (call == name) decide(policy, "ipc", false);
  });
}

}  // namespace

Result<std::vector<sock_filter>> compile_changed(bool filter, FilterChoice choice,
                                                 std::span<const CallChange> changes) {
  Result<std::vector<Policy>> built_in = make_policies(choice, native_arch());
  if (!built_in.ok()) return built_in.error();
  std::vector<Policy>& policies = built_in.value();
  for (Policy& policy : policies) {
    if (!filter) policy = {.arch = policy.arch, .unlisted = kAllow, .calls = {}};
    for (const CallChange& change : changes) apply(policy, change.call, change.allow);
  }
  return compile(policies);
}

}  // namespace immure
