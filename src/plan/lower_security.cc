#include "plan/lower_security.h"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "plan/best_effort.h"
#include "plan/lower_filter.h"
#include "plan/lower_kernel_fs.h"
#include "plan/lower_landlock.h"
#include "seccomp/call_names.h"
#include "seccomp/filters.h"
#include "seccomp/tsc_filter.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

bool is_fresh(const Setting<NamespaceChoice>& choice) {
  return choice.get_or(NamespaceChoice::fresh) == NamespaceChoice::fresh;
}

bool wants_time_namespace(const SandboxSpec& spec) {
  return spec.time.monotonic_ns.is_set() || spec.time.boottime_ns.is_set() ||
         spec.namespaces.time.get_or(NamespaceChoice::host) == NamespaceChoice::fresh;
}

// "net.ipv4.ip_forward" -> "sys/net/ipv4/ip_forward", as sysctl(8) writes names.
std::string sysctl_file(std::string_view name) {
  std::string file(name);
  std::replace(file.begin(), file.end(), '.', '/');
  return "sys/" + file;
}

std::string offset_line(std::string_view clock, std::int64_t offset) {
  std::int64_t seconds = offset / kNanoseconds;
  std::int64_t rest = offset % kNanoseconds;
  if (rest < 0) {  // the kernel wants 0 to 999999999
    rest += kNanoseconds;
    --seconds;
  }
  return std::string(clock) + ' ' + std::to_string(seconds) + ' ' + std::to_string(rest) + '\n';
}

std::optional<std::uint64_t> capability_mask(const SetEdit& set, const Host& host, Errors& errors) {
  std::uint64_t mask = 0;
  bool known = true;
  for (const SetItem& item : set.items) {
    if (item.text == "ALL") {
      mask |= (2ULL << host.last_capability.get()) - 1;
      continue;
    }
    const std::optional<int> number = capability_number(item.text);
    if (!number || static_cast<std::uint64_t>(*number) > host.last_capability.get()) {
      errors.push_back({.code = Code::capability,
                        .doing = quote(item.text) + " is not a capability of this kernel",
                        .origin = item.origin});
      known = false;
      continue;
    }
    mask |= 1ULL << *number;
  }
  return known ? std::optional(mask) : std::nullopt;
}

bool can_have_capabilities(const SandboxSpec& spec) {
  return !spec.caps.keep.items.empty() || !spec.caps.bounding.items.empty() ||
         !spec.namespaces.nested.empty();
}

// A file of the kernel's that is there where the security module is.
bool has_module(const Host& host, bool apparmor) {
  const Result<ResolvedPath> found =
      host.files->resolve(apparmor ? "/proc/self/attr/apparmor" : "/sys/fs/selinux");
  return found.ok() && found.value().kind == FileKind::directory;
}

void set_label(const SandboxSpec& spec, const Host& host, bool apparmor, LaunchPlan& plan,
               Errors& errors) {
  const Setting<std::string>& label = apparmor ? spec.process.apparmor : spec.process.selinux;
  if (!label.is_set()) return;
  const std::string word = apparmor ? "apparmor" : "selinux";
  const bool optional = is_best_effort(spec, word);
  if (!optional && !has_module(host, apparmor)) {
    const std::string name = apparmor ? "AppArmor" : "SELinux";
    errors.push_back({.code = Code::lsm_unavailable,
                      .doing = "process." + word + " = " + quote(*label.value) +
                               ", but this kernel runs without " + name,
                      .origin = label.origin,
                      .hint = std::string(apparmor ? "aa-enabled" : "getenforce") +
                              " says whether it is on (the kernel's option lsm= lists what is)\n"
                              "to go on without: best_effort = [\"" +
                              word + "\"]"});
    return;
  }
  plan.command_setup.push_back({SetExecLabel{.apparmor = apparmor,
                                             .label = *label.value,
                                             .request = (apparmor ? "exec " : "") + *label.value},
                                label.origin, optional});
}

// Before the filter of the profile, which may refuse to load another.
void close_tsc(const Setting<bool>& tsc, LaunchPlan& plan, Errors& errors) {
  if (tsc.get_or(true)) return;
  const std::span<const sock_filter> program = tsc_filter(filter_arch());
  if (program.empty()) {
    errors.push_back({.code = Code::cannot_lower,
                      .doing = "process.tsc = false can't be kept on this processor",
                      .reason = "only x86 has a time stamp counter that can be closed",
                      .origin = tsc.origin,
                      .hint = "leave it out"});
    return;
  }
  plan.command_setup.push_back({CloseTsc{}, tsc.origin});
  plan.command_setup.push_back({LoadFilter{.name = "the time stamp counter stays closed",
                                           .program = program.data(),
                                           .length = static_cast<std::uint16_t>(program.size()),
                                           .own = nullptr},
                                tsc.origin});
}

constexpr int kCloneNewTime = 0x80;  // CLONE_NEWTIME; in no header of Debian 12's libc

void add_joined(const Namespaces& ns, const std::string& kind, int flag, LaunchPlan& plan) {
  const auto found = ns.join.find(kind);
  if (found == ns.join.end() || !found->second.is_set()) return;
  const std::string& source = *found->second.value;
  JoinedNamespace joined{
      .flag = static_cast<std::uint64_t>(flag), .kind = kind, .origin = found->second.origin};
  if (source.starts_with("path:")) {
    joined.path = source.substr(5);
  } else {
    joined.fd = std::atoi(source.c_str() + 3);
  }
  plan.join.push_back(std::move(joined));
}

// The kernel counts these for the user outside too, who has 128 instances by default: a sandbox
// that took them all would leave none to the user's own programs.
void bound_watches(const SandboxSpec& spec, LaunchPlan& plan) {
  for (const auto& [name, most] : {std::pair("user.max_inotify_instances", "64"),
                                   std::pair("user.max_inotify_watches", "65536")}) {
    if (spec.sysctl.contains(name)) continue;
    plan.setup.push_back({WriteProc{.file = sysctl_file(name), .value = most}, {}});
  }
}

// The profile has accepted that this host's /proc is not what it should be.
bool is_lenient(const SandboxSpec& spec) {
  return spec.root.proc.get_or(ProcMode::fresh) != ProcMode::fresh || is_best_effort(spec, "proc");
}

void add_maxima(const SandboxSpec& spec, LaunchPlan& plan) {
  // These maxima would hold for all processes there; check.cc sees to it that the filter is enough.
  if (spec.namespaces.user.value == NamespaceChoice::joined) return;
  const bool lenient = is_lenient(spec);
  const bool second_wall = lenient && spec.namespaces.nested.empty() && closes_namespaces(spec);
  for (const std::string_view type :
       {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup", "time"}) {
    // The others need a capability, which only a new user namespace could give.
    if (type != "user" && !can_have_capabilities(spec)) break;
    const auto found = spec.namespaces.nested.find(std::string(type));
    const bool asked = found != spec.namespaces.nested.end();
    plan.setup.push_back({WriteProc{.file = "sys/user/max_" + std::string(type) + "_namespaces",
                                    .value = std::to_string(asked ? found->second.get_or(0) : 0),
                                    .second_wall = second_wall},
                          asked ? found->second.origin : Origin{}});
  }
  if (!lenient) bound_watches(spec, plan);
}

constexpr int kOwnPidMax = 6014;  // the first kernel where each pid namespace has its pid_max
constexpr std::string_view kPidMax = "kernel.pid_max";

// "inside outside count" lines: more than one id.
bool maps_many(std::string_view map) {
  return map.ends_with('\n') && (map.find('\n') + 1 != map.size() || !map.ends_with(" 1\n"));
}

// RLIMIT_NPROC counts each id by itself. Of many ids, all together are bounded by the numbers that
// there are for their processes.
void bound_processes(const SandboxSpec& spec, const Host& host, LaunchPlan& plan) {
  const auto nproc = spec.limits.rlimits.find("nproc");
  if (!maps_many(plan.uid_map) || (plan.namespaces & CLONE_NEWPID) == 0 ||
      nproc == spec.limits.rlimits.end() || !nproc->second.is_set() ||
      nproc->second.value->kind != LimitValue::Kind::value ||
      spec.sysctl.contains(std::string(kPidMax)) || host.kernel.get() < kOwnPidMax) {
    return;
  }
  constexpr std::uint64_t least = 301;        // the kernel's
  constexpr std::uint64_t most = 4UL << 20U;  // PID_MAX_LIMIT
  const std::uint64_t wanted = std::clamp<std::uint64_t>(nproc->second.value->hard, least, most);
  plan.setup.push_back({WriteProc{.file = sysctl_file(kPidMax), .value = std::to_string(wanted)},
                        nproc->second.origin});
}

// Landlock's rules, and what is tried to see that they hold, are opened by the command's process.
void limit_files_last(std::vector<PlannedStep>& steps) {
  const auto found = std::ranges::find_if(steps, [](const PlannedStep& planned) {
    const auto* limit = std::get_if<SetRlimit>(&planned.what);
    return limit != nullptr && limit->resource == RLIMIT_NOFILE;
  });
  if (found != steps.end()) std::rotate(found, found + 1, steps.end());
}

}  // namespace

void lower_namespaces(const SandboxSpec& spec, LaunchPlan& plan) {
  const Namespaces& ns = spec.namespaces;
  plan.namespaces = CLONE_NEWNS;
  for (const auto& [choice, flag] :
       {std::pair(&ns.user, CLONE_NEWUSER), std::pair(&ns.pid, CLONE_NEWPID),
        std::pair(&ns.ipc, CLONE_NEWIPC), std::pair(&ns.uts, CLONE_NEWUTS),
        std::pair(&ns.cgroup, CLONE_NEWCGROUP), std::pair(&ns.net, CLONE_NEWNET)}) {
    if (is_fresh(*choice)) plan.namespaces |= static_cast<std::uint64_t>(flag);
  }
  plan.pid_namespace_optional = is_fresh(ns.pid) && is_best_effort(spec, "pid-ns");
  for (const auto& [kind, choice, flag] :
       {std::tuple("user", &ns.user, CLONE_NEWUSER), std::tuple("pid", &ns.pid, CLONE_NEWPID),
        std::tuple("ipc", &ns.ipc, CLONE_NEWIPC), std::tuple("uts", &ns.uts, CLONE_NEWUTS),
        std::tuple("cgroup", &ns.cgroup, CLONE_NEWCGROUP), std::tuple("net", &ns.net, CLONE_NEWNET),
        std::tuple("time", &ns.time, kCloneNewTime)}) {
    if (choice->value == NamespaceChoice::joined) add_joined(ns, kind, flag, plan);
  }
}

void lower_kernel_settings(const SandboxSpec& spec, const Host& host, LaunchPlan& plan,
                           Errors& errors) {
  for (const auto& [name, value] : spec.sysctl) {
    if (name == kPidMax && host.kernel.get() < kOwnPidMax) {
      errors.push_back({.code = Code::sysctl,
                        .doing = "sysctl \"kernel.pid_max\" belongs to no namespace",
                        .reason = "it is the whole machine's before Linux 6.14",
                        .origin = value.origin,
                        .hint = "limits.nproc bounds the processes of each id"});
      continue;
    }
    plan.setup.push_back(
        {WriteProc{.file = sysctl_file(name), .value = value.get_or("")}, value.origin});
  }
  // Before the maximum of time namespaces becomes 0.
  if (wants_time_namespace(spec)) {
    NewTimeNamespace step;
    Origin origin = spec.namespaces.time.origin;
    for (const auto& [clock, offset] : {std::pair("monotonic", &spec.time.monotonic_ns),
                                        std::pair("boottime", &spec.time.boottime_ns)}) {
      if (!offset->is_set()) continue;
      step.offsets += offset_line(clock, *offset->value);
      origin = offset->origin;
    }
    plan.setup.push_back({std::move(step), std::move(origin), is_best_effort(spec, "time-ns")});
  }
  if (!keeps_sys_admin(spec)) add_maxima(spec, plan);
  const bool joined = spec.namespaces.user.value == NamespaceChoice::joined;
  if (!joined && !is_lenient(spec)) bound_processes(spec, host, plan);
}

void lower_mount_locks(const SandboxSpec& spec, LaunchPlan& plan) {
  if (!keeps_sys_admin(spec)) return;
  plan.setup.push_back({LockMounts{}, spec.caps.keep.items.front().origin});
  add_maxima(spec, plan);
}

void lower_names(const SandboxSpec& spec, LaunchPlan& plan) {
  if (is_fresh(spec.namespaces.uts)) {
    plan.setup.push_back({SetHostname{spec.hostname.get_or("immure")}, spec.hostname.origin});
    plan.setup.push_back({SetDomainname{spec.domainname.get_or("immure")}, spec.domainname.origin});
  }
  if (is_fresh(spec.namespaces.net)) plan.setup.push_back({LoopbackUp{}, {}});
}

void lower_privileges(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                      LaunchPlan& plan, Errors& errors) {
  if (spec.process.keyring.get_or(KeyringMode::fresh) == KeyringMode::fresh) {
    plan.command_setup.push_back({NewKeyring{}, spec.process.keyring.origin});
  }
  const std::optional<std::uint64_t> keep = capability_mask(spec.caps.keep, host, errors);
  const std::optional<std::uint64_t> bounding =
      spec.caps.bounding_set ? capability_mask(spec.caps.bounding, host, errors) : keep;
  if (!keep || !bounding) return;
  const Origin origin = spec.caps.keep.items.empty() ? Origin{} : spec.caps.keep.items[0].origin;
  plan.command_setup.push_back({LimitPrivileges{.keep = *keep, .bounding = *bounding}, origin});

  if (!spec.hardening.jit.get_or(true)) {
    plan.command_setup.push_back(
        {RefuseExecGain{}, spec.hardening.jit.origin, is_best_effort(spec, "mdwe")});
  }
  for (const bool apparmor : {true, false}) set_label(spec, host, apparmor, plan, errors);
  // After the last that opens files of outside, and before a filter that may refuse the calls.
  lower_landlock(spec, host, tree, plan, errors);
  limit_files_last(plan.command_setup);
  close_tsc(spec.process.tsc, plan, errors);
  lower_filter(spec, plan, errors);
}

}  // namespace immure
