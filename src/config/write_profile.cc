#include "config/write_profile.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "config/schema.h"
#include "config/toml_text.h"

namespace immure {
namespace {

std::string quoted_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ", ";
    list += toml_expanded(text);
  }
  return list + ']';
}

std::string set_of(const SetEdit& set, bool numbers) {
  std::string list = "[";
  for (const SetItem& item : set.items) {
    if (list.size() > 1) list += ", ";
    list += numbers ? item.text : toml_string(item.text);
  }
  return list + ']';
}

std::string redirect(const std::string& text) { return toml_expanded(text); }

// One table: lines are collected, and the header comes only if there are any.
class Section {
 public:
  explicit Section(std::string_view name) : name_(name) {}

  void line(std::string_view key, const std::string& value) {
    lines_.append(toml_key(key)).append(" = ").append(value).append(1, '\n');
  }
  template <class T, class F>
  void put(std::string_view key, const Setting<T>& setting, F write) {
    if (setting.is_set()) line(key, write(*setting.value));
  }
  // The word that the schema has for it, so that what is written is what is read.
  template <class T>
  void put_word(std::string_view key, T value) {
    const auto row = find_row(name_, key);
    for (const Word& word : row->words) {
      if (word.value == static_cast<int>(value)) return line(key, toml_string(word.word));
    }
  }
  template <class T>
  void put_word(std::string_view key, const Setting<T>& setting) {
    if (setting.is_set()) put_word(key, *setting.value);
  }
  void add(const std::string& lines) { lines_ += lines; }

  void append_to(std::string& out) const {
    if (lines_.empty()) return;
    out.append(out.empty() ? "" : "\n").append("[").append(name_).append("]\n").append(lines_);
  }
  const std::string& lines() const { return lines_; }

 private:
  std::string name_;
  std::string lines_;
};

template <class T>
std::string number(T value) {
  return std::to_string(value);
}
std::string size(std::uint64_t bytes) { return std::to_string(bytes); }

std::string id_map(const IdMap& map) {
  if (map.subordinate) return "\"subid\"";
  std::string list = "[";
  for (const auto& [inside, outside, count] : map.ranges) {
    if (list.size() > 1) list += ", ";
    list += "{ inside = " + number(inside) + ", outside = " + number(outside) +
            ", count = " + number(count) + " }";
  }
  return list + ']';
}

std::string limit(const LimitValue& value) {
  switch (value.kind) {
    case LimitValue::Kind::inherit:
      return "\"inherit\"";
    case LimitValue::Kind::hard:
      return "\"hard\"";
    case LimitValue::Kind::unlimited:
      return "\"unlimited\"";
    case LimitValue::Kind::value:
      break;
  }
  if (value.soft == value.hard) return number(value.soft);
  return "{ soft = " + number(value.soft) + ", hard = " + number(value.hard) + " }";
}

std::string variable(const EnvRule& rule) {
  if (rule.kind == EnvRule::Kind::unset) return "false";
  if (rule.kind == EnvRule::Kind::text && !rule.secret) return toml_expanded(rule.text);
  if (!rule.secret && !rule.has_fallback) return "true";
  std::string table = "{ pass = true";
  if (rule.has_fallback && !rule.secret) table += ", default = " + toml_expanded(rule.fallback);
  if (rule.secret) table += ", secret = true";
  return table + " }";
}

// The bindings below name every member, so that a key that is new to the spec, and would be
// forgotten here, does not compile.

void write_root(const Root& root, std::string& out) {
  const auto& [dir, size_bytes, mode, writable, proc, dev] = root;
  Section section("root");
  section.put("dir", dir, toml_expanded);
  section.put("size", size_bytes, size);
  section.put("mode", mode, toml_octal);
  section.put("writable", writable, toml_boolean);
  section.put_word("proc", proc);
  section.put("dev", dev, toml_boolean);
  section.append_to(out);
}

void write_identity(const SandboxSpec& spec, std::string& out) {
  const auto& [user, mount, pid, ipc, uts, cgroup, net, time, join, nested] = spec.namespaces;
  Section namespaces("namespaces");
  for (const auto& [name, choice] :
       {std::pair("user", &user), std::pair("mount", &mount), std::pair("pid", &pid),
        std::pair("ipc", &ipc), std::pair("uts", &uts), std::pair("cgroup", &cgroup),
        std::pair("net", &net), std::pair("time", &time)}) {
    const auto joined = join.find(name);
    if (choice->value == NamespaceChoice::joined && joined != join.end()) {
      namespaces.put(name, joined->second, toml_expanded);
    } else {
      namespaces.put_word(name, *choice);
    }
  }
  namespaces.append_to(out);
  Section inside("namespaces.nested");
  for (const auto& [name, most] : nested) inside.put(name, most, number<std::int64_t>);
  inside.append_to(out);

  const auto& [uid, gid, uid_map, gid_map, passwd, user_name, groups] = spec.user;
  Section ids("user");
  ids.put("uid", uid, number<std::int64_t>);
  ids.put("gid", gid, number<std::int64_t>);
  ids.put("uid_map", uid_map, id_map);
  ids.put("gid_map", gid_map, id_map);
  ids.put_word("passwd", passwd);
  ids.put("name", user_name, toml_expanded);
  ids.put_word("groups", groups);
  ids.append_to(out);

  const auto& [keep, bounding, bounding_set] = spec.caps;
  Section caps("caps");
  if (!keep.items.empty()) caps.line("keep", set_of(keep, false));
  if (bounding_set) caps.line("bounding", set_of(bounding, false));
  caps.append_to(out);

  const auto& [monotonic, boottime] = spec.time;
  Section clocks("time");
  clocks.put("monotonic", monotonic, toml_time);
  clocks.put("boottime", boottime, toml_time);
  clocks.append_to(out);

  Section sysctl("sysctl");
  for (const auto& [name, value] : spec.sysctl) sysctl.put(name, value, toml_string);
  sysctl.append_to(out);
}

void write_process(const Process& process, std::string& out) {
  const auto& [command, args, argv0, cwd, umask, nice, oom_score_adj, tty, init, die_with_parent,
               wait, stop_signal, grace_ns, pass_fds, stdin_from, stdout_to, stderr_to, personality,
               cpus, sched, io_priority, core_sched, tsc, keyring, selinux, apparmor] = process;
  Section section("process");
  section.put("command", command, quoted_list);
  section.put("args", args, quoted_list);
  section.put("argv0", argv0, toml_expanded);
  section.put("cwd", cwd, toml_expanded);
  section.put("umask", umask, toml_octal);
  section.put("nice", nice, number<std::int64_t>);
  section.put("oom_score_adj", oom_score_adj, number<std::int64_t>);
  section.put_word("tty", tty);
  section.put_word("init", init);
  section.put("die_with_parent", die_with_parent, toml_boolean);
  section.put_word("wait", wait);
  section.put("stop_signal", stop_signal, number<int>);
  section.put("grace", grace_ns, toml_time);
  if (!pass_fds.items.empty()) section.line("pass_fds", set_of(pass_fds, true));
  section.put("stdin", stdin_from, redirect);
  section.put("stdout", stdout_to, redirect);
  section.put("stderr", stderr_to, redirect);
  if (!personality.items.empty()) section.line("personality", set_of(personality, false));
  section.put("cpus", cpus, toml_string);
  section.put("sched", sched, toml_string);
  section.put("io_priority", io_priority, toml_string);
  section.put("core_sched", core_sched, toml_boolean);
  section.put("tsc", tsc, toml_boolean);
  section.put_word("keyring", keyring);
  section.put("selinux", selinux, toml_string);
  section.put("apparmor", apparmor, toml_string);
  section.append_to(out);
}

void write_limits(const Limits& limits, std::string& out) {
  const auto& [rlimits, tmp_total, wall_ns, output] = limits;
  Section section("limits");
  for (const auto& [name, value] : rlimits) section.put(name, value, limit);
  section.put("tmp_total", tmp_total, size);
  section.put("output", output, size);
  section.put("wall", wall_ns, toml_time);
  section.append_to(out);
}

std::string list_of(const std::vector<PlacedText>& texts) {
  std::string list = "[";
  for (const PlacedText& text : texts) {
    if (list.size() > 1) list += ", ";
    list += toml_string(text.text);
  }
  return list + ']';
}

std::string rules_of(const std::vector<FilterRule>& rules) {
  std::string list = "[\n";
  for (const auto& [syscalls, action, args, arch, origin] : rules) {
    list += "  { syscalls = " + list_of(syscalls) + ", action = " + toml_string(action.text);
    if (!args.empty()) list += ", args = " + list_of(args);
    if (!arch.empty()) list += ", arch = " + list_of(arch);
    list += " },\n";
  }
  return list + ']';
}

void write_filter(const Seccomp& seccomp, const Hardening& hardening, std::string& out) {
  const auto& [base, allowed, denied, rules, on_deny, sockets, limits_sockets, arch, file,
               file_bytes, report] = seccomp;
  Section filter("seccomp");
  filter.put_word("base", base);
  if (!allowed.items.empty()) filter.line("allow", set_of(allowed, false));
  if (!denied.items.empty()) filter.line("deny", set_of(denied, false));
  if (!rules.empty()) filter.line("rules", rules_of(rules));
  filter.put_word("on_deny", on_deny);
  if (limits_sockets.is_set()) filter.line("sockets", set_of(sockets, false));
  if (!arch.items.empty()) filter.line("arch", set_of(arch, false));
  filter.put("file", file, toml_expanded);
  filter.put("report", report, toml_boolean);
  filter.append_to(out);

  // No key says these, only an intent, which comes to nothing else.
  const auto& [setid_bits, jit] = hardening;
  Section intents("allow");
  if (setid_bits.get_or(false)) intents.line("setid", "true");
  if (!jit.get_or(true)) intents.line("jit", "false");
  intents.append_to(out);
}

void write_landlock(const Landlock& landlock, std::string& out) {
  const auto& [mode, rights, tcp_bind, tcp_connect, scope] = landlock;
  Section section("landlock");
  section.put_word("mode", mode);
  if (tcp_bind.given) section.line("tcp_bind", set_of(tcp_bind.edit, true));
  if (tcp_connect.given) section.line("tcp_connect", set_of(tcp_connect.edit, true));
  if (scope.given) section.line("scope", set_of(scope.edit, false));
  section.append_to(out);

  Section paths("landlock.fs");
  for (const auto& [path, words] : rights) {
    if (words.is_set()) paths.add(toml_expanded(path) + " = " + quoted_list(*words.value) + '\n');
  }
  paths.append_to(out);
}

// ${STATE} is expanded, so nothing but the lock would say that the directory is used.
void write_state(const State& state, std::string& out) {
  const auto& [name, dir, scope, lock, used] = state;
  Section section("state");
  section.put("name", name, toml_string);
  if (used.empty()) {
    section.put("dir", dir, toml_expanded);
    section.put_word("scope", scope);
    section.put_word("lock", lock);
  } else {
    section.line("dir", toml_expanded(used));
    section.put_word("lock", lock.get_or(StateLock::exclusive));
  }
  section.append_to(out);
}

// What an intent shows is meant by its name; the entries that it becomes have to be acknowledged.
void write_lint(const SandboxSpec& spec, const HostPlaces& places, std::string& out) {
  const SetEdit allow = acknowledgements(spec, places);
  Section section("lint");
  if (!allow.items.empty()) section.line("allow", set_of(allow, false));
  section.append_to(out);
}

constexpr std::string_view kTop =
    "# Written by immure explain --as toml: all layers together, with nothing to extend. Variables "
    "are\n"
    "# expanded (paths are those of the user, the machine and the directory it was written for), "
    "and\n"
    "# intents are what they became there.\n";
constexpr std::string_view kSecrets = "# Values of secret variables are left out.\n";

}  // namespace

SetEdit acknowledgements(const SandboxSpec& spec, const HostPlaces& places) {
  SandboxSpec written = spec;
  for (Mount& mount : written.mounts) mount.by_intent = false;
  std::size_t refused = refusals(written, places).size();
  for (const Code code : {Code::lint_raw_bus, Code::lint_credentials, Code::lint_whole_host,
                          Code::lint_container_socket, Code::lint_kernel_files}) {
    if (refused == 0) break;
    SandboxSpec acknowledged = written;
    acknowledged.lint.allow.items.push_back({.text = lint_name(code)});
    const std::size_t left = refusals(acknowledged, places).size();
    if (left < refused) written = std::move(acknowledged);
    refused = left;
  }
  const auto& [allow, arguments] = written.lint;  // which are entries of [fs] by now
  return allow;
}

Result<std::string> write_profile(const SandboxSpec& spec, const HostPlaces& places) {
  const auto& [description, why, best_effort, root, mounts, fs_protect, allow, namespaces, user,
               time, hostname, domainname, sysctl, caps, seccomp, hardening, landlock, limits,
               state, process, env, lint] = spec;
  const bool secrets = std::ranges::any_of(env, [](const auto& variable) {
    return variable.second.value && variable.second.value->secret;
  });
  Section top("");
  top.line("version", "1");
  top.put("description", description, toml_string);
  top.put("why", why, toml_string);
  top.line("extends", "[]");
  if (!best_effort.items.empty()) top.line("best_effort", set_of(best_effort, false));
  top.put("hostname", hostname, toml_expanded);
  top.put("domainname", domainname, toml_expanded);
  top.put("fs_protect", fs_protect, toml_boolean);
  std::string out = std::string(kTop) + std::string(secrets ? kSecrets : "") + top.lines();

  write_root(root, out);
  Section fs("fs");
  fs.add(write_mounts(mounts));
  fs.append_to(out);
  write_identity(spec, out);
  write_filter(seccomp, hardening, out);
  write_landlock(landlock, out);
  write_limits(limits, out);
  write_state(state, out);
  write_process(process, out);
  Section variables("env");
  for (const auto& [name, rule] : env) variables.put(name, rule, variable);
  variables.append_to(out);
  write_lint(spec, places, out);

  if (is_toml_text(out)) return out;
  std::size_t line = 0;
  while (is_toml_text(std::string_view(out).substr(line, out.find('\n', line) - line))) {
    line = out.find('\n', line) + 1;
  }
  return Error{.code = Code::file_encoding,
               .doing = "can't write " +
                        quote(std::string_view(out).substr(line, out.find('\n', line) - line)) +
                        " in a profile: it isn't UTF-8"};
}

}  // namespace immure
