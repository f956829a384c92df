#include "filter_reading.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "policy_answer.h"
#include "require.h"
#include "seccomp/aliases_i386.h"
#include "seccomp/calls.h"
#include "seccomp/syscall_groups.h"
#include "seccomp/words.h"

namespace immure::fuzz {
namespace {

// The member of `name`, a call or a group, that is this number; empty: none is.
std::string_view member_of(const std::string& name, std::uint32_t number, std::uint32_t arch) {
  for (const std::string_view call : members(name)) {
    if (numbers_of(call, arch).contains(number)) return call;
  }
  return {};
}

std::uint64_t bits_of(ArgKind kind) {
  if (kind == ArgKind::int16) return 0xffff;
  return kind == ArgKind::int32 ? 0xffffffff : UINT64_MAX;
}

bool is_true(const ArgExpression& e, std::string_view call, const seccomp_data& data) {
  using Operator = ArgExpression::Operator;
  const std::uint64_t bits = bits_of(arg_kind(call, e.arg));
  const std::uint64_t mask = e.mask ? static_cast<std::uint64_t>(e.mask->value) & bits : bits;
  const std::uint64_t found = data.args[e.arg] & mask;
  if (e.op == Operator::any_bit) return found != 0;
  const auto value = [&](const ArgNumber& n) { return static_cast<std::uint64_t>(n.value) & bits; };
  const std::uint64_t first = value(e.values.front());
  switch (e.op) {
    case Operator::any_bit:
      break;
    case Operator::equal:
      return found == first;
    case Operator::unequal:
      return found != first;
    case Operator::less:
      return found < first;
    case Operator::at_most:
      return found <= first;
    case Operator::more:
      return found > first;
    case Operator::at_least:
      return found >= first;
    case Operator::in:
      return std::ranges::any_of(e.values, [&](const ArgNumber& n) { return value(n) == found; });
  }
  return false;
}

bool holds(const CallRule& rule, const KnownAbi& abi, std::uint32_t number,
           const seccomp_data& call) {
  if (!rule.abis.empty() && std::ranges::find(rule.abis, abi.abi) == rule.abis.end()) {
    return false;
  }
  for (const std::string& name : rule.calls) {
    const std::string_view member = member_of(name, number, abi.arch);
    if (member.empty()) continue;
    if (std::ranges::all_of(rule.tests,
                            [&](const ArgExpression& e) { return is_true(e, member, call); })) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<std::string_view> members(const std::string& name) {
  return name.starts_with('@') ? calls_of_group(name) : std::vector<std::string_view>{name};
}

std::set<std::uint32_t> numbers_of(std::string_view call, std::uint32_t arch) {
  std::set<std::uint32_t> numbers;
  const auto add = [&](std::string_view name) {
    const CallNumber found = find_call(name, arch);
    if (found.kind == CallKind::present) numbers.insert(found.number);
  };
  add(call);
  for (const CallAlias& alias : aliases_i386()) {
    if (arch == AUDIT_ARCH_I386 && alias.call == call) for_each_word(alias.names, add);
  }
  return numbers;
}

std::uint32_t FilterReading::answer(const KnownAbi& abi, const seccomp_data& call) const {
  const auto number = static_cast<std::uint32_t>(call.nr);
  for (const CallRule& rule : request_.rules) {
    if (holds(rule, abi, number, call)) return rule.action.value;
  }
  const std::uint32_t value = without_rules(abi, number, call);
  return value == refuse(EPERM).value && request_.refusal ? request_.refusal->value : value;
}

// The last word on a call, of the names or of the groups.
std::optional<bool> FilterReading::change(const KnownAbi& abi, std::uint32_t number,
                                          bool groups) const {
  std::optional<bool> allowed;
  for (const std::uint32_t layer : {0U, 1U}) {
    for (const bool allow : {true, false}) {
      for (const SetItem& item : (allow ? seccomp_.allow : seccomp_.deny).items) {
        if (item.layer != layer || item.text.starts_with('@') != groups) continue;
        const std::string_view member = member_of(item.text, number, abi.arch);
        const bool passed_over = groups && allow && has_word("clone3 socketcall", member);
        if (!member.empty() && !passed_over) allowed = allow;
      }
    }
  }
  return allowed;
}

std::uint32_t FilterReading::without_rules(const KnownAbi& abi, std::uint32_t number,
                                           const seccomp_data& call) const {
  const auto by_name = change(abi, number, false);
  const auto by_group = change(abi, number, true);
  const bool refused = !by_name.value_or(by_group.value_or(true));
  const CallNumber socket = find_call("socket", abi.arch);
  if (request_.sockets && socket.kind == CallKind::present && socket.number == number && !refused) {
    return family(call);
  }
  if (refused) return refuse(EPERM).value;
  if (by_name) return kAllow.value;
  const Policy base = policy(request_.choice, abi);
  if (!by_group) return immure::fuzz::answer(base, number, call);
  FilterChoice open{.guard_setid = guard_};
  if (!request_.choice.strict) open = request_.choice;
  const Policy opened = policy(open, abi);
  const auto found = opened.calls.find(number);
  const bool closed = found == opened.calls.end() ||
                      (found->second.cases.empty() && found->second.otherwise != kAllow);
  return closed ? kAllow.value : immure::fuzz::answer(opened, number, call);
}

Policy FilterReading::policy(const FilterChoice& choice, const KnownAbi& abi) const {
  if (!request_.has_base) return {.arch = abi.arch, .unlisted = kAllow, .calls = {}};
  auto made = make_policy(choice, abi.arch);
  require(made.ok(), "a policy of the base");
  return made.value();
}

std::uint32_t FilterReading::family(const seccomp_data& call) const {
  const auto low = [&](int i) { return static_cast<std::uint32_t>(call.args[i]); };
  constexpr std::uint32_t kType = 0xf;
  const auto has = [&](int family) {
    return std::ranges::find(request_.sockets->families, family) !=
           request_.sockets->families.end();
  };
  const bool old_packet = low(0) == AF_INET && (low(1) & kType) == SOCK_PACKET;
  const bool netlink = low(0) == AF_NETLINK;
  const bool good =
      has(static_cast<int>(low(0))) && (!old_packet || has(AF_PACKET)) && (!netlink || low(2) == 0);
  return (good ? kAllow : refuse(EAFNOSUPPORT)).value;
}

}  // namespace immure::fuzz
