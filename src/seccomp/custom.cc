#include "seccomp/custom.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.h"
#include "seccomp/aliases_i386.h"
#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/syscall_groups.h"
#include "seccomp/tables.h"
#include "seccomp/words.h"

namespace immure {
namespace {

// Their arguments, which name other calls' tests, are behind a pointer.
constexpr std::string_view kNeverByGroup = "clone3 socketcall";
constexpr std::string_view kCallsOfSocketcall =
    "socket bind connect listen accept getsockname getpeername socketpair send recv sendto "
    "recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg";
constexpr std::uint64_t kSocketType = 0xf;

std::uint32_t arch_of(Abi abi) {
  if (abi == Abi::i386) return AUDIT_ARCH_I386;
  return abi == Abi::x32 ? SCMP_ARCH_X32 : native_arch();
}

// How a call is known to one ABI.
struct Known {
  std::string_view name;
  std::uint32_t number;
};

// The call, and on i386 also what stands for it there.
std::vector<Known> known_as(std::string_view name, std::uint32_t arch) {
  std::vector<Known> found;
  const auto add = [&](std::string_view one) {
    const CallNumber call = find_call(one, arch);
    if (call.kind == CallKind::present) found.push_back({one, call.number});
  };
  add(name);
  if (arch != AUDIT_ARCH_I386) return found;
  for (const CallAlias& alias : aliases_i386()) {
    if (alias.call == name) for_each_word(alias.names, add);
  }
  return found;
}

// What makes this call too, with arguments that no filter sees: refused with it, not opened.
std::string_view multiplexer(std::string_view name, std::uint32_t arch) {
  if (arch != AUDIT_ARCH_I386) return {};
  if (has_word(calls_of_ipc(), name)) return "ipc";
  return has_word(kCallsOfSocketcall, name) ? "socketcall" : std::string_view();
}

std::vector<std::string_view> members(const std::string& name) {
  if (name.starts_with('@')) return calls_of_group(name);
  return {name};
}

class Builder {
 public:
  // `open`: what a group opens is as there.
  Builder(Policy base, Policy open, CustomPolicy& out)
      : arch_(base.arch), open_(std::move(open)), out_(out) {
    out_.policy = std::move(base);
  }

  void change(const CallChange& change) {
    const bool group = change.name.starts_with('@');
    for (const std::string_view call : members(change.name)) {
      if (group && change.allow && has_word(kNeverByGroup, call)) continue;
      for (const Known& known : known_as(call, arch_)) {
        Decision decision{.cases = {}, .otherwise = change.allow ? kAllow : refuse(EPERM)};
        if (group && change.allow) decision = as_opened(known.number);
        settle(known.number, std::move(decision), change.source);
      }
      if (!change.allow) refuse_multiplexer(call, change.source);
    }
  }

  void limit_sockets(const SocketRule& rule) {
    const CallNumber call = find_call("socket", arch_);
    if (call.kind == CallKind::present && !is_refused(call.number)) {
      settle(call.number, socket_decision(rule), rule.source);
    }
    // Its families can't be seen.
    refuse_multiplexer("socket", rule.source);
  }

  void refuse_with(Action refusal) {
    for (auto& [number, decision] : out_.policy.calls) {
      if (decision.otherwise == refuse(EPERM)) decision.otherwise = refusal;
      for (Case& one : decision.cases) {
        if (one.action == refuse(EPERM)) one.action = refusal;
      }
    }
  }

  // A rule that comes before all that were there.
  void put_first(const CallRule& rule) {
    for (const std::string& name : rule.calls) {
      for (const std::string_view call : members(name)) {
        for (const Known& known : known_as(call, arch_)) {
          put_first(known, call, rule);
        }
        if (rule.action != kAllow) refuse_multiplexer(call, rule.source);
      }
    }
  }

 private:
  Decision& decision_of(std::uint32_t number) {
    return out_.policy.calls
        .try_emplace(number, Decision{.cases = {}, .otherwise = out_.policy.unlisted})
        .first->second;
  }
  Sources& sources_of(std::uint32_t number) {
    Sources& sources = out_.sources[number];
    sources.cases.resize(decision_of(number).cases.size(), kBuiltIn);
    return sources;
  }

  void settle(std::uint32_t number, Decision decision, Source source) {
    out_.sources[number] = {.cases = std::vector<Source>(decision.cases.size(), source),
                            .otherwise = source};
    out_.policy.calls.insert_or_assign(number, std::move(decision));
  }

  Decision as_opened(std::uint32_t number) const {
    const auto found = open_.calls.find(number);
    const bool refused = found == open_.calls.end() ||
                         (found->second.cases.empty() && found->second.otherwise != kAllow);
    return refused ? Decision{.cases = {}, .otherwise = kAllow} : found->second;
  }

  // By a change, not by the base.
  bool is_refused(std::uint32_t number) {
    const Decision& decision = decision_of(number);
    return out_.sources.contains(number) && decision.cases.empty() &&
           decision.otherwise == refuse(EPERM);
  }

  void refuse_multiplexer(std::string_view call, Source source) {
    const std::string_view name = multiplexer(call, arch_);
    if (name.empty()) return;
    const CallNumber found = find_call(name, arch_);
    if (found.kind != CallKind::present) return;
    const Action otherwise = decision_of(found.number).otherwise;
    if (otherwise != kAllow) return;
    settle(found.number, {.cases = {}, .otherwise = refuse(name == "ipc" ? EPERM : ENOSYS)},
           source);
  }

  static Decision socket_decision(const SocketRule& rule) {
    const auto is = [](std::uint8_t arg, std::uint64_t mask, std::uint64_t value) {
      return ArgTest{.arg = arg, .mask = mask, .values = {value}};
    };
    constexpr std::uint64_t kInt = 0xffffffff;
    Decision decision{.cases = {}, .otherwise = refuse(EAFNOSUPPORT)};
    ArgTest plain{.arg = 0, .values = {}};
    bool packet = false;
    bool netlink = false;
    for (const int family : rule.families) {
      packet = packet || family == AF_PACKET;
      netlink = netlink || family == AF_NETLINK;
      if (family != AF_NETLINK) plain.values.push_back(static_cast<std::uint64_t>(family));
    }
    // (AF_INET, SOCK_PACKET) is AF_PACKET by its old name.
    if (!packet) {
      decision.cases.push_back(
          {{is(0, kInt, AF_INET), is(1, kSocketType, SOCK_PACKET)}, refuse(EAFNOSUPPORT)});
    }
    if (!plain.values.empty()) decision.cases.push_back({{std::move(plain)}, kAllow});
    if (netlink) decision.cases.push_back({{is(0, kInt, AF_NETLINK), is(2, kInt, 0)}, kAllow});
    return decision;
  }

  void put_first(const Known& known, std::string_view meant, const CallRule& rule) {
    if (rule.tests.empty()) {
      settle(known.number, {.cases = {}, .otherwise = rule.action}, rule.source);
      return;
    }
    Case one{.tests = {}, .action = rule.action};
    for (const ArgExpression& expression : rule.tests) {
      auto test = to_test(expression, arg_kind(meant, expression.arg));
      if (auto* made = std::get_if<ArgTest>(&test)) one.tests.push_back(std::move(*made));
    }
    Sources& sources = sources_of(known.number);
    sources.cases.insert(sources.cases.begin(), rule.source);
    std::vector<Case>& cases = decision_of(known.number).cases;
    cases.insert(cases.begin(), std::move(one));
  }

  std::uint32_t arch_;
  Policy open_;
  CustomPolicy& out_;
};

std::vector<Abi> abis_of(const FilterRequest& request) {
  std::vector<Abi> abis{Abi::native};
  if (!has_i386(native_arch())) return abis;
  if (request.choice.i386) abis.push_back(Abi::i386);
  if (request.x32) abis.push_back(Abi::x32);
  return abis;
}

bool is_for(const CallRule& rule, Abi abi) {
  return rule.abis.empty() || std::ranges::find(rule.abis, abi) != rule.abis.end();
}

Result<Policy> base_policy(const FilterRequest& request, std::uint32_t arch) {
  if (!request.has_base) return Policy{.arch = arch, .unlisted = kAllow, .calls = {}};
  return make_policy(request.choice, arch);
}

bool opens_group(const FilterRequest& request) {
  return std::ranges::any_of(request.changes, [](const CallChange& change) {
    return change.allow && change.name.starts_with('@');
  });
}

// A group opens no more than `standard` does.
Result<Policy> open_policy(const FilterRequest& request, const Policy& base) {
  if (!request.has_base || !request.choice.strict) return base;
  return make_policy({.guard_setid = request.choice.guard_setid}, base.arch);
}

std::optional<BadTest> bad_test_of(const CallRule& rule, Abi abi) {
  const std::uint32_t arch = arch_of(abi);
  for (const std::string& name : rule.calls) {
    for (const std::string_view call : members(name)) {
      for (const Known& known : known_as(call, arch)) {
        for (std::size_t i = 0; i < rule.tests.size(); ++i) {
          const ArgExpression& expression = rule.tests[i];
          const ArgKind kind = abi == Abi::i386 ? arg_kind_i386(known.name, call, expression.arg)
                                                : arg_kind(call, expression.arg);
          BadTest bad{.test = i, .call = std::string(known.name), .kind = kind};
          bad.on_i386 = abi == Abi::i386;
          if (kind == ArgKind::none || kind == ArgKind::pointer || kind == ArgKind::other) {
            return bad;
          }
          auto test = to_test(expression, kind);
          if (auto* wrong = std::get_if<BadExpression>(&test)) {
            bad.value = std::move(*wrong);
            return bad;
          }
        }
      }
    }
  }
  return std::nullopt;
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
  const std::vector<std::string_view> names =
      name.starts_with('@') ? group_names() : calls_of_group("@known");
  return closest(name, names.data(), names.size());
}

std::optional<BadTest> find_bad_test(const FilterRequest& request) {
  for (const Abi abi : abis_of(request)) {
    for (std::size_t i = 0; i < request.rules.size(); ++i) {
      if (!is_for(request.rules[i], abi)) continue;
      if (auto bad = bad_test_of(request.rules[i], abi)) {
        bad->rule = i;
        return bad;
      }
    }
  }
  return std::nullopt;
}

Result<std::vector<CustomPolicy>> make_custom(const FilterRequest& request) {
  std::vector<CustomPolicy> policies;
  for (const Abi abi : abis_of(request)) {
    const std::uint32_t arch = arch_of(abi);
    Result<Policy> base = base_policy(request, arch);
    if (!base.ok()) return base.error();
    Result<Policy> open = Policy{};
    if (opens_group(request)) open = open_policy(request, base.value());
    if (!open.ok()) return open.error();
    CustomPolicy& made = policies.emplace_back();
    made.abi = abi;
    Builder builder(std::move(base.value()), std::move(open.value()), made);
    for (const bool names : {false, true}) {
      for (const CallChange& change : request.changes) {
        if (change.name.starts_with('@') != names) builder.change(change);
      }
    }
    if (request.sockets) builder.limit_sockets(*request.sockets);
    if (request.refusal) builder.refuse_with(*request.refusal);
    for (std::size_t i = request.rules.size(); i-- > 0;) {
      if (is_for(request.rules[i], abi)) builder.put_first(request.rules[i]);
    }
  }
  return policies;
}

Result<std::vector<sock_filter>> compile(std::span<const CustomPolicy> policies) {
  std::vector<Policy> plain;
  for (const CustomPolicy& one : policies) {
    if (one.abi != Abi::x32) {
      plain.push_back(one.policy);
      continue;
    }
    // The same architecture to the kernel; only the numbers differ.
    plain.front().x32 = true;
    for (const auto& [number, decision] : one.policy.calls) {
      plain.front().calls.insert_or_assign(number, decision);
    }
  }
  return compile(std::span<const Policy>(plain));
}

}  // namespace immure
