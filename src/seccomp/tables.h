// The tables of the built-in policies: what `standard` and `strict` say about each group of calls,
// and the arguments that change the answer. Build time and before clone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "seccomp/policy.h"

namespace immure {

// One line of the table: calls, separated by spaces, that are treated alike. No call stands twice.
struct CallGroup {
  Action standard;
  Action nested;  // `standard` with namespaces open
  Action strict;
  std::string_view calls;
};
std::span<const CallGroup> call_groups();
// More of them, for the policy of i386.
std::span<const CallGroup> call_groups_i386();

// Which filters a rule on arguments belongs to; a bit each.
inline constexpr std::uint8_t kInStandard = 1;
inline constexpr std::uint8_t kInNested = 2;
inline constexpr std::uint8_t kInStrict = 4;
inline constexpr std::uint8_t kInAll = 7;
inline constexpr std::uint8_t kWhenGuarded = 8;  // in each filter, with FilterChoice::guard_setid

// For these calls the case goes before the action of their group; the first rule that holds
// decides.
struct ArgRule {
  std::uint8_t where = 0;
  std::string_view calls;
  Case when;
};
std::vector<ArgRule> arg_rules();

}  // namespace immure
