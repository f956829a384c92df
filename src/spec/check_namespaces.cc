// Namespaces, and what needs an own one of a kind: names, clocks, sysctls, mounts of the kernel.
#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.h"
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
  return std::ranges::all_of(name, is_name_character);
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

void check_kinds(const SandboxSpec& spec, Problems& problems) {
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

enum class SysctlHome : std::uint8_t { nowhere, net, ipc, uts, user, pid };

// The namespaced ones; everything else is the whole machine's.
SysctlHome sysctl_home(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kIpc = {
      "kernel.shmmax",      "kernel.shmall", "kernel.shmmni",      "kernel.shm_rmid_forced",
      "kernel.shm_next_id", "kernel.msgmax", "kernel.msgmni",      "kernel.msgmnb",
      "kernel.msg_next_id", "kernel.sem",    "kernel.sem_next_id", "kernel.auto_msgmni"};
  const bool plain = std::ranges::all_of(name, is_name_character);
  if (!plain || name.find("..") != std::string_view::npos || name.ends_with('.')) {
    return SysctlHome::nowhere;
  }
  if (name.starts_with("net.")) return SysctlHome::net;
  if (name.starts_with("fs.mqueue.")) return SysctlHome::ipc;
  if (name == "kernel.pid_max") return SysctlHome::pid;
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
                           "kernel.pid_max, kernel.hostname, kernel.domainname and "
                           "user.max_inotify_* do");
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
      case SysctlHome::pid:
        look("pid", spec.namespaces.pid);
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

}  // namespace

void check_namespaces(const SandboxSpec& spec, Problems& problems) {
  check_names(spec, problems);
  check_kinds(spec, problems);
  check_clocks(spec, problems);
  check_sysctl(spec, problems);
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

}  // namespace immure
