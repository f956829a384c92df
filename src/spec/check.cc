#include "spec/check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "spec/capability_names.h"
#include "spec/check_parts.h"

namespace immure {
namespace {

bool is_host(const Setting<NamespaceChoice>& choice) {
  return choice.value == NamespaceChoice::host;
}

// What is changed there is changed for others too.
bool is_shared(const Setting<NamespaceChoice>& choice) {
  return is_host(choice) || choice.value == NamespaceChoice::joined;
}

std::string whose(const Setting<NamespaceChoice>& choice) {
  return is_host(choice) ? "the host's: " : "that of others: ";
}

// `namespaces.uts is "host"`
std::string says(std::string_view kind, const Setting<NamespaceChoice>& choice) {
  return "namespaces." + std::string(kind) +
         (is_host(choice) ? " is \"host\"" : " is a joined one");
}

// The kernel keeps 64 bytes: __NEW_UTS_LEN, see uname(2).
bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '-' || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

void check_names(const SandboxSpec& spec, Problems& problems) {
  for (const auto& [key, name] :
       {std::pair("hostname", &spec.hostname), std::pair("domainname", &spec.domainname)}) {
    if (!name->is_set()) continue;
    if (!is_host_name(*name->value)) {
      problems.add(Code::namespace_value, name->origin,
                   quote(*name->value) + " can't be the " + key,
                   "a name of 1 to 64 letters, digits, '-', '.' and '_' that begins with none of "
                   "'-' and '.'");
    }
    if (is_shared(spec.namespaces.uts)) {
      problems.add(Code::namespace_value, name->origin,
                   std::string(key) + " would change " + whose(spec.namespaces.uts) +
                       says("uts", spec.namespaces.uts),
                   "take one of the two away");
    }
  }
}

// Its maps and its maxima are those of all processes in it, so they stay as they are: the filter
// alone keeps the command from making namespaces of its own.
void check_joined_user(const SandboxSpec& spec, Problems& problems) {
  const User& user = spec.user;
  for (const auto& [key, origin, set] :
       {std::tuple("user.uid", &user.uid.origin, user.uid.is_set()),
        std::tuple("user.gid", &user.gid.origin, user.gid.is_set()),
        std::tuple("user.uid_map", &user.uid_map.origin, user.uid_map.is_set()),
        std::tuple("user.gid_map", &user.gid_map.origin, user.gid_map.is_set())}) {
    if (!set) continue;
    problems.add(Code::namespace_value, *origin,
                 std::string(key) + " can't be chosen in a joined user namespace",
                 "its id maps are there already: take the line away");
  }
  if (!spec.namespaces.nested.empty()) {
    problems.add(Code::namespace_value, spec.namespaces.nested.begin()->second.origin,
                 "[namespaces.nested] would change the maxima of a joined user namespace for all "
                 "processes in it",
                 "take one of the two away (allow.nested sets these maxima)");
  }
  const std::string_view need = "only the filter keeps the command from making namespaces";
  if (spec.seccomp.base.value == FilterBase::none) {
    problems.add(Code::namespace_value, spec.seccomp.base.origin,
                 "seccomp.base = \"none\" in a joined user namespace: " + std::string(need),
                 "take one of the two away");
  }
  for (const SetItem& item : spec.seccomp.allow.items) {
    if (item.text != "clone" && item.text != "clone3" && item.text != "unshare") continue;
    problems.add(Code::namespace_value, item.origin,
                 "seccomp.allow holds " + quote(item.text) +
                     " in a joined user namespace: " + std::string(need),
                 "take one of the two away");
  }
}

void check_namespaces(const SandboxSpec& spec, Problems& problems) {
  const Namespaces& ns = spec.namespaces;
  if (is_host(ns.user)) {
    problems.add(Code::user_namespace_host, ns.user.origin,
                 "namespaces.user = \"host\": a sandbox of an ordinary user needs its own user "
                 "namespace",
                 "take the line away; user.uid and user.gid choose the ids inside");
  }
  if (ns.user.value == NamespaceChoice::joined) check_joined_user(spec, problems);
  const std::string pid = is_host(ns.pid) ? "namespaces.pid = \"host\"" : "a joined namespaces.pid";
  if (is_shared(ns.pid) && spec.root.proc.get_or(ProcMode::fresh) == ProcMode::fresh) {
    problems.add(Code::namespace_value, ns.pid.origin,
                 pid + " leaves no process to mount a fresh /proc for",
                 R"(write root.proc = "host" to show the host's, or "none")");
  }
  if (is_shared(ns.pid) && spec.process.init.value == InitMode::target) {
    problems.add(Code::namespace_value, ns.pid.origin,
                 pid +
                     " with process.init = \"target\" leaves nobody to end what the command "
                     "starts",
                 "write process.init = \"reaper\"");
  }
  if (spec.process.init.value == InitMode::target) {
    for (const SetItem& item : spec.best_effort.items) {
      if (item.text != "pid-ns") continue;
      problems.add(
          Code::namespace_value, item.origin,
          R"(best_effort holds "pid-ns", but without one nobody ends what a command that is )"
          "pid 1 starts",
          R"(write process.init = "reaper", or take "pid-ns" away)");
    }
  }
  for (const auto& [name, maximum] : ns.nested) {
    if (maximum.value && *maximum.value < 0) {
      problems.add(Code::namespace_value, maximum.origin,
                   "namespaces.nested." + name + " is negative", "0 allows none");
    }
  }
}

void check_clocks(const SandboxSpec& spec, Problems& problems) {
  const bool monotonic = spec.time.monotonic_ns.is_set();
  if (!monotonic && !spec.time.boottime_ns.is_set()) {
    if (spec.namespaces.time.value == NamespaceChoice::fresh &&
        spec.process.init.value == InitMode::target) {
      problems.add(Code::time_offset, spec.namespaces.time.origin,
                   "a time namespace holds only for children of pid 1, and the command is pid 1",
                   "write process.init = \"reaper\"");
    }
    return;
  }
  const Origin& origin = monotonic ? spec.time.monotonic_ns.origin : spec.time.boottime_ns.origin;
  if (is_shared(spec.namespaces.time)) {
    problems.add(Code::time_offset, origin,
                 "an offset needs an own time namespace, but " + says("time", spec.namespaces.time),
                 "take namespaces.time away; the wall clock can't be shifted in any case");
  }
  if (spec.process.init.value == InitMode::target) {
    problems.add(Code::time_offset, origin,
                 "a time offset holds only for children of pid 1, and the command is pid 1",
                 "write process.init = \"reaper\"");
  }
}

enum class SysctlHome : std::uint8_t { nowhere, net, ipc, uts, user };

// The namespaced ones; everything else is the whole machine's.
SysctlHome sysctl_home(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kIpc = {
      "kernel.shmmax",      "kernel.shmall", "kernel.shmmni",      "kernel.shm_rmid_forced",
      "kernel.shm_next_id", "kernel.msgmax", "kernel.msgmni",      "kernel.msgmnb",
      "kernel.msg_next_id", "kernel.sem",    "kernel.sem_next_id", "kernel.auto_msgmni"};
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  if (!plain || name.find("..") != std::string_view::npos || name.ends_with('.')) {
    return SysctlHome::nowhere;
  }
  if (name.starts_with("net.")) return SysctlHome::net;
  if (name.starts_with("fs.mqueue.")) return SysctlHome::ipc;
  if (name == "kernel.hostname" || name == "kernel.domainname") return SysctlHome::uts;
  if (name.starts_with("user.max_inotify_") || name.starts_with("user.max_fanotify_")) {
    return SysctlHome::user;
  }
  const bool ipc = std::find(kIpc.begin(), kIpc.end(), name) != kIpc.end();
  return ipc ? SysctlHome::ipc : SysctlHome::nowhere;
}

void check_sysctl(const SandboxSpec& spec, Problems& problems) {
  for (const auto& [name, value] : spec.sysctl) {
    const SysctlHome home = sysctl_home(name);
    std::string shared;
    const auto look = [&](std::string_view kind, const Setting<NamespaceChoice>& choice) {
      if (is_shared(choice)) shared = whose(choice) + says(kind, choice);
    };
    switch (home) {
      case SysctlHome::nowhere:
        problems.add(Code::sysctl, value.origin,
                     "sysctl " + quote(name) + " belongs to no namespace",
                     name.starts_with("user.max_")
                         ? "[namespaces.nested] sets how many namespaces may be made inside"
                         : "net.*, fs.mqueue.*, kernel.shm*, kernel.msg*, kernel.sem, "
                           "kernel.hostname, kernel.domainname and user.max_inotify_* do");
        continue;
      case SysctlHome::net:
        look("net", spec.namespaces.net);
        break;
      case SysctlHome::ipc:
        look("ipc", spec.namespaces.ipc);
        break;
      case SysctlHome::uts:
        look("uts", spec.namespaces.uts);
        break;
      case SysctlHome::user:
        look("user", spec.namespaces.user);
        break;
    }
    if (!shared.empty()) {
      problems.add(Code::sysctl, value.origin, "sysctl " + quote(name) + " would change " + shared,
                   "take one of the two away");
    }
    if (value.value && value.value->find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
      problems.add(Code::sysctl, value.origin, "the value of " + quote(name) + " is not one line");
  }
}

void check_kernel_mount(const SandboxSpec& spec, const Mount& mount, Problems& problems) {
  const auto* kernel = std::get_if<KernelMount>(&mount.what);
  if (kernel == nullptr) return;
  const auto needs_own = [&](std::string_view what, std::string_view kind,
                             const Setting<NamespaceChoice>& choice) {
    if (!is_shared(choice)) return;
    problems.add(Code::namespace_value, mount.origin,
                 std::string(what) + " at " + quote(mount.target) +
                     " needs an own namespace, but " + says(kind, choice),
                 "take one of the two away");
  };
  switch (kernel->kind) {
    case KernelFs::proc:
      needs_own("a fresh proc", "pid", spec.namespaces.pid);
      break;
    case KernelFs::mqueue:
      needs_own("mqueue", "ipc", spec.namespaces.ipc);
      break;
    case KernelFs::sysfs:
      needs_own("a fresh sysfs", "net", spec.namespaces.net);
      break;
    case KernelFs::cgroup:
      needs_own("cgroup", "cgroup", spec.namespaces.cgroup);
      break;
    case KernelFs::devfs:
      break;
  }
}

void check_overlay(const Mount& mount, Problems& problems) {
  const auto* overlay = std::get_if<Overlay>(&mount.what);
  if (overlay == nullptr) return;
  if (overlay->read_only && !overlay->upper.empty()) {
    problems.add(Code::overlay_dirs, mount.origin,
                 "overlay " + quote(mount.target) + " has an upper directory, but is read-only",
                 "take access = \"ro\" or upper away");
  } else if (overlay->read_only && overlay->lower.size() < 2) {
    problems.add(Code::overlay_dirs, mount.origin,
                 "a read-only overlay at " + quote(mount.target) + " needs two lower directories",
                 "one directory alone is shown by { src = \"…\", access = \"ro\" }");
  }
  const std::vector<std::string> own_path = {mount.target};
  for (const std::string& lower : overlay->lower.empty() ? own_path : overlay->lower) {
    if (!overlay->upper.empty() &&
        (is_within(overlay->upper, lower) || is_within(lower, overlay->upper))) {
      problems.add(Code::overlay_dirs, mount.origin,
                   "overlay " + quote(mount.target) + " writes to " + quote(overlay->upper) +
                       ", which overlaps with its lower directory " + quote(lower),
                   "put upper into a directory of its own");
    }
  }
}

// "**" that no backslash takes apart.
bool has_double_star(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '*' && pattern[i + 1] == '*') {
      return true;
    }
  }
  return false;
}

// Elsewhere it reaches through all directories below. Read as "*" it would hide less than is meant,
// and nobody would be told.
void check_pattern(const Mount& mount, Problems& problems) {
  if (!mount.glob || !has_double_star(mount.target)) return;
  problems.add(Code::glob_no_match, mount.origin,
               quote(mount.target) +
                   " holds \"**\", but no pattern reaches through directories: it would match one "
                   "name, as \"*\" does",
               R"(name the directory, or write one line for each depth: "/a/*/x", "/a/*/*/x")");
}

void check_mounts(const SandboxSpec& spec, Problems& problems) {
  for (const Mount& mount : spec.mounts) {
    if (!is_absolute(mount.target) || has_dot_dot(mount.target)) {
      problems.add(Code::relative_path, mount.origin,
                   "mount target " + quote(mount.target) + " is not an absolute path");
      continue;
    }
    if (mount.target == "/") {
      problems.add(Code::refused_mount, mount.origin, "\"/\" can't be an entry of [fs]",
                   "root.dir = \"DIR\" takes a ready root file system; name the directories of "
                   "the host that are needed, as \"/usr\" = \"ro\"");
    }
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (mount.glob && !std::holds_alternative<Hide>(mount.what) &&
        !(bind != nullptr && bind->source.empty())) {
      problems.add(Code::glob_no_match, mount.origin,
                   quote(mount.target) +
                       " is a pattern, which only \"hide\" and binds of the "
                       "same path can have");
    }
    check_pattern(mount, problems);
    check_kernel_mount(spec, mount, problems);
    check_overlay(mount, problems);
  }
}

void check_capabilities(const Capabilities& caps, Problems& problems) {
  bool all_bounding = false;
  for (const SetEdit* set : {&caps.keep, &caps.bounding}) {
    for (const SetItem& item : set->items) {
      if (item.text == "ALL") {
        all_bounding = all_bounding || set == &caps.bounding;
      } else if (!capability_number(item.text)) {
        const auto names = capability_names();
        const std::string near = closest(item.text, names.data(), names.size());
        problems.add(
            Code::capability, item.origin, quote(item.text) + " is not a capability",
            near.empty() ? "capabilities(7) lists them" : "did you mean " + quote(near) + "?");
      }
    }
  }
  if (!caps.bounding_set || all_bounding) return;
  for (const SetItem& kept : caps.keep.items) {
    const auto& bounding = caps.bounding.items;
    if (std::none_of(bounding.begin(), bounding.end(),
                     [&](const SetItem& item) { return item.text == kept.text; })) {
      problems.add(Code::capability, kept.origin,
                   quote(kept.text) + " is kept, but is not in caps.bounding",
                   "add it there, or take caps.bounding away");
    }
  }
}

void check_process(const Process& process, Problems& problems) {
  if (process.command.is_set() && process.command.value->empty()) {
    problems.add(Code::no_command, process.command.origin, "process.command is empty",
                 "name at least the program");
  }
  if (process.cwd.is_set() && !is_absolute(*process.cwd.value)) {
    problems.add(Code::relative_path, process.cwd.origin,
                 "process.cwd " + quote(*process.cwd.value) + " is not an absolute path");
  }
}

// They are written to a file of /proc in one line.
void check_labels(const Process& process, Problems& problems) {
  for (const auto& [key, label] : {std::pair("process.selinux", &process.selinux),
                                   std::pair("process.apparmor", &process.apparmor)}) {
    if (!label->is_set()) continue;
    constexpr std::size_t longest = 1024;
    const std::string& text = *label->value;
    if (!text.empty() && text.size() <= longest &&
        text.find_first_of(std::string_view("\n\0", 2)) == std::string::npos) {
      continue;
    }
    problems.add(Code::bad_enum, label->origin, std::string(key) + " can't be " + quote(text),
                 "write the label in one line, or leave the key out");
  }
}

void check_environment(const Environment& env, Problems& problems) {
  for (const auto& [name, rule] : env) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      problems.add(Code::wrong_type, rule.origin, quote(name) + " can't be the name of a variable");
    } else if (rule.value && rule.value->text.find('\0') != std::string::npos) {
      problems.add(Code::wrong_type, rule.origin, "the value of " + quote(name) + " holds a NUL");
    }
  }
}

void check_calls(const Seccomp& seccomp, Problems& problems) {
  for (const SetItem& allowed : seccomp.allow.items) {
    for (const SetItem& denied : seccomp.deny.items) {
      if (allowed.text != denied.text) continue;
      problems.add(Code::syscall_twice, denied.origin,
                   quote(denied.text) + " stands in seccomp.allow (" + show(allowed.origin) +
                       ") and in seccomp.deny",
                   "take one of the two away");
    }
  }
}

}  // namespace

std::variant<CheckedSpec, Errors> check(SandboxSpec spec, const HostPlaces& places) {
  Problems problems;
  check_names(spec, problems);
  check_namespaces(spec, problems);
  check_clocks(spec, problems);
  check_sysctl(spec, problems);
  check_mounts(spec, problems);
  check_capabilities(spec.caps, problems);
  check_calls(spec.seccomp, problems);
  check_process(spec.process, problems);
  check_labels(spec.process, problems);
  check_scheduling(spec.process, problems);
  check_state(spec.state, problems);
  check_user(spec.user, problems);
  check_environment(spec.env, problems);
  for (Error& refusal : refusals(spec, places)) problems.list.push_back(std::move(refusal));
  if (!problems.list.empty()) {
    sort_by_place(problems.list);
    return std::move(problems.list);
  }
  return CheckedSpec(std::move(spec));
}

}  // namespace immure
