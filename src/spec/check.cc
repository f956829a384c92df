#include "spec/check.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

struct Problems {
  Errors list;

  void add(Code code, const Origin& origin, std::string what, std::string hint = {}) {
    list.push_back(
        Error{.code = code, .doing = std::move(what), .origin = origin, .hint = std::move(hint)});
  }
};

bool is_host(const Setting<NamespaceChoice>& choice) {
  return choice.value == NamespaceChoice::host;
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
    if (is_host(spec.namespaces.uts)) {
      problems.add(Code::namespace_value, name->origin,
                   std::string(key) + " would change the host's: namespaces.uts is \"host\"",
                   "take one of the two away");
    }
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
  if (is_host(ns.pid) && spec.root.proc.get_or(ProcMode::fresh) == ProcMode::fresh) {
    problems.add(Code::namespace_value, ns.pid.origin,
                 "namespaces.pid = \"host\" leaves no process to mount a fresh /proc for",
                 R"(write root.proc = "host" to show the host's, or "none")");
  }
  if (is_host(ns.pid) && spec.process.init.value == InitMode::target) {
    problems.add(Code::namespace_value, ns.pid.origin,
                 "namespaces.pid = \"host\" with process.init = \"target\" leaves nobody to end "
                 "what the command starts",
                 "write process.init = \"reaper\"");
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
  if (is_host(spec.namespaces.time)) {
    problems.add(Code::time_offset, origin,
                 "an offset needs an own time namespace, but namespaces.time is \"host\"",
                 "take namespaces.time away; the wall clock can't be shifted in any case");
  }
  if (spec.process.init.value == InitMode::target) {
    problems.add(Code::time_offset, origin,
                 "a time offset holds only for children of pid 1, and the command is pid 1",
                 "write process.init = \"reaper\"");
  }
}

enum class SysctlHome : std::uint8_t { nowhere, net, ipc, uts };

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
  const bool ipc = std::find(kIpc.begin(), kIpc.end(), name) != kIpc.end();
  return ipc ? SysctlHome::ipc : SysctlHome::nowhere;
}

void check_sysctl(const SandboxSpec& spec, Problems& problems) {
  for (const auto& [name, value] : spec.sysctl) {
    const SysctlHome home = sysctl_home(name);
    std::string_view shared;
    switch (home) {
      case SysctlHome::nowhere:
        problems.add(Code::sysctl, value.origin,
                     "sysctl " + quote(name) + " belongs to no namespace",
                     name.starts_with("user.max_")
                         ? "[namespaces.nested] sets how many namespaces may be made inside"
                         : "net.*, fs.mqueue.*, kernel.shm*, kernel.msg*, kernel.sem, "
                           "kernel.hostname and kernel.domainname do");
        continue;
      case SysctlHome::net:
        if (is_host(spec.namespaces.net)) shared = "net";
        break;
      case SysctlHome::ipc:
        if (is_host(spec.namespaces.ipc)) shared = "ipc";
        break;
      case SysctlHome::uts:
        if (is_host(spec.namespaces.uts)) shared = "uts";
        break;
    }
    if (!shared.empty()) {
      problems.add(Code::sysctl, value.origin,
                   "sysctl " + quote(name) + " would change the host's: namespaces." +
                       std::string(shared) + " is \"host\"",
                   "take one of the two away");
    }
    if (value.value && value.value->find_first_of(std::string_view("\n\0", 2)) != std::string::npos)
      problems.add(Code::sysctl, value.origin, "the value of " + quote(name) + " is not one line");
  }
}

void check_kernel_mount(const SandboxSpec& spec, const Mount& mount, Problems& problems) {
  const auto* kernel = std::get_if<KernelMount>(&mount.what);
  if (kernel == nullptr) return;
  const auto shared = [&](std::string_view what, std::string_view ns) {
    problems.add(Code::namespace_value, mount.origin,
                 std::string(what) + " at " + quote(mount.target) +
                     " needs an own namespace, but namespaces." + std::string(ns) + " is \"host\"",
                 "take one of the two away");
  };
  switch (kernel->kind) {
    case KernelFs::proc:
      if (is_host(spec.namespaces.pid)) shared("a fresh proc", "pid");
      break;
    case KernelFs::mqueue:
      if (is_host(spec.namespaces.ipc)) shared("mqueue", "ipc");
      break;
    case KernelFs::sysfs:
      if (is_host(spec.namespaces.net)) shared("a fresh sysfs", "net");
      break;
    case KernelFs::cgroup:
      if (is_host(spec.namespaces.cgroup)) shared("cgroup", "cgroup");
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
    check_kernel_mount(spec, mount, problems);
    check_overlay(mount, problems);
  }
}

void check_capabilities(const Capabilities& caps, Problems& problems) {
  bool all_kept = false;
  bool all_bounding = false;
  for (const auto& [set, all] :
       {std::pair(&caps.keep, &all_kept), std::pair(&caps.bounding, &all_bounding)}) {
    for (const SetItem& item : set->items) {
      if (item.text == "ALL") {
        *all = true;
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

void check_environment(const Environment& env, Problems& problems) {
  for (const auto& [name, rule] : env) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      problems.add(Code::wrong_type, rule.origin, quote(name) + " can't be the name of a variable");
    } else if (rule.value && rule.value->text.find('\0') != std::string::npos) {
      problems.add(Code::wrong_type, rule.origin, "the value of " + quote(name) + " holds a NUL");
    }
  }
}

<<<<<<< HEAD
=======
// What useradd(8) takes on most systems. It stands in passwd(5), where ':' would end it.
bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > 32 || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

void check_user(const User& user, Problems& problems) {
  if (user.name.is_set() && !is_user_name(*user.name.value)) {
    problems.add(Code::id_map, user.name.origin,
                 quote(*user.name.value) + " can't be the name of a user",
                 "1 to 32 letters, digits, '-', '.' and '_', the first not '-'");
  }
}

// Places of one file by line; files, and what has no line, as they were met.
void sort_by_place(Errors& errors) {
  std::vector<const SourceFile*> files;
  const auto index = [&](const Error& error) {
    const SourceFile* file = error.origin.file.get();
    const auto found = std::find(files.begin(), files.end(), file);
    if (found != files.end()) return found - files.begin();
    files.push_back(file);
    return static_cast<std::ptrdiff_t>(files.size()) - 1;
  };
  for (const Error& error : errors) (void)index(error);
  std::stable_sort(errors.begin(), errors.end(), [&](const Error& a, const Error& b) {
    return std::tuple(index(a), a.origin.line, a.origin.column) <
           std::tuple(index(b), b.origin.line, b.origin.column);
  });
}

>>>>>>> b13f284 (user.name, user.passwd and user.groups)
}  // namespace

namespace {

void check_calls(const Seccomp& seccomp, Problems& problems) {
  for (const SetItem& allowed : seccomp.allow.items) {
    for (const SetItem& denied : seccomp.deny.items) {
      if (allowed.text != denied.text) continue;
      problems.add(Code::syscall_twice, denied.origin,
                   quote(denied.text) + " stands in seccomp.allow and in seccomp.deny",
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
