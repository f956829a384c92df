#include "spec/lint.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

class Linter {
 public:
  Linter(const SandboxSpec& spec, const HostPlaces& places) : spec_(spec), places_(places) {}

  Errors run() {
    network();
    arguments();
    credentials();
    x11();
    protection();
    unused_landlock();
    environment();
    capabilities();
    for (const Mount& mount : spec_.mounts) {
      if (!mount.glob) by_target_.emplace(mount.target, &mount);
    }
    for (const Mount& mount : spec_.mounts) {
      if (mount.by_intent) continue;
      pattern(mount);
      shadowed(mount);
    }
    drop_allowed(warnings_, spec_);
    sort_by_place(warnings_);
    return std::move(warnings_);
  }

 private:
  bool host_network() const { return spec_.namespaces.net.value == NamespaceChoice::host; }

  void network() {
    if (!host_network()) return;
    warn(Code::lint_host_network, spec_.namespaces.net.origin,
         "the network is the host's, with its services on localhost and its abstract sockets", "");
  }

  void arguments() {
    if (!host_network() || !spec_.lint.shows_arguments.get_or(false)) return;
    warn(Code::lint_args_network, spec_.lint.shows_arguments.origin,
         "files named as arguments are shown, and the program can send them over the network: "
         "whoever writes its command line chooses which",
         "name the files below [fs], or take the network away");
  }

  // What is written to is refused; this is about reading.
  void credentials() {
    const auto stores = credential_stores(places_);
    for (const Grant& grant : grants_of(spec_)) {
      if (grant.writable) continue;
      const auto found = std::ranges::find_if(stores, [&](const std::string& store) {
        if (lies_above(store, grant)) return !is_public(grant.source);
        return shows(grant, store) && is_uncovered(spec_, grant, store);
      });
      if (found == stores.end()) continue;
      const bool itself = grant.source == *found || lies_above(*found, grant);
      warn(Code::lint_credentials, grant.origin,
           quote(grant.shown) + " shows " + quote(*found) + ", where credentials are kept",
           itself ? "take it away"
                  : "cover it: " + quote(inside_path(grant, *found)) + " = \"hide\"");
    }
  }

  void x11() {
    constexpr std::string_view sockets = "/tmp/.X11-unix";
    for (const Grant& grant : grants_of(spec_)) {
      const bool itself = lies_above(sockets, grant);
      if (!itself && (!shows(grant, sockets) || !is_uncovered(spec_, grant, sockets))) continue;
      warn(Code::lint_x11, grant.origin,
           quote(grant.shown) +
               " leads to the X server, whose clients read each other's keys and "
               "windows",
           itself ? "take it away"
                  : "cover it: " + quote(inside_path(grant, sockets)) + " = \"hide\"");
    }
  }

  void protection() {
    const bool own_filter = spec_.seccomp.file.is_set();
    if (spec_.seccomp.base.value == FilterBase::none && !own_filter) {
      warn(Code::lint_unprotected, spec_.seccomp.base.origin,
           "without a base the filter lets every system call through that no other line refuses",
           "");
    }
    if (spec_.seccomp.on_deny.value == OnDeny::log) {
      warn(Code::lint_unprotected, spec_.seccomp.on_deny.origin,
           "system calls that the filter refuses with EPERM are let through", "");
    }
    if (spec_.process.keyring.value == KeyringMode::inherit) {
      warn(Code::lint_keyring, spec_.process.keyring.origin,
           "the keys of your session's keyring are the command's, too", "");
    }
    if (spec_.landlock.mode.value == LandlockMode::off) {
      warn(Code::lint_unprotected, spec_.landlock.mode.origin,
           "without Landlock a descriptor that reaches out of the sandbox is not stopped", "");
    }
    if (spec_.fs_protect.get_or(true)) return;
    warn(Code::lint_unprotected, spec_.fs_protect.origin,
         "the command may change what git, editors and agents run outside, as .git/hooks", "");
  }

  // What a mode leaves out, however much the profile says of it.
  void unused_landlock() {
    const Landlock& landlock = spec_.landlock;
    const bool off = landlock.mode.value == LandlockMode::off;
    if (!off && landlock.mode.value != LandlockMode::scope) return;
    const std::string mode = off ? "off" : "scope";
    const auto tell = [&](std::string_view what, const Origin& origin) {
      warn(Code::lint_unused_override, origin,
           std::string(what) + " changes nothing with landlock.mode = " + quote(mode),
           "take one of the two away");
    };
    if (!landlock.fs.empty()) tell("[landlock.fs]", landlock.fs.begin()->second.origin);
    if (!off) return;
    for (const auto& [what, set] : {std::pair("landlock.tcp_bind", &landlock.tcp_bind),
                                    std::pair("landlock.tcp_connect", &landlock.tcp_connect),
                                    std::pair("landlock.scope", &landlock.scope)}) {
      if (!set->given) continue;
      const auto& items = set->edit.items;
      tell(what, items.empty() ? landlock.mode.origin : items.front().origin);
    }
  }

  // What of ~/.ssh holds no secret.
  static bool is_public(std::string_view path) {
    const std::string_view name = base_name(path);
    return base_name(parent_of(path)) == ".ssh" &&
           (name == "config" || name.starts_with("known_hosts") || name.ends_with(".pub"));
  }

  void environment() {
    for (const auto& [name, rule] : spec_.env) {
      if (!rule.value || rule.value->kind == EnvRule::Kind::unset) continue;
      if (name == "*") {
        warn(Code::lint_env_all, rule.origin,
             "all variables of the caller are passed, with tokens and passwords in them",
             "name those that are needed");
      } else if (host_network() && is_secret(name)) {
        warn(Code::lint_env_secret, rule.origin,
             quote(name) + " looks like a secret, and the program can send it over the network",
             "take one of the two away");
      }
    }
  }

  static bool is_secret(std::string name) {
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    constexpr std::array<std::string_view, 3> words{"TOKEN", "SECRET", "KEY"};
    return std::ranges::any_of(words, [&](std::string_view word) { return name.contains(word); });
  }

  void capabilities() {
    for (const SetItem& item : spec_.caps.keep.items) {
      if (item.text != "ALL") continue;
      warn(Code::lint_caps_all, item.origin, "the command keeps all capabilities of its namespace",
           "name those that are needed, as \"CAP_NET_RAW\"");
    }
  }

  void pattern(const Mount& mount) {
    if (!mount.glob) return;
    const bool hides = std::holds_alternative<Hide>(mount.what);
    warn(Code::lint_glob, mount.origin,
         quote(mount.target) +
             " is looked up once, at the start: a file that is made later is not " +
             (hides ? "hidden" : "shown"),
         "name the directory");
  }

  // The nearest entry above this target, or null.
  const Mount* parent_entry(std::string_view target) const {
    while (target.size() > 1) {
      target = parent_of(target);
      const auto found = by_target_.find(target);
      if (found != by_target_.end()) return found->second;
    }
    return nullptr;
  }

  // An entry that would be there without it.
  void shadowed(const Mount& mount) {
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (bind == nullptr || mount.glob || bind->follow || bind->create) return;
    const Mount* parent = parent_entry(mount.target);
    if (parent == nullptr) return;
    const auto* above = std::get_if<Bind>(&parent->what);
    if (above == nullptr || !above->recursive) return;
    const std::string& from = above->source.empty() ? parent->target : above->source;
    const std::string& source = bind->source.empty() ? mount.target : bind->source;
    const std::string_view rest = std::string_view(mount.target).substr(parent->target.size());
    const bool same = source == from + std::string(rest) && bind->read_only == above->read_only &&
                      bind->devices == above->devices && bind->executable == above->executable &&
                      bind->propagation == above->propagation;
    if (!same) return;
    warn(
        Code::lint_shadowed, mount.origin,
        quote(mount.target) + " changes nothing: " + quote(parent->target) + " shows it so already",
        "take the line away");
  }

  void warn(Code code, const Origin& origin, std::string what, std::string hint) {
    if (origin.file && origin.file->shipped) return;
    if (!hint.empty()) hint += '\n';
    warnings_.push_back(Error{.code = code,
                              .doing = std::move(what),
                              .origin = origin,
                              .hint = std::move(hint) + acknowledge(code, origin)});
  }

  const SandboxSpec& spec_;
  const HostPlaces& places_;
  std::map<std::string_view, const Mount*> by_target_;  // those without a pattern
  Errors warnings_;
};

}  // namespace

Errors lint(const SandboxSpec& spec, const HostPlaces& places) {
  return Linter(spec, places).run();
}

void drop_allowed(Errors& warnings, const SandboxSpec& spec) {
  std::erase_if(warnings, [&](const Error& warning) { return is_allowed(spec, warning.code); });
}

}  // namespace immure
