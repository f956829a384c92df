#include "plan/lower_filter.h"

#include <linux/audit.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "seccomp/call_names.h"
#include "seccomp/evaluate.h"

namespace immure {
namespace {

// A filter that this start loads, and how it came to be.
struct Program {
  std::vector<sock_filter> code;
  std::vector<CustomPolicy> policies;  // empty: not one of ours
};

bool lets_through(std::span<const sock_filter> code, const seccomp_data& call) {
  const std::uint32_t action = evaluate(code, call).value_or(0) & SECCOMP_RET_ACTION_FULL;
  return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

seccomp_data call_of(std::uint32_t number, std::uint64_t first, std::uint64_t second = 0) {
  return {.nr = static_cast<int>(number),
          .arch = filter_arch(),
          .instruction_pointer = 0,
          .args = {first, second}};
}

// What immure itself still calls between the filter and the command: to read the filter back, to
// give back the signal mask, and to start the command.
struct Needed {
  std::string_view call;
  std::uint64_t first;  // its arguments; a pointer is any
  std::string_view to;
};
constexpr std::uint64_t kGetSeccomp = 21;  // PR_GET_SECCOMP
constexpr std::uint64_t kSetMask = 2;      // SIG_SETMASK
constexpr std::string_view kStarts = "to start the command, after the filter is loaded";
constexpr auto kNeeded = std::to_array<Needed>({{"execve", 4096, kStarts},
                                                {"prctl", kGetSeccomp, kStarts},
                                                {"rt_sigprocmask", kSetMask, kStarts}});
constexpr Needed kSays{
    "write", 3, "to say why the command can't start, when that is pid 1 or has its own clocks"};
constexpr Needed kLoads{"seccomp", SECCOMP_SET_MODE_FILTER, "to load the filter of seccomp.file"};

// The command's process says itself why it could not start the command, where it shares no memory
// with another one of ours.
bool says_itself(const SandboxSpec& spec) {
  return spec.process.init.get_or(InitMode::reaper) == InitMode::target ||
         spec.time.monotonic_ns.is_set() || spec.time.boottime_ns.is_set() ||
         spec.namespaces.time.get_or(NamespaceChoice::host) == NamespaceChoice::fresh;
}

// Who refuses the call, or makes it depend on its arguments.
Source refuser(const Program& program, std::uint32_t number) {
  if (program.policies.empty()) return kBuiltIn;
  const CustomPolicy& policy = program.policies.front();
  const auto sources = policy.sources.find(number);
  if (sources == policy.sources.end()) return kBuiltIn;
  const Decision& decision = policy.policy.calls.at(number);
  for (std::size_t i = 0; i < decision.cases.size(); ++i) {
    if (decision.cases[i].action != kAllow) return sources->second.cases.at(i);
  }
  return sources->second.otherwise;
}

std::string way_to_allow(std::string_view call, Source refuser, const FilterRequest& request) {
  if (std::ranges::find(request.rules, refuser, &CallRule::source) == request.rules.end()) {
    return "take it away from seccomp.deny, or allow it by its name";
  }
  return "put before that rule: { syscalls = [" + quote(call) + "], action = \"allow\" }";
}

void require(const Needed& needed, const Program& program, const FilterModel& model,
             const Origin& otherwise, Errors& errors) {
  const auto number = call_number(needed.call);
  if (!number || lets_through(program.code, call_of(*number, needed.first))) return;
  const Source source = refuser(program, *number);
  const bool ours = !program.policies.empty();
  errors.push_back({.code = Code::not_supported,
                    .doing = quote(needed.call) + " can't be denied: immure itself needs it " +
                             std::string(needed.to),
                    .origin = ours && source != kBuiltIn ? model.origins.at(source) : otherwise,
                    .hint = ours ? way_to_allow(needed.call, source, model.request)
                                 : "the filter must allow " + std::string(needed.call)});
}

void refuse_needed_calls(const SandboxSpec& spec, const Program& program, const FilterModel& model,
                         const Origin& origin, Errors& errors) {
  for (const Needed& needed : kNeeded) require(needed, program, model, origin, errors);
  if (says_itself(spec)) require(kSays, program, model, origin, errors);
  const bool more = spec.seccomp.file.is_set() && !program.policies.empty();
  if (more) require(kLoads, program, model, origin, errors);
}

// The calls that make a user namespace, as each ABI numbers them.
struct Maker {
  std::uint32_t arch;
  std::uint32_t number;
  bool has_flags;  // else they are behind a pointer
};
constexpr std::uint32_t kClone3 = 435;
constexpr auto kMakersI386 = std::to_array<Maker>({{AUDIT_ARCH_I386, 120, true},
                                                   {AUDIT_ARCH_I386, 310, true},
                                                   {AUDIT_ARCH_I386, kClone3, false}});

bool opens_namespaces(std::span<const sock_filter> code) {
  std::vector<Maker> makers{{filter_arch(), call_number("clone").value_or(0), true},
                            {filter_arch(), call_number("unshare").value_or(0), true},
                            {filter_arch(), kClone3, false}};
  if (has_i386(filter_arch())) {
    for (std::size_t i = 0; i < 3; ++i) {
      Maker x32 = makers[i];
      x32.number |= kX32Bit;
      makers.push_back(x32);
    }
    makers.insert(makers.end(), kMakersI386.begin(), kMakersI386.end());
  }
  return std::ranges::any_of(makers, [&](const Maker& maker) {
    seccomp_data call = call_of(maker.number, maker.has_flags ? CLONE_NEWUSER : 4096);
    call.arch = maker.arch;
    return lets_through(code, call);
  });
}

Result<Program> compiled(const FilterRequest& request) {
  auto policies = make_custom(request);
  if (!policies.ok()) return std::move(policies.error());
  auto code = compile(policies.value());
  if (!code.ok()) return std::move(code.error());
  return Program{.code = std::move(code.value()), .policies = std::move(policies.value())};
}

std::string name_of(const FilterModel& model, const Seccomp& seccomp) {
  const FilterRequest& request = model.request;
  std::string name = request.has_base      ? std::string(filter_name(request.choice))
                     : request.choice.i386 ? "none, 32-bit calls too"
                                           : "none";
  if (request.x32) name += ", x32 calls too";
  for (const SetItem& item : seccomp.allow.items) name += " +" + item.text;
  for (const SetItem& item : seccomp.deny.items) name += " -" + item.text;
  if (seccomp.limits_sockets.is_set()) {
    name += ", sockets:";
    for (const SetItem& item : seccomp.sockets.items) name += ' ' + item.text;
    if (seccomp.sockets.items.empty()) name += " none";
  }
  if (request.refusal) name += ", refused calls: " + show_action(request.refusal->value);
  if (!request.rules.empty()) {
    name += ", " + std::to_string(request.rules.size()) +
            (request.rules.size() == 1 ? " rule" : " rules");
  }
  return name;
}

// The first line that wants more than the base.
Origin first_origin(const Seccomp& seccomp) {
  for (const SetEdit* set : {&seccomp.allow, &seccomp.deny}) {
    if (!set->items.empty()) return set->items[0].origin;
  }
  if (!seccomp.rules.empty()) return seccomp.rules[0].origin;
  if (seccomp.on_deny.is_set()) return seccomp.on_deny.origin;
  if (seccomp.limits_sockets.is_set()) return seccomp.limits_sockets.origin;
  return seccomp.arch.items.empty() ? seccomp.base.origin : seccomp.arch.items[0].origin;
}

void add_step(Program program, std::string name, const Origin& origin, LaunchPlan& plan) {
  LoadFilter step{.name = std::move(name)};
  step.own = std::make_shared<const std::vector<sock_filter>>(std::move(program.code));
  step.program = step.own->data();
  step.length = static_cast<std::uint16_t>(step.own->size());
  plan.command_setup.push_back({std::move(step), origin});
}

void check_joined(const SandboxSpec& spec, const Program& program, const FilterModel& model,
                  Errors& errors) {
  if (spec.namespaces.user.value != NamespaceChoice::joined || !opens_namespaces(program.code)) {
    return;
  }
  Origin origin = first_origin(spec.seccomp);
  for (const std::string_view call : {"clone", "unshare", "clone3"}) {
    const auto number = call_number(call);
    const auto sources = program.policies.front().sources.find(number.value_or(0));
    if (sources == program.policies.front().sources.end()) continue;
    origin = model.origins.at(sources->second.cases.empty() ? sources->second.otherwise
                                                            : sources->second.cases.front());
  }
  errors.push_back({.code = Code::namespace_value,
                    .doing =
                        "[seccomp] lets the command make namespaces in a joined user namespace: "
                        "only the filter keeps it from that",
                    .origin = origin,
                    .hint = "take one of the two away"});
}

void add_own(const SandboxSpec& spec, const FilterModel& model, LaunchPlan& plan, Errors& errors) {
  const FilterRequest& request = model.request;
  if (request.is_built_in()) {
    const std::span<const sock_filter> program = compiled_filter(request.choice);
    plan.command_setup.push_back({LoadFilter{.name = std::string(filter_name(request.choice)),
                                             .program = program.data(),
                                             .length = static_cast<std::uint16_t>(program.size()),
                                             .own = nullptr},
                                  spec.seccomp.base.origin});
    return;
  }
  const bool says_nothing = request.changes.empty() && request.rules.empty() && !request.sockets;
  if (!request.has_base && says_nothing) return;
  const Origin origin = first_origin(spec.seccomp);
  auto program = compiled(request);
  if (!program.ok()) {
    errors.push_back(std::move(program.error()));
    errors.back().origin = origin;
    return;
  }
  refuse_needed_calls(spec, program.value(), model, origin, errors);
  check_joined(spec, program.value(), model, errors);
  if (request.refusal && request.refusal->value == SECCOMP_RET_LOG) {
    plan.notes.emplace_back(
        "seccomp.on_deny = \"log\": calls that the filter refuses with EPERM are let through, and "
        "logged by the kernel");
  }
  add_step(std::move(program.value()), name_of(model, spec.seccomp), origin, plan);
}

void add_file(const SandboxSpec& spec, const FilterModel& model, LaunchPlan& plan, Errors& errors) {
  const Setting<std::string>& file = spec.seccomp.file;
  if (!file.is_set()) return;
  auto code = stacked_filter(spec.seccomp);
  if (!code.ok()) {
    errors.push_back(std::move(code.error()));
    return;
  }
  Program program{.code = std::move(code.value()), .policies = {}};
  refuse_needed_calls(spec, program, model, file.origin, errors);
  add_step(std::move(program), "of " + *file.value, file.origin, plan);
}

// Whether it can be looked at afterwards how many filters there are.
void mark_readable(LaunchPlan& plan) {
  const seccomp_data read = call_of(call_number("pread64").value_or(0), 3);
  bool can_read = true;
  for (PlannedStep& planned : plan.command_setup) {
    auto* load = std::get_if<LoadFilter>(&planned.what);
    if (load == nullptr) continue;
    can_read = can_read && lets_through({load->program, load->length}, read);
    load->can_read = can_read;
  }
}

}  // namespace

bool closes_namespaces(const SandboxSpec& spec) {
  const FilterModel model = filter_model(spec, false);
  const FilterRequest& request = model.request;
  if (request.is_built_in()) return !request.choice.nested;
  if (!model.errors.empty()) return false;
  const auto program = compiled(request);
  return program.ok() && !opens_namespaces(program.value().code);
}

void lower_filter(const SandboxSpec& spec, LaunchPlan& plan, Errors& errors) {
  FilterModel model = filter_model(spec, plan);
  if (!model.errors.empty()) {
    std::ranges::move(model.errors, std::back_inserter(errors));
    return;
  }
  add_own(spec, model, plan, errors);
  add_file(spec, model, plan, errors);
  mark_readable(plan);
}

}  // namespace immure
