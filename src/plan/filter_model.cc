// [seccomp] as the compiler of filters wants it.
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "plan/lower_filter.h"
#include "plan/lower_kernel_fs.h"
#include "seccomp/call_names.h"
#include "seccomp/calls.h"
#include "seccomp/filter_file.h"
#include "seccomp/named_numbers.h"
#include "seccomp/syscall_groups.h"

namespace immure {
namespace {

constexpr int kMostErrnos = 4096;

struct ArchWord {
  std::string_view word;
  Abi abi;
};
constexpr auto kX86Words = std::to_array<ArchWord>({{"native", Abi::native},
                                                    {"x86-64", Abi::native},
                                                    {"i386", Abi::i386},
                                                    {"x86", Abi::i386},
                                                    {"x32", Abi::x32}});

// Nothing: this processor has no such calls.
std::optional<Abi> find_abi(std::string_view word) {
  if (!has_i386(filter_arch())) {
    return word == "native" ? std::optional(Abi::native) : std::nullopt;
  }
  const auto* const found = std::ranges::find(kX86Words, word, &ArchWord::word);
  return found == kX86Words.end() ? std::nullopt : std::optional(found->abi);
}

std::optional<int> find_errno(std::string_view name) {
  for (int number = 1; number < kMostErrnos; ++number) {
    const char* const known = ::strerrorname_np(number);
    if (known != nullptr && name == known) return number;
  }
  return std::nullopt;
}

std::string one_of_errnos(std::string_view name) {
  std::vector<std::string_view> names;
  for (int number = 1; number < kMostErrnos; ++number) {
    if (const char* known = ::strerrorname_np(number)) names.emplace_back(known);
  }
  const std::string near = closest(name, names.data(), names.size());
  return near.empty() ? "errno(3) lists them" : "did you mean " + quote("errno:" + near) + "?";
}

// The place of a byte of a text that a profile holds.
Origin at(const PlacedText& text, std::size_t byte) {
  Origin origin = text.origin;
  if (origin.file) origin.column += static_cast<std::uint32_t>(byte);
  return origin;
}

class ModelMaker {
 public:
  ModelMaker(const SandboxSpec& spec, FilterModel& model) : spec_(spec), model_(model) {}

  void make(bool guard_setid) {
    const Seccomp& seccomp = spec_.seccomp;
    const FilterBase base = seccomp.base.get_or(FilterBase::standard);
    const auto nested = spec_.namespaces.nested.find("user");
    FilterRequest& request = model_.request;
    request.has_base = base != FilterBase::none;
    request.choice = {.strict = base == FilterBase::strict,
                      .nested = base == FilterBase::standard &&
                                nested != spec_.namespaces.nested.end() &&
                                nested->second.get_or(0) > 0,
                      .guard_setid = guard_setid};
    model_.origins[kBuiltIn] = seccomp.base.origin;
    add_abis();
    add_changes();
    for (const FilterRule& rule : seccomp.rules) add_rule(rule);
    if (seccomp.on_deny.get_or(OnDeny::fails) != OnDeny::fails) {
      request.refusal = *seccomp.on_deny.value == OnDeny::kill ? kKill : Action{SECCOMP_RET_LOG};
    }
    if (seccomp.limits_sockets.is_set()) add_sockets();
    if (!model_.errors.empty()) return;
    if (const auto bad = find_bad_test(request)) add_bad_test(*bad);
  }

 private:
  Source source_of(const Origin& origin) {
    model_.origins.push_back(origin);
    return model_.origins.size() - 1;
  }

  void fail(Code code, const Origin& origin, std::string what, std::string hint) {
    model_.errors.push_back(
        {.code = code, .doing = std::move(what), .origin = origin, .hint = std::move(hint)});
  }

  void warn_unused(std::string what, const Origin& origin) {
    model_.warnings.push_back({.code = Code::lint_unused_override,
                               .doing = std::move(what),
                               .reason = "the line changes nothing here",
                               .origin = origin});
  }

  bool is_open(Abi abi) const {
    return abi == Abi::native ||
           (abi == Abi::i386 ? model_.request.choice.i386 : model_.request.x32);
  }

  bool is_of_other_abi(const std::string& name) const {
    return is_open(Abi::i386) && find_call(name, AUDIT_ARCH_I386).kind == CallKind::present;
  }

  std::optional<Abi> abi_of(const std::string& word, const Origin& origin) {
    const auto abi = find_abi(word);
    if (!abi) {
      fail(Code::cannot_lower, origin, quote(word) + " is no architecture that this processor runs",
           has_i386(filter_arch()) ? "write native, i386 or x32"
                                   : "only x86-64 has calls besides its own: leave it out");
    }
    return abi;
  }

  void add_abis() {
    for (const SetItem& item : spec_.seccomp.arch.items) {
      const auto abi = abi_of(item.text, item.origin);
      if (abi == Abi::i386) model_.request.choice.i386 = true;
      if (abi == Abi::x32) model_.request.x32 = true;
    }
  }

  // False: there is no such call or group.
  bool check_name(const std::string& name, const Origin& origin) {
    const bool group = name.starts_with('@');
    if (group ? is_group(name) : look_up_call(name) == CallName::known) return true;
    if (!group && look_up_call(name) == CallName::foreign) {
      if (!is_of_other_abi(name)) {
        warn_unused(quote(name) + " is no system call of this architecture", origin);
      }
      return true;
    }
    const std::string near = similar_call(name);
    const std::string lists =
        group ? "systemd.exec(5) lists them, at SystemCallFilter=" : "syscalls(2) lists them";
    fail(Code::syscall_name, origin,
         quote(name) + (group ? " is not a group of system calls" : " is not a system call"),
         near.empty() ? lists : "did you mean " + quote(near) + "?");
    return false;
  }

  // Groups of an earlier layer first, and in one layer those that are denied last.
  void add_changes() {
    struct Item {
      const SetItem* item;
      bool allow;
    };
    std::vector<Item> items;
    for (const SetItem& item : spec_.seccomp.allow.items) items.push_back({&item, true});
    for (const SetItem& item : spec_.seccomp.deny.items) items.push_back({&item, false});
    std::ranges::stable_sort(items, {}, [](const Item& one) { return one.item->layer; });
    for (const auto& [item, allow] : items) {
      if (!check_name(item->text, item->origin)) continue;
      model_.request.changes.push_back(
          {.name = item->text, .allow = allow, .source = source_of(item->origin)});
    }
  }

  void add_sockets() {
    SocketRule rule{.source = source_of(spec_.seccomp.limits_sockets.origin)};
    for (const SetItem& item : spec_.seccomp.sockets.items) {
      const auto families = socket_families();
      const auto found = std::ranges::find(families, item.text, &NamedNumber::name);
      if (found != families.end()) rule.families.push_back(static_cast<int>(found->value));
    }
    model_.request.sockets = std::move(rule);
  }

  std::optional<Action> action_of(const PlacedText& text) {
    constexpr std::string_view kErrno = "errno:";
    if (text.text == "allow") return kAllow;
    if (text.text == "kill") return kKill;
    if (text.text == "trap") return Action{SECCOMP_RET_TRAP};
    if (text.text == "log") return Action{SECCOMP_RET_LOG};
    if (text.text.starts_with(kErrno)) {
      const std::string name = text.text.substr(kErrno.size());
      if (const auto number = find_errno(name)) return refuse(*number);
      fail(Code::syscall_rule, at(text, kErrno.size()),
           quote(name) + " is not the name of an errno", one_of_errnos(name));
      return std::nullopt;
    }
    fail(Code::syscall_rule, text.origin, quote(text.text) + " is not an action",
         R"(write "allow", "kill", "trap", "log" or "errno:EPERM")");
    return std::nullopt;
  }

  void add_rule(const FilterRule& rule) {
    CallRule made{.source = source_of(rule.origin)};
    bool good = true;
    for (const PlacedText& call : rule.syscalls) {
      good = check_name(call.text, call.origin) && good;
      made.calls.push_back(call.text);
    }
    for (const PlacedText& word : rule.arch) {
      const auto abi = abi_of(word.text, word.origin);
      if (abi) made.abis.push_back(*abi);
      good = good && abi;
    }
    if (!made.abis.empty() &&
        std::ranges::none_of(made.abis, [this](Abi abi) { return is_open(abi); })) {
      warn_unused("seccomp.arch leaves out " + quote(rule.arch.front().text) +
                      ", whose calls end the process",
                  rule.arch.front().origin);
    }
    const auto action = action_of(rule.action);
    if (action) made.action = *action;
    for (const PlacedText& text : rule.args) {
      auto parsed = parse_arg_expression(text.text);
      if (auto* bad = std::get_if<BadExpression>(&parsed)) {
        fail(Code::syscall_rule, at(text, bad->at), bad->what + " in " + quote(text.text),
             bad->hint);
        good = false;
        continue;
      }
      made.tests.push_back(std::get<ArgExpression>(std::move(parsed)));
    }
    if (good && action) model_.request.rules.push_back(std::move(made));
  }

  // Only when all rules were good: the index is that of the spec.
  void add_bad_test(const BadTest& bad) {
    const PlacedText& text = spec_.seccomp.rules[bad.rule].args[bad.test];
    const std::string arg = "argument " +
                            std::to_string(model_.request.rules[bad.rule].tests[bad.test].arg) +
                            " of " + quote(bad.call) + (bad.on_i386 ? " on i386" : "");
    if (bad.value) {
      return fail(Code::syscall_rule, at(text, bad.value->at), bad.value->what + ", " + arg,
                  bad.value->hint);
    }
    const std::string rule = "name the call in a rule without it";
    switch (bad.kind) {
      case ArgKind::pointer:
        return fail(Code::pointer_argument, text.origin,
                    arg + " is a pointer, which a filter can't follow", rule);
      case ArgKind::other:
        return fail(Code::pointer_argument, text.origin, arg + " is not what it is on x86-64",
                    "add arch = [\"native\"] to the rule, and one for i386 alone");
      case ArgKind::none:
      case ArgKind::int16:
      case ArgKind::int32:
      case ArgKind::whole:
        break;
    }
    fail(Code::syscall_rule, text.origin, "there is no " + arg,
         "arguments count from 0; the manual page of the call has them");
  }

  const SandboxSpec& spec_;
  FilterModel& model_;
};

// A file written with a set-id bit could be run outside by another user.
bool writes_to_host(const PlannedStep& planned) {
  if (const auto* bind = std::get_if<BindMount>(&planned.what)) {
    return !bind->read_only && !is_plain_device(bind->source);
  }
  if (const auto* overlay = std::get_if<OverlayMount>(&planned.what)) {
    return !overlay->upper.empty();
  }
  const auto* root = std::get_if<MakeRoot>(&planned.what);
  return root != nullptr && !root->directory.empty() && !root->read_only;
}

}  // namespace

FilterModel filter_model(const SandboxSpec& spec, bool guard_setid) {
  FilterModel model;
  ModelMaker(spec, model).make(guard_setid);
  return model;
}

FilterModel filter_model(const SandboxSpec& spec, const LaunchPlan& plan) {
  return filter_model(spec, !spec.hardening.setid_bits.get_or(false) &&
                                std::any_of(plan.setup.begin(), plan.setup.end(), writes_to_host));
}

FilterFindings check_filter(const SandboxSpec& spec) {
  FilterModel model = filter_model(spec, false);
  if (spec.seccomp.file_bytes) {
    auto file = stacked_filter(spec.seccomp);
    if (!file.ok()) model.errors.push_back(std::move(file.error()));
    for (const std::string& name : unknown_to_refuse(*spec.seccomp.file_bytes)) {
      model.warnings.push_back({.code = Code::lint_unused_override,
                                .doing = "seccomp.file refuses " + quote(name),
                                .reason = "no system call known here has that name",
                                .origin = spec.seccomp.file.origin});
    }
  }
  return {.errors = std::move(model.errors), .warnings = std::move(model.warnings)};
}

Result<std::vector<sock_filter>> stacked_filter(const Seccomp& seccomp) {
  auto code = read_filter_file(seccomp.file_bytes.value_or(""));
  if (code.ok()) return code;
  Error error = std::move(code.error());
  error.doing = "seccomp.file " + quote(*seccomp.file.value) + ": " + error.doing;
  error.origin = seccomp.file.origin;
  return error;
}

void settle_groups(Seccomp& seccomp) {
  // The layer of the strongest group that opens each call.
  std::map<std::string_view, std::uint32_t> opened;
  for (SetItem& item : seccomp.allow.items) {
    if (!item.text.starts_with('@')) continue;
    for (const std::string_view call : calls_of_group(item.text)) {
      std::uint32_t& layer = opened[call];
      layer = std::max(layer, item.layer);
    }
    item.layer = 0;
  }
  std::vector<SetItem> denied;
  for (SetItem& item : seccomp.deny.items) {
    const auto calls = calls_of_group(item.text);
    const auto is_open = [&](std::string_view call) {
      const auto found = opened.find(call);
      return found != opened.end() && found->second > item.layer;
    };
    if (std::ranges::none_of(calls, is_open)) {
      item.layer = 0;
      denied.push_back(std::move(item));
      continue;
    }
    for (const std::string_view call : calls) {
      const bool here = look_up_call(call) == CallName::known || !seccomp.arch.items.empty();
      if (here && !is_open(call)) {
        denied.push_back({.text = std::string(call), .origin = item.origin});
      }
    }
  }
  seccomp.deny.items = std::move(denied);
}

}  // namespace immure
