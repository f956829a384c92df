#include "spec/merge.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

template <class T>
void lay(Setting<T>& lower, const Setting<T>& upper) {
  if (upper.is_set()) lower = upper;
}

template <class T>
void lay(KeyedSettings<T>& lower, const KeyedSettings<T>& upper) {
  for (const auto& [key, setting] : upper) lower.insert_or_assign(key, setting);
}

Error nothing_to_remove(std::string_view what, std::string_view item, const Origin& origin) {
  return Error{.code = Code::lint_unused_override,
               .doing = quote(item) + " is removed from " + std::string(what) +
                        ", but no earlier layer has it",
               .origin = origin};
}

// The texts of a set; refers to them. A set may have tens of thousands of items.
using Texts = std::set<std::string_view>;

Texts texts_of(const SetEdit& set, bool removals) {
  Texts texts;
  for (const SetItem& item : set.items) {
    if (item.remove == removals) texts.insert(item.text);
  }
  return texts;
}

void take_away(SetEdit& lower, const Texts& texts) {
  std::erase_if(lower.items, [&](const SetItem& item) { return texts.contains(item.text); });
}

void remove_items(std::string_view what, SetEdit& lower, const SetEdit& upper, Errors& warnings) {
  const Texts removed = texts_of(upper, true);
  if (removed.empty()) return;
  const bool all = removed.contains("*");
  const Texts there = texts_of(lower, false);
  for (const SetItem& item : upper.items) {
    if (!item.remove || item.text == "*" || there.contains(item.text)) continue;
    warnings.push_back(nothing_to_remove(what, "!" + item.text, item.origin));
  }
  if (all) {
    lower.items.clear();
  } else {
    take_away(lower, removed);
  }
}

void add_items(SetEdit& lower, const SetEdit& upper) {
  lower.items.reserve(lower.items.size() + upper.items.size());  // `known` refers to them
  Texts known = texts_of(lower, false);
  for (const SetItem& item : upper.items) {
    if (item.remove || known.contains(item.text)) continue;
    lower.items.push_back(item);
    known.insert(lower.items.back().text);
  }
}

// Removals act on what earlier layers gave, never on the layer they stand in, so that the order
// within one array means nothing.
void lay(std::string_view what, SetEdit& lower, const SetEdit& upper, Errors& warnings) {
  if (upper.items.empty()) return;
  remove_items(what, lower, upper, warnings);
  add_items(lower, upper);
}

void lay(Allow& lower, const Allow& upper, Errors& warnings) {
  for (const auto& [name, setting] : upper) {
    const auto [place, is_new] = lower.try_emplace(name, setting);
    const bool sets = setting.value->kind == IntentValue::Kind::items;
    if (sets && (is_new || place->second.value->kind != IntentValue::Kind::items)) {
      place->second = setting;
      place->second.value->items = {};
    }
    if (sets) {
      lay("allow." + name, place->second.value->items, setting.value->items, warnings);
    } else {
      place->second = setting;
    }
  }
}

void lay(std::vector<Mount>& lower, const std::vector<Mount>& upper, Errors& warnings) {
  // The map's keys point into the targets, so the vector must not grow beyond this.
  std::vector<Mount> result;
  result.reserve(lower.size() + upper.size());
  std::move(lower.begin(), lower.end(), std::back_inserter(result));
  std::map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < result.size(); ++i) place.emplace(result[i].target, i);
  std::vector<bool> gone(lower.size() + upper.size(), false);
  for (const Mount& mount : upper) {
    const auto found = place.find(mount.target);
    const bool known = found != place.end() && !gone[found->second];
    if (std::holds_alternative<NoMount>(mount.what)) {
      if (known) {
        gone[found->second] = true;
      } else if (!mount.optional) {
        warnings.push_back(nothing_to_remove("[fs]", mount.target, mount.origin));
      }
    } else if (found != place.end()) {
      gone[found->second] = false;
      // The key is the old target, which equals the new one but may lie elsewhere after this.
      const std::size_t index = found->second;
      place.erase(found);
      result[index] = mount;
      place.emplace(result[index].target, index);
    } else {
      result.push_back(mount);
      place.emplace(result.back().target, result.size() - 1);
    }
  }
  lower.clear();
  lower.reserve(result.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (!gone[i]) lower.push_back(std::move(result[i]));
  }
  sort_by_depth(lower);
}

bool is_call_group(const SetItem& item) { return item.text.starts_with('@'); }

std::uint32_t layer_after(const Seccomp& lower) {
  std::uint32_t next = 0;
  for (const SetEdit* set : {&lower.allow, &lower.deny}) {
    for (const SetItem& item : set->items) {
      if (is_call_group(item)) next = std::max(next, item.layer + 1);
    }
  }
  return next;
}

SetEdit in_layer(SetEdit set, std::uint32_t layer) {
  for (SetItem& item : set.items) {
    if (is_call_group(item)) item.layer = layer;
  }
  return set;
}

// What a later layer says of a call or group replaces what an earlier one said.
void lay_calls(Seccomp& lower, const Seccomp& upper, Errors& warnings) {
  remove_items("seccomp.allow", lower.allow, upper.allow, warnings);
  remove_items("seccomp.deny", lower.deny, upper.deny, warnings);
  for (const SetEdit* set : {&upper.allow, &upper.deny}) {
    const Texts said = texts_of(*set, false);
    take_away(set == &upper.allow ? lower.deny : lower.allow, said);
    std::erase_if((set == &upper.allow ? lower.allow : lower.deny).items, [&](const SetItem& item) {
      return is_call_group(item) && said.contains(item.text);
    });
  }
  const std::uint32_t layer = layer_after(lower);
  add_items(lower.allow, in_layer(upper.allow, layer));
  add_items(lower.deny, in_layer(upper.deny, layer));
}

void lay_sockets(Seccomp& lower, const Seccomp& upper, Errors& warnings) {
  if (!upper.limits_sockets.is_set()) return;
  const std::vector<SetItem>& items = upper.sockets.items;
  const bool only_removes = !items.empty() && std::ranges::all_of(items, &SetItem::remove);
  if (only_removes && !lower.limits_sockets.is_set()) {  // from those of the base
    for (const char* family : {"unix", "inet", "inet6", "netlink"}) {
      lower.sockets.items.push_back({.text = family, .origin = upper.limits_sockets.origin});
    }
  }
  lay("seccomp.sockets", lower.sockets, upper.sockets, warnings);
  lay(lower.limits_sockets, upper.limits_sockets);
}

void lay(std::vector<FilterRule>& lower, const std::vector<FilterRule>& upper) {
  std::vector<FilterRule> rules = upper;
  for (FilterRule& rule : lower) {
    if (std::ranges::find(upper, rule) == upper.end()) rules.push_back(std::move(rule));
  }
  lower = std::move(rules);
}

void lay(Seccomp& lower, const Seccomp& upper, Errors& warnings) {
  lay(lower.base, upper.base);
  lay_calls(lower, upper, warnings);
  if (!upper.rules.empty()) lay(lower.rules, upper.rules);
  lay(lower.on_deny, upper.on_deny);
  lay_sockets(lower, upper, warnings);
  lay("seccomp.arch", lower.arch, upper.arch, warnings);
  lay(lower.file, upper.file);
  lay(lower.report, upper.report);
}

void lay(std::string_view what, LandlockSet& lower, const LandlockSet& upper, Errors& warnings) {
  if (!upper.given) return;
  lay(what, lower.edit, upper.edit, warnings);
  lower.given = true;
}

// Both scopes are the floor's, so that a layer can take away one of them.
void lay_scope(LandlockSet& lower, const LandlockSet& upper, Errors& warnings) {
  const auto& items = upper.edit.items;
  const bool only_removes =
      !items.empty() && std::ranges::all_of(items, [](const SetItem& item) { return item.remove; });
  if (!lower.given && only_removes) {
    lower.edit.items = {{.text = "abstract-unix-socket"}, {.text = "signal"}};
  }
  lay("landlock.scope", lower, upper, warnings);
}

void lay(Landlock& lower, const Landlock& upper, Errors& warnings) {
  lay(lower.mode, upper.mode);
  lay(lower.fs, upper.fs);
  lay("landlock.tcp_bind", lower.tcp_bind, upper.tcp_bind, warnings);
  lay("landlock.tcp_connect", lower.tcp_connect, upper.tcp_connect, warnings);
  lay_scope(lower.scope, upper.scope, warnings);
}

void lay(Root& lower, const Root& upper) {
  lay(lower.dir, upper.dir);
  lay(lower.size_bytes, upper.size_bytes);
  lay(lower.mode, upper.mode);
  lay(lower.writable, upper.writable);
  lay(lower.proc, upper.proc);
  lay(lower.dev, upper.dev);
}

void lay(Namespaces& lower, const Namespaces& upper) {
  lay(lower.user, upper.user);
  lay(lower.mount, upper.mount);
  lay(lower.pid, upper.pid);
  lay(lower.ipc, upper.ipc);
  lay(lower.uts, upper.uts);
  lay(lower.cgroup, upper.cgroup);
  lay(lower.net, upper.net);
  lay(lower.time, upper.time);
  lay(lower.join, upper.join);
  lay(lower.nested, upper.nested);
}

void lay(User& lower, const User& upper) {
  lay(lower.uid, upper.uid);
  lay(lower.gid, upper.gid);
  lay(lower.uid_map, upper.uid_map);
  lay(lower.gid_map, upper.gid_map);
  lay(lower.passwd, upper.passwd);
  lay(lower.name, upper.name);
  lay(lower.groups, upper.groups);
}

// What a layer says of the users stands for the entries that earlier layers had for these files; an
// entry of the same or a later layer says more.
bool makes_user_files(const User& lower, const User& upper) {
  if (upper.passwd.is_set()) return true;
  return upper.name.is_set() && lower.passwd.get_or(PasswdFiles::minimal) == PasswdFiles::minimal;
}

void lay(Process& lower, const Process& upper, Errors& warnings) {
  lay(lower.command, upper.command);
  lay(lower.args, upper.args);
  lay(lower.argv0, upper.argv0);
  lay(lower.cwd, upper.cwd);
  lay(lower.umask, upper.umask);
  lay(lower.nice, upper.nice);
  lay(lower.oom_score_adj, upper.oom_score_adj);
  lay(lower.tty, upper.tty);
  lay(lower.init, upper.init);
  lay(lower.die_with_parent, upper.die_with_parent);
  lay(lower.wait, upper.wait);
  lay(lower.stop_signal, upper.stop_signal);
  lay(lower.grace_ns, upper.grace_ns);
  lay("process.pass_fds", lower.pass_fds, upper.pass_fds, warnings);
  lay(lower.stdin_from, upper.stdin_from);
  lay(lower.stdout_to, upper.stdout_to);
  lay(lower.stderr_to, upper.stderr_to);
  lay("process.personality", lower.personality, upper.personality, warnings);
  lay(lower.cpus, upper.cpus);
  lay(lower.sched, upper.sched);
  lay(lower.io_priority, upper.io_priority);
  lay(lower.core_sched, upper.core_sched);
  lay(lower.tsc, upper.tsc);
  lay(lower.keyring, upper.keyring);
  lay(lower.selinux, upper.selinux);
  lay(lower.apparmor, upper.apparmor);
}

}  // namespace

void sort_by_depth(std::vector<Mount>& mounts) {
  std::vector<std::pair<std::size_t, std::size_t>> order;  // depth, index
  order.reserve(mounts.size());
  for (std::size_t i = 0; i < mounts.size(); ++i) order.emplace_back(depth(mounts[i].target), i);
  const auto before = [&](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return mounts[a.second].target < mounts[b.second].target;
  };
  if (std::is_sorted(order.begin(), order.end(), before)) return;
  std::stable_sort(order.begin(), order.end(), before);
  std::vector<Mount> sorted;
  sorted.reserve(mounts.size());
  for (const auto& entry : order) sorted.push_back(std::move(mounts[entry.second]));
  mounts = std::move(sorted);
}

void merge(Allow& lower, const Allow& upper, Errors& warnings) { lay(lower, upper, warnings); }

void lay_set(SetEdit& lower, const SetEdit& upper) {
  Errors odd;
  lay({}, lower, upper, odd);
}

void merge(SandboxSpec& lower, const SandboxSpec& upper, Errors& warnings) {
  lay(lower.description, upper.description);
  lay(lower.why, upper.why);
  lay("best_effort", lower.best_effort, upper.best_effort, warnings);
  lay(lower.root, upper.root);
  if (makes_user_files(lower.user, upper.user)) {
    std::erase_if(lower.mounts, [](const Mount& mount) {
      return mount.target == "/etc/passwd" || mount.target == "/etc/group";
    });
  }
  lay(lower.mounts, upper.mounts, warnings);
  lay(lower.fs_protect, upper.fs_protect);
  lay(lower.allow, upper.allow, warnings);
  lay(lower.namespaces, upper.namespaces);
  lay(lower.user, upper.user);
  lay(lower.time.monotonic_ns, upper.time.monotonic_ns);
  lay(lower.time.boottime_ns, upper.time.boottime_ns);
  lay(lower.hostname, upper.hostname);
  lay(lower.domainname, upper.domainname);
  lay(lower.sysctl, upper.sysctl);
  lay("caps.keep", lower.caps.keep, upper.caps.keep, warnings);
  lay("caps.bounding", lower.caps.bounding, upper.caps.bounding, warnings);
  lower.caps.bounding_set = lower.caps.bounding_set || upper.caps.bounding_set;
  lay(lower.seccomp, upper.seccomp, warnings);
  lay(lower.hardening.setid_bits, upper.hardening.setid_bits);
  lay(lower.hardening.jit, upper.hardening.jit);
  lay(lower.landlock, upper.landlock, warnings);
  lay(lower.limits.rlimits, upper.limits.rlimits);
  lay(lower.limits.tmp_total, upper.limits.tmp_total);
  lay(lower.limits.wall_ns, upper.limits.wall_ns);
  lay(lower.limits.output, upper.limits.output);
  lay(lower.state.name, upper.state.name);
  lay(lower.state.dir, upper.state.dir);
  lay(lower.state.scope, upper.state.scope);
  lay(lower.state.lock, upper.state.lock);
  lay(lower.process, upper.process, warnings);
  lay(lower.env, upper.env);
  lay("lint.allow", lower.lint.allow, upper.lint.allow, warnings);
  lay(lower.lint.shows_arguments, upper.lint.shows_arguments);
}

}  // namespace immure
