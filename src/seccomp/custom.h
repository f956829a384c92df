// The filter of a profile that says more than `seccomp.base`: single calls and groups of them
// opened or closed, rules on arguments, families of sockets, other ABIs. It is compiled when it is
// wanted, which takes some 100 us (compile.h). Build time and before clone. See seccomp(2).
//
// What decides about a call, the first that says anything of it:
//   the rules, in their order; the families, for socket(2) where it is not refused as a whole; its
//   name; of the groups it is in, the one that comes last in `changes`; the base.
// A name that is allowed is so whatever its arguments. A group opens a call only as far as the
// filter `standard` lets it be called elsewhere, tests of arguments included, and never those that
// get around such tests: clone3 and socketcall, whose arguments are behind a pointer.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "seccomp/arg_expression.h"
#include "seccomp/filters.h"
#include "seccomp/policy.h"

namespace immure {

// Who said something, as a number of the caller's own; the filter that is built in is kBuiltIn.
using Source = std::size_t;
inline constexpr Source kBuiltIn = 0;

// A call or a group allowed, or refused with EPERM.
struct CallChange {
  std::string name;  // "ptrace", "@mount"
  bool allow = false;
  Source source = kBuiltIn;
};

// The ABIs that a processor may have beside its own.
enum class Abi : std::uint8_t { native, i386, x32 };

struct CallRule {
  std::vector<std::string> calls;    // and groups
  std::vector<ArgExpression> tests;  // all must hold
  Action action;
  std::vector<Abi> abis;  // empty: all
  Source source = kBuiltIn;
};

struct SocketRule {
  std::vector<int> families;  // AF_…
  Source source = kBuiltIn;
};

struct FilterRequest {
  bool has_base = true;  // else everything is allowed that nothing else refuses
  FilterChoice choice;
  bool x32 = false;
  // What a call meets that is refused with EPERM; EPERM itself if unset.
  std::optional<Action> refusal;
  std::vector<CallChange> changes;  // a later one is stronger than an earlier one of its kind
  std::vector<CallRule> rules;      // the first that holds decides
  std::optional<SocketRule> sockets;

  // The filter compiled at build time is all that is wanted.
  bool is_built_in() const {
    return has_base && !x32 && !refusal && changes.empty() && rules.empty() && !sockets;
  }
};

// Who decided about one call: by the cases of its decision, and its last word.
struct Sources {
  std::vector<Source> cases;
  Source otherwise = kBuiltIn;
};

// The policy of one ABI. What is not in `sources` is the base's.
struct CustomPolicy {
  Abi abi = Abi::native;
  Policy policy;
  std::map<std::uint32_t, Sources> sources;
};

enum class CallName : unsigned char {
  known,    // on this architecture
  foreign,  // on others only: a change of it changes nothing
  unknown,
};
CallName look_up_call(std::string_view name);

// The likely call or group for an unknown name; may be empty.
std::string similar_call(std::string_view name);

// A test of a rule that cannot be made of an argument: which rule, which of its tests, of what
// call.
struct BadTest {
  std::size_t rule = 0, test = 0;
  std::string call;
  ArgKind kind = ArgKind::none;
  std::optional<BadExpression> value;  // the kind is right, but a number is not
  bool on_i386 = false;
};
std::optional<BadTest> find_bad_test(const FilterRequest& request);

// For the architecture that this program was built for first, then the other ABIs. The request has
// known names and no bad test. The Error is one of make_policy().
Result<std::vector<CustomPolicy>> make_custom(const FilterRequest& request);

// The policies as one program.
Result<std::vector<sock_filter>> compile(std::span<const CustomPolicy> policies);

}  // namespace immure
