// The object linux.seccomp of the OCI runtime specification as policies. nlohmann::json throws:
// nothing of that leaves this file.
#include <linux/audit.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "base/text.h"
#include "seccomp/arg_kinds.h"
#include "seccomp/calls.h"
#include "seccomp/filter_file.h"

namespace immure {
namespace {

using Json = nlohmann::json;

struct Wrong {
  std::string reason;
  std::string hint;
};

struct NamedAction {
  std::string_view name;
  std::uint32_t value;
  bool errnum;  // has errnoRet
};
constexpr auto kActions =
    std::to_array<NamedAction>({{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false},
                                {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false},
                                {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false},
                                {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false},
                                {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true},
                                {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true},
                                {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false},
                                {"SCMP_ACT_LOG", SECCOMP_RET_LOG, false}});

struct NamedArch {
  std::string_view name;
  std::uint32_t arch;
};
constexpr auto kArchs = std::to_array<NamedArch>({{"SCMP_ARCH_X86_64", AUDIT_ARCH_X86_64},
                                                  {"SCMP_ARCH_X86", AUDIT_ARCH_I386},
                                                  {"SCMP_ARCH_X32", SCMP_ARCH_X32},
                                                  {"SCMP_ARCH_AARCH64", AUDIT_ARCH_AARCH64},
                                                  {"SCMP_ARCH_ARM", AUDIT_ARCH_ARM}});

const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& value, const std::string& what) {
  if (!value.is_string()) throw Wrong{what + " is no string", ""};
  return value.get<std::string>();
}

std::uint64_t number_of(const Json& value, const std::string& what) {
  if (!value.is_number_unsigned()) throw Wrong{what + " is no number that is 0 or above", ""};
  return value.get<std::uint64_t>();
}

const Json& list_of(const Json& value, const std::string& what) {
  if (!value.is_array()) throw Wrong{what + " is no list", ""};
  return value;
}

Action action_of(const Json& value, const Json* errno_ret, const std::string& what) {
  const std::string name = text_of(value, what);
  if (name == "SCMP_ACT_NOTIFY") {
    throw Wrong{what + " asks a supervisor (SCMP_ACT_NOTIFY)",
                "immure has none: write another action"};
  }
  const auto* const known = std::ranges::find(kActions, name, &NamedAction::name);
  if (known == kActions.end()) {
    throw Wrong{what + " is " + quote(name), "write SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, …"};
  }
  if (!known->errnum) return {known->value};
  const std::uint64_t errnum =
      errno_ret != nullptr ? number_of(*errno_ret, "errnoRet") : std::uint64_t{EPERM};
  if (errnum > SECCOMP_RET_DATA) throw Wrong{"errnoRet does not fit into 16 bits", ""};
  return {known->value | static_cast<std::uint32_t>(errnum)};
}

// A smaller number is stricter, as to the kernel; SECCOMP_RET_KILL_PROCESS is the only negative
// one.
bool is_stricter(Action a, Action b) {
  const auto rank = [](Action action) {
    return static_cast<std::int32_t>(action.value & SECCOMP_RET_ACTION_FULL);
  };
  return rank(a) < rank(b);
}

std::uint64_t cut(std::uint64_t value, ArgKind kind) {
  constexpr std::uint64_t kLow16 = 0xffff;
  constexpr std::uint64_t kLow32 = 0xffffffff;
  if (kind == ArgKind::int16) return value & kLow16;
  return kind == ArgKind::int32 ? value & kLow32 : value;
}

// What is not understood, a slip of the pen or "includes" of Docker's, could have made the filter
// refuse more, or an entry hold in fewer cases.
void refuse_unknown_members(const Json& object, const std::string& what,
                            std::span<const std::string_view> known, const std::string& hint) {
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(known, key) != known.end() || value.empty()) continue;
    throw Wrong{what + " has " + quote(key), hint};
  }
}

ArgTest test_of(const Json& arg, std::string_view call) {
  if (!arg.is_object()) throw Wrong{"an item of args is no object", ""};
  constexpr auto kKnown = std::to_array<std::string_view>({"index", "value", "valueTwo", "op"});
  refuse_unknown_members(arg, "an item of args", kKnown, "OCI has index, value, valueTwo and op");
  const Json* index = member(arg, "index");
  const Json* value = member(arg, "value");
  const Json* op = member(arg, "op");
  if (index == nullptr || value == nullptr || op == nullptr) {
    throw Wrong{"an item of args has no index, value or op", ""};
  }
  const std::uint64_t place = number_of(*index, "index");
  constexpr std::uint64_t kLastArg = 5;
  if (place > kLastArg) throw Wrong{"an index of args is above 5", ""};
  const ArgKind kind = arg_kind(call, static_cast<unsigned>(place));
  ArgTest test{.arg = static_cast<std::uint8_t>(place),
               .mask = cut(std::numeric_limits<std::uint64_t>::max(), kind),
               .values = {cut(number_of(*value, "value"), kind)},
               .wide = kind != ArgKind::int16 && kind != ArgKind::int32};
  const std::string name = text_of(*op, "op");
  const bool above = name == "SCMP_CMP_GT" || name == "SCMP_CMP_LE";
  test.negate = name == "SCMP_CMP_NE" || name == "SCMP_CMP_LT" || name == "SCMP_CMP_LE";
  test.at_least = above || name == "SCMP_CMP_GE" || name == "SCMP_CMP_LT";
  if (name == "SCMP_CMP_MASKED_EQ") {
    const Json* two = member(arg, "valueTwo");
    const std::uint64_t wanted = two == nullptr ? 0 : number_of(*two, "valueTwo");
    test.mask = test.values[0];
    test.values = {cut(wanted, kind)};
  } else if (!test.at_least && !test.negate && name != "SCMP_CMP_EQ") {
    throw Wrong{"op is " + quote(name), "write SCMP_CMP_EQ, SCMP_CMP_MASKED_EQ, …"};
  }
  if (!above) return test;
  if (test.values[0] != test.mask) {
    ++test.values[0];
  } else {  // nothing is above
    test.at_least = false;
    test.mask = 0;
    test.values = {1};
  }
  return test;
}

// An argument that stands twice may be either, as libseccomp's users have it; different arguments
// must all hold.
std::vector<std::vector<ArgTest>> alternatives(const Json* args, std::string_view call) {
  std::vector<ArgTest> tests;
  if (args != nullptr) {
    for (const Json& arg : list_of(*args, "args")) tests.push_back(test_of(arg, call));
  }
  bool twice = false;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) twice = twice || tests[i].arg == tests[j].arg;
  }
  if (!twice) return {std::move(tests)};
  std::vector<std::vector<ArgTest>> each;
  each.reserve(tests.size());
  for (ArgTest& test : tests) each.push_back({std::move(test)});
  return each;
}

void add_entry(const Json& entry, std::vector<Policy>& policies,
               std::vector<std::map<std::uint32_t, std::vector<Case>>>& cases) {
  if (!entry.is_object()) throw Wrong{"an item of syscalls is no object", ""};
  constexpr auto kKnown =
      std::to_array<std::string_view>({"names", "action", "errnoRet", "args", "comment"});
  refuse_unknown_members(entry, "an item of syscalls", kKnown,
                         "OCI has names, action, errnoRet and args");
  const Json* names = member(entry, "names");
  const Json* action = member(entry, "action");
  if (names == nullptr || action == nullptr) {
    throw Wrong{"an item of syscalls has no names or no action", ""};
  }
  const Action does = action_of(*action, member(entry, "errnoRet"), "action");
  for (const Json& item : list_of(*names, "names")) {
    const std::string name = text_of(item, "an item of names");
    // A name that nobody knows is passed over, as runtimes do: it may be newer than they are.
    for (std::size_t i = 0; i < policies.size(); ++i) {
      const CallNumber call = find_call(name, policies[i].arch);
      if (call.kind != CallKind::present) continue;
      for (std::vector<ArgTest>& tests : alternatives(member(entry, "args"), name)) {
        cases[i][call.number].push_back({.tests = std::move(tests), .action = does});
      }
    }
  }
}

// A case without tests ends the list.
Decision decision_of(std::vector<Case> cases, Action unlisted) {
  std::ranges::stable_sort(cases, is_stricter, &Case::action);
  Decision decision{.cases = {}, .otherwise = unlisted};
  for (Case& one : cases) {
    if (one.tests.empty()) {
      decision.otherwise = one.action;
      break;
    }
    decision.cases.push_back(std::move(one));
  }
  return decision;
}

std::vector<std::uint32_t> archs_of(const Json& filter) {
  const Json* listed = member(filter, "architectures");
  if (listed == nullptr || list_of(*listed, "architectures").empty()) return {native_arch()};
  std::vector<std::uint32_t> archs;
  for (const Json& item : *listed) {
    const std::string name = text_of(item, "an item of architectures");
    const auto* const known = std::ranges::find(kArchs, name, &NamedArch::name);
    if (known == kArchs.end() && !name.starts_with("SCMP_ARCH_")) {
      throw Wrong{"an item of architectures is " + quote(name), "write SCMP_ARCH_X86_64, …"};
    }
    if (known == kArchs.end()) continue;  // of no processor that immure knows
    const bool here = known->arch == native_arch() ||
                      (has_i386(native_arch()) &&
                       (known->arch == AUDIT_ARCH_I386 || known->arch == SCMP_ARCH_X32));
    if (here && std::ranges::find(archs, known->arch) == archs.end()) archs.push_back(known->arch);
  }
  if (std::ranges::find(archs, native_arch()) == archs.end()) {
    throw Wrong{"it does not name the architecture of this processor",
                "nothing could run: add it to architectures"};
  }
  return archs;
}

void refuse_unknown_parts(const Json& filter) {
  constexpr auto kRefused = std::to_array<const char*>({"listenerPath", "listenerMetadata"});
  for (const char* name : kRefused) {
    if (member(filter, name) != nullptr) {
      throw Wrong{std::string(name) + " asks for a supervisor", "immure has none: take it away"};
    }
  }
  // archMap is Docker's: what it adds to architectures ends the process here.
  constexpr auto kKnown =
      std::to_array<std::string_view>({"defaultAction", "defaultErrnoRet", "architectures", "flags",
                                       "syscalls", "archMap", "comment"});
  refuse_unknown_members(
      filter, "it", kKnown,
      "OCI has defaultAction, defaultErrnoRet, architectures, flags and syscalls");
  const Json* flags = member(filter, "flags");
  if (flags == nullptr) return;
  for (const Json& flag : list_of(*flags, "flags")) {
    const std::string name = text_of(flag, "an item of flags");
    // These say how it is loaded, not what it refuses.
    if (name == "SECCOMP_FILTER_FLAG_LOG" || name == "SECCOMP_FILTER_FLAG_TSYNC" ||
        name == "SECCOMP_FILTER_FLAG_SPEC_ALLOW") {
      continue;
    }
    throw Wrong{"the flag " + quote(name) + " is not supported", "take it away"};
  }
}

// x32 has no policy of its own for the compiler.
std::vector<Policy> joined(std::vector<Policy> policies) {
  std::vector<Policy> result;
  for (Policy& policy : policies) {
    if (policy.arch != SCMP_ARCH_X32) result.push_back(std::move(policy));
  }
  for (const Policy& policy : policies) {
    if (policy.arch != SCMP_ARCH_X32) continue;
    Policy& native = *std::ranges::find(result, native_arch(), &Policy::arch);
    native.x32 = true;
    for (const auto& [number, decision] : policy.calls) native.calls.emplace(number, decision);
  }
  return result;
}

std::vector<Policy> policies_of(const Json& filter) {
  const Json* unlisted = member(filter, "defaultAction");
  if (unlisted == nullptr) {
    throw Wrong{"it has no defaultAction",
                "immure takes the object linux.seccomp of config.json alone"};
  }
  refuse_unknown_parts(filter);
  const Action otherwise = action_of(*unlisted, member(filter, "defaultErrnoRet"), "defaultAction");
  std::vector<Policy> policies;
  for (const std::uint32_t arch : archs_of(filter)) {
    policies.push_back({.arch = arch, .unlisted = otherwise, .calls = {}});
  }
  std::vector<std::map<std::uint32_t, std::vector<Case>>> cases(policies.size());
  if (const Json* entries = member(filter, "syscalls")) {
    for (const Json& entry : list_of(*entries, "syscalls")) add_entry(entry, policies, cases);
  }
  for (std::size_t i = 0; i < policies.size(); ++i) {
    for (auto& [number, list] : cases[i]) {
      policies[i].calls.emplace(number, decision_of(std::move(list), otherwise));
    }
  }
  return joined(std::move(policies));
}

Error bad(std::string reason, std::string hint) {
  return Error{.code = Code::filter_file,
               .doing = "this is no OCI filter",
               .reason = std::move(reason),
               .hint = std::move(hint)};
}

}  // namespace

Result<std::vector<Policy>> read_oci_filter(std::string_view json) {
  try {
    const Json filter = Json::parse(json);
    return policies_of(filter);
  } catch (const Wrong& wrong) {
    return bad(wrong.reason, wrong.hint);
  } catch (const Json::exception& error) {
    // After the library's name for it: "[json.exception.parse_error.101] ".
    const std::string_view what = error.what();
    return bad(escape(what.substr(what.find(']') + 1).substr(1)),
               "it is JSON as in config.json, linux.seccomp");
  }
}

std::vector<std::string> unknown_to_refuse(std::string_view json) {
  std::vector<std::string> unknown;
  try {
    const Json filter = Json::parse(json);
    const Action unlisted =
        action_of(filter.at("defaultAction"), member(filter, "defaultErrnoRet"), "defaultAction");
    for (const Json& entry : filter.value("syscalls", Json::array())) {
      const Action does = action_of(entry.at("action"), member(entry, "errnoRet"), "action");
      if (!is_stricter(does, unlisted)) continue;
      for (const Json& item : entry.at("names")) {
        const std::string name = text_of(item, "an item of names");
        if (find_call(name, native_arch()).kind == CallKind::unknown) unknown.push_back(name);
      }
    }
  } catch (const Wrong&) {
    return {};  // read_oci_filter() tells
  } catch (const Json::exception&) {
    return {};
  }
  return unknown;
}

}  // namespace immure
