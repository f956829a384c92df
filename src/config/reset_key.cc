#include "config/reset_key.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "config/flag_layer.h"
#include "config/schema.h"

namespace immure {
namespace {

struct Row {
  std::string_view key;
  void (*reset)(SandboxSpec&);
};

constexpr std::array rows{
    Row{"description", [](SandboxSpec& s) { s.description = {}; }},
    Row{"why", [](SandboxSpec& s) { s.why = {}; }},
    Row{"hostname", [](SandboxSpec& s) { s.hostname = {}; }},
    Row{"domainname", [](SandboxSpec& s) { s.domainname = {}; }},
    Row{"fs_protect", [](SandboxSpec& s) { s.fs_protect = {}; }},
    Row{"best_effort", [](SandboxSpec& s) { s.best_effort = {}; }},
    Row{"root.dir", [](SandboxSpec& s) { s.root.dir = {}; }},
    Row{"root.size", [](SandboxSpec& s) { s.root.size_bytes = {}; }},
    Row{"root.mode", [](SandboxSpec& s) { s.root.mode = {}; }},
    Row{"root.writable", [](SandboxSpec& s) { s.root.writable = {}; }},
    Row{"root.proc", [](SandboxSpec& s) { s.root.proc = {}; }},
    Row{"root.dev", [](SandboxSpec& s) { s.root.dev = {}; }},
    Row{"namespaces.user", [](SandboxSpec& s) { s.namespaces.user = {}; }},
    Row{"namespaces.mount", [](SandboxSpec& s) { s.namespaces.mount = {}; }},
    Row{"namespaces.pid", [](SandboxSpec& s) { s.namespaces.pid = {}; }},
    Row{"namespaces.ipc", [](SandboxSpec& s) { s.namespaces.ipc = {}; }},
    Row{"namespaces.uts", [](SandboxSpec& s) { s.namespaces.uts = {}; }},
    Row{"namespaces.cgroup", [](SandboxSpec& s) { s.namespaces.cgroup = {}; }},
    Row{"namespaces.net", [](SandboxSpec& s) { s.namespaces.net = {}; }},
    Row{"namespaces.time", [](SandboxSpec& s) { s.namespaces.time = {}; }},
    Row{"namespaces.nested", [](SandboxSpec& s) { s.namespaces.nested = {}; }},
    Row{"user.uid", [](SandboxSpec& s) { s.user.uid = {}; }},
    Row{"user.gid", [](SandboxSpec& s) { s.user.gid = {}; }},
    Row{"user.uid_map", [](SandboxSpec& s) { s.user.uid_map = {}; }},
    Row{"user.gid_map", [](SandboxSpec& s) { s.user.gid_map = {}; }},
    Row{"user.passwd", [](SandboxSpec& s) { s.user.passwd = {}; }},
    Row{"user.name", [](SandboxSpec& s) { s.user.name = {}; }},
    Row{"user.groups", [](SandboxSpec& s) { s.user.groups = {}; }},
    Row{"time.monotonic", [](SandboxSpec& s) { s.time.monotonic_ns = {}; }},
    Row{"time.boottime", [](SandboxSpec& s) { s.time.boottime_ns = {}; }},
    Row{"caps.keep", [](SandboxSpec& s) { s.caps.keep = {}; }},
    Row{"caps.bounding",
        [](SandboxSpec& s) {
          s.caps.bounding = {};
          s.caps.bounding_set = false;
        }},
    Row{"seccomp.base", [](SandboxSpec& s) { s.seccomp.base = {}; }},
    Row{"seccomp.allow", [](SandboxSpec& s) { s.seccomp.allow = {}; }},
    Row{"seccomp.deny", [](SandboxSpec& s) { s.seccomp.deny = {}; }},
    Row{"seccomp.rules", [](SandboxSpec& s) { s.seccomp.rules = {}; }},
    Row{"seccomp.on_deny", [](SandboxSpec& s) { s.seccomp.on_deny = {}; }},
    Row{"seccomp.sockets",
        [](SandboxSpec& s) {
          s.seccomp.sockets = {};
          s.seccomp.limits_sockets = {};
        }},
    Row{"seccomp.arch", [](SandboxSpec& s) { s.seccomp.arch = {}; }},
    Row{"seccomp.file", [](SandboxSpec& s) { s.seccomp.file = {}; }},
    Row{"seccomp.report", [](SandboxSpec& s) { s.seccomp.report = {}; }},
    Row{"landlock.mode", [](SandboxSpec& s) { s.landlock.mode = {}; }},
    Row{"landlock.fs", [](SandboxSpec& s) { s.landlock.fs = {}; }},
    Row{"landlock.tcp_bind", [](SandboxSpec& s) { s.landlock.tcp_bind = {}; }},
    Row{"landlock.tcp_connect", [](SandboxSpec& s) { s.landlock.tcp_connect = {}; }},
    Row{"landlock.scope", [](SandboxSpec& s) { s.landlock.scope = {}; }},
    Row{"limits.tmp_total", [](SandboxSpec& s) { s.limits.tmp_total = {}; }},
    Row{"limits.output", [](SandboxSpec& s) { s.limits.output = {}; }},
    Row{"limits.wall", [](SandboxSpec& s) { s.limits.wall_ns = {}; }},
    Row{"state.name", [](SandboxSpec& s) { s.state.name = {}; }},
    Row{"state.dir", [](SandboxSpec& s) { s.state.dir = {}; }},
    Row{"state.scope", [](SandboxSpec& s) { s.state.scope = {}; }},
    Row{"state.lock", [](SandboxSpec& s) { s.state.lock = {}; }},
    Row{"process.command", [](SandboxSpec& s) { s.process.command = {}; }},
    Row{"process.args", [](SandboxSpec& s) { s.process.args = {}; }},
    Row{"process.argv0", [](SandboxSpec& s) { s.process.argv0 = {}; }},
    Row{"process.cwd", [](SandboxSpec& s) { s.process.cwd = {}; }},
    Row{"process.umask", [](SandboxSpec& s) { s.process.umask = {}; }},
    Row{"process.nice", [](SandboxSpec& s) { s.process.nice = {}; }},
    Row{"process.oom_score_adj", [](SandboxSpec& s) { s.process.oom_score_adj = {}; }},
    Row{"process.tty", [](SandboxSpec& s) { s.process.tty = {}; }},
    Row{"process.init", [](SandboxSpec& s) { s.process.init = {}; }},
    Row{"process.die_with_parent", [](SandboxSpec& s) { s.process.die_with_parent = {}; }},
    Row{"process.wait", [](SandboxSpec& s) { s.process.wait = {}; }},
    Row{"process.stop_signal", [](SandboxSpec& s) { s.process.stop_signal = {}; }},
    Row{"process.grace", [](SandboxSpec& s) { s.process.grace_ns = {}; }},
    Row{"process.pass_fds", [](SandboxSpec& s) { s.process.pass_fds = {}; }},
    Row{"process.stdin", [](SandboxSpec& s) { s.process.stdin_from = {}; }},
    Row{"process.stdout", [](SandboxSpec& s) { s.process.stdout_to = {}; }},
    Row{"process.stderr", [](SandboxSpec& s) { s.process.stderr_to = {}; }},
    Row{"process.personality", [](SandboxSpec& s) { s.process.personality = {}; }},
    Row{"process.cpus", [](SandboxSpec& s) { s.process.cpus = {}; }},
    Row{"lint.allow", [](SandboxSpec& s) { s.lint.allow = {}; }},
    Row{"process.sched", [](SandboxSpec& s) { s.process.sched = {}; }},
    Row{"process.io_priority", [](SandboxSpec& s) { s.process.io_priority = {}; }},
    Row{"process.core_sched", [](SandboxSpec& s) { s.process.core_sched = {}; }},
    Row{"process.selinux", [](SandboxSpec& s) { s.process.selinux = {}; }},
    Row{"process.apparmor", [](SandboxSpec& s) { s.process.apparmor = {}; }},
    Row{"process.tsc", [](SandboxSpec& s) { s.process.tsc = {}; }},
    Row{"process.keyring", [](SandboxSpec& s) { s.process.keyring = {}; }},
};

constexpr std::array<std::string_view, 14> rlimits{
    "cpu",   "as",      "data",     "stack",  "core",   "fsize",      "nofile",
    "nproc", "memlock", "msgqueue", "rtprio", "rttime", "sigpending", "locks"};

constexpr std::array<std::string_view, 5> keyed_tables{"env", "sysctl", "namespaces.nested",
                                                       "limits", "allow"};

// `fs."/x"` -> "/x": the last part of a dotted key, without its quotes.
std::string_view unquoted(std::string_view part) {
  const bool quoted = part.size() >= 2 && (part.front() == '"' || part.front() == '\'') &&
                      part.back() == part.front();
  return quoted ? part.substr(1, part.size() - 2) : part;
}

template <class T>
bool erase(KeyedSettings<T>& settings, std::string_view name) {
  settings.erase(std::string(name));
  return true;
}

bool is_rlimit(std::string_view name) {
  return name == "nice" || std::ranges::find(rlimits, name) != rlimits.end();
}

// The tables whose keys are the user's own names. False: not one of these.
bool reset_entry(SandboxSpec& spec, std::string_view table, std::string_view name) {
  if (table == "env") return erase(spec.env, name);
  if (table == "allow") return erase(spec.allow, name);
  if (table == "sysctl") return erase(spec.sysctl, name);
  if (table == "namespaces.nested") return erase(spec.namespaces.nested, name);
  if (table == "limits" && is_rlimit(name)) return erase(spec.limits.rlimits, name);
  return false;
}

Error unknown(std::string_view key, const Origin& origin) {
  if (const auto row = find_row(key); row && !row->built()) {
    return Error{.code = Code::not_supported,
                 .reason = quote(key) + " is not supported by this version",
                 .origin = origin};
  }
  std::vector<std::string_view> names;
  names.reserve(rows.size());
  for (const Row& row : rows) names.push_back(row.key);
  const std::string like = closest(key, names.data(), names.size());
  return Error{.code = Code::unknown_key,
               .reason = "unknown key " + quote(key),
               .origin = origin,
               .hint = like.empty() ? "" : "did you mean " + like + "?"};
}

}  // namespace

std::variant<std::monostate, Error> reset_key(SandboxSpec& spec, std::string_view key,
                                              const Circumstances& circumstances,
                                              const Origin& origin) {
  const auto* const row = std::ranges::find(rows, key, &Row::key);
  if (row != rows.end()) {
    row->reset(spec);
    return {};
  }
  if (key.starts_with("landlock.fs.")) {
    auto target = absolute_argument(unquoted(key.substr(12)), circumstances, origin);
    if (!target.ok()) return std::move(target.error());
    erase(spec.landlock.fs, target.value());
    return {};
  }
  if (key.starts_with("fs.")) {
    auto target = absolute_argument(unquoted(key.substr(3)), circumstances, origin);
    if (!target.ok()) return std::move(target.error());
    std::erase_if(spec.mounts, [&](const Mount& m) { return m.target == target.value(); });
    return {};
  }
  for (const std::string_view table : keyed_tables) {
    const bool inside =
        key.starts_with(table) && key.size() > table.size() && key[table.size()] == '.';
    if (inside && reset_entry(spec, table, unquoted(key.substr(table.size() + 1)))) return {};
  }
  return unknown(key, origin);
}

}  // namespace immure
