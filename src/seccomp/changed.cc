#include "seccomp/changed.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/policy.h"
#include "seccomp/tables.h"

namespace immure {

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
    std::string_view rest = group.calls;
    while (!rest.empty()) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      names.push_back(word);
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
  }
  return closest(name, names.data(), names.size());
}

Result<std::vector<sock_filter>> compile_changed(bool filter, FilterChoice choice,
                                                 std::span<const CallChange> changes) {
  const std::uint32_t arch = native_arch();
  Policy policy{.arch = arch, .unlisted = kAllow, .calls = {}};
  if (filter) {
    Result<Policy> built_in = make_policy(choice, arch);
    if (!built_in.ok()) return built_in.error();
    policy = std::move(built_in.value());
  }
  for (const CallChange& change : changes) {
    const CallNumber call = find_call(change.call, arch);
    if (call.kind != CallKind::present) continue;
    policy.calls.insert_or_assign(
        call.number, Decision{.cases = {}, .otherwise = change.allow ? kAllow : refuse(EPERM)});
  }
  return compile(policy);
}

}  // namespace immure
