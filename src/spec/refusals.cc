#include "spec/refusals.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

// Below the home. What begins with ".config/" lies below $XDG_CONFIG_HOME.
constexpr auto kStores = std::to_array<std::string_view>({".ssh",
                                                          ".gnupg",
                                                          ".aws",
                                                          ".kube",
                                                          ".config/gh",
                                                          ".azure",
                                                          ".cargo/credentials",
                                                          ".cargo/credentials.toml",
                                                          ".config/gcloud",
                                                          ".config/git/credentials",
                                                          ".config/glab-cli",
                                                          ".config/op",
                                                          ".config/rclone",
                                                          ".config/sops",
                                                          ".docker/config.json",
                                                          ".gem/credentials",
                                                          ".git-credentials",
                                                          ".local/share/keyrings",
                                                          ".local/share/kwalletd",
                                                          ".my.cnf",
                                                          ".netrc",
                                                          ".npmrc",
                                                          ".password-store",
                                                          ".pgpass",
                                                          ".pki",
                                                          ".pypirc",
                                                          ".s3cfg",
                                                          ".terraform.d/credentials.tfrc.json",
                                                          ".vault-token"});

// Programs keep passwords there, but among all else that they keep.
constexpr auto kStoresOfPrograms = std::to_array<std::string_view>(
    {".docker", ".mozilla", ".thunderbird", ".config/chromium", ".config/google-chrome"});

constexpr auto kContainerSockets = std::to_array<std::string_view>(
    {"/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
     "/run/crio/crio.sock", "/run/k3s/containerd/containerd.sock", "/run/incus/unix.socket",
     "/var/lib/incus/unix.socket", "/var/lib/lxd/unix.socket",
     "/var/snap/lxd/common/lxd/unix.socket"});
constexpr auto kBuses = std::to_array<std::string_view>({"/run/dbus/system_bus_socket"});
constexpr auto kUserContainerSockets = std::to_array<std::string_view>(
    {"docker.sock", "podman/podman.sock", "containerd/containerd.sock"});

// The link that every system has.
std::string without_links(std::string path) {
  if (is_within(path, "/var/run")) path.erase(0, std::string_view("/var").size());
  return path;
}

// The first `count` parts of a path.
std::string_view front_of(std::string_view path, std::size_t count) {
  while (depth(path) > count) path = parent_of(path);
  return path;
}

bool matches(const Grant& grant, std::string_view pattern, std::string_view path) {
  if (!grant.glob) return pattern == path;
  const std::string text(path);
  return ::fnmatch(std::string(pattern).c_str(), text.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
}

class Refuser {
 public:
  Refuser(const SandboxSpec& spec, const HostPlaces& places) : spec_(spec), places_(places) {}

  Errors run() {
    const std::vector<Grant> grants = grants_of(spec_);
    if (!grants.empty()) find_places_of_user();
    if (std::ranges::any_of(grants, &Grant::writable)) stores_ = credential_stores(places_);
    for (const Grant& grant : grants) look_at(grant);
    return std::move(errors_);
  }

 private:
  void find_places_of_user() {
    if (places_.runtime_dir.empty()) return;
    users_bus_.push_back(join(places_.runtime_dir, "bus"));
    for (const std::string_view name : kUserContainerSockets) {
      users_sockets_.push_back(join(places_.runtime_dir, name));
    }
  }

  // The first that the grant leads to; empty: none.
  std::string reached(const Grant& grant, const std::vector<std::string>& of_user,
                      std::span<const std::string_view> of_system) const {
    for (const std::string& path : of_user) {
      if (reaches(grant, path)) return path;
    }
    for (const std::string_view path : of_system) {
      if (reaches(grant, path)) return std::string(path);
    }
    return {};
  }

  void look_at(const Grant& grant) {
    if (grant.source == "/") {
      refuse(grant, Code::lint_whole_host, "shows all of the host's file system",
             "name the directories that are needed");
    }
    whole_directories(grant);
    if (grant.writable) {
      for (const std::string& store : stores_) {
        if (!reaches(grant, store) && !lies_above(store, grant)) continue;
        refuse(grant, Code::lint_credentials,
               "gives write access to " + quote(store) + ", where credentials are kept",
               hint_for(grant, store));
        break;
      }
    }
    const std::string socket = reached(grant, users_sockets_, kContainerSockets);
    if (!socket.empty()) {
      refuse(grant, Code::lint_container_socket,
             "leads to " + quote(socket) + ", which rules the host", hint_for(grant, socket));
    }
    const std::string bus = reached(grant, users_bus_, kBuses);
    if (!bus.empty()) {
      refuse(grant, Code::lint_raw_bus, "leads to the bus " + quote(bus) + " without a filter",
             hint_for(grant, bus));
    }
    kernel_files(grant);
  }

  void whole_directories(const Grant& grant) {
    const std::string& home = places_.home;
    if (grant.writable && home.size() > 1 && shows(grant, home)) {
      refuse(grant, Code::lint_whole_host, "gives write access to all of your home",
             "name the directories that are written");
    }
    const std::string& runtime = places_.runtime_dir;
    if (!runtime.empty() && reaches(grant, runtime)) {
      refuse(grant, Code::lint_whole_host,
             "shows all of " + quote(runtime) + ", where the sockets of the session are",
             "name the one that is needed");
    }
  }

  void kernel_files(const Grant& grant) {
    for (const std::string_view place : {"/proc", "/sys"}) {
      if (!grant.writable || (!reaches(grant, place) && !lies_above(place, grant))) continue;
      refuse(grant, Code::lint_kernel_files, "gives write access to the host's " + quote(place),
             "write \"ro\"");
    }
    // A node is written through as its own mode says, whether or not the mount is read-only.
    if ((grant.writable || grant.devices) && reaches(grant, "/dev")) {
      refuse(grant, Code::lint_kernel_files, "gives write access to the host's \"/dev\"",
             R"(name the devices that are needed, as "/dev/dri" = "dev")");
    }
  }

  bool reaches(const Grant& grant, std::string_view path) const {
    return shows(grant, path) && is_uncovered(spec_, grant, path);
  }

  static std::string hint_for(const Grant& grant, const std::string& place) {
    if (grant.source == place || lies_above(place, grant)) return "take it away";
    return "cover it: " + quote(inside_path(grant, place)) + " = \"hide\"";
  }

  void refuse(const Grant& grant, Code code, const std::string& what, std::string hint) {
    if (is_allowed(spec_, code)) return;
    errors_.push_back(Error{.code = Code::refused_mount,
                            .doing = quote(grant.shown) + ' ' + what,
                            .origin = grant.origin,
                            .hint = std::move(hint) + '\n' + acknowledge(code, grant.origin)});
  }

  const SandboxSpec& spec_;
  const HostPlaces& places_;
  std::vector<std::string> stores_, users_sockets_, users_bus_;
  Errors errors_;
};

std::vector<std::string> stores_of(std::span<const std::string_view> names,
                                   const HostPlaces& places) {
  constexpr std::string_view config = ".config/";
  std::vector<std::string> stores;
  if (places.home.size() < 2) return stores;
  for (const std::string_view store : names) {
    stores.push_back(join(places.home, store));
    if (store.starts_with(config) && !places.config_home.empty() &&
        places.config_home != join(places.home, ".config")) {
      stores.push_back(join(places.config_home, store.substr(config.size())));
    }
  }
  return stores;
}

}  // namespace

std::vector<Grant> grants_of(const SandboxSpec& spec) {
  std::vector<Grant> grants;
  const auto add = [&](const Mount& mount, std::string source, bool writable, bool devices) {
    if (source.empty()) source = mount.target;
    grants.push_back(Grant{.source = without_links(std::move(source)),
                           .target = mount.target,
                           .writable = writable,
                           .devices = devices,
                           .glob = mount.glob,
                           .shown = mount.target,
                           .origin = mount.origin});
  };
  if (spec.root.dir.is_set()) {
    grants.push_back(Grant{.source = without_links(*spec.root.dir.value),
                           .target = "/",
                           .writable = spec.root.writable.get_or(false),
                           .shown = "root.dir",
                           .origin = spec.root.dir.origin});
  }
  for (const Mount& mount : spec.mounts) {
    if (mount.target == "/" || mount.by_intent) continue;
    if (const auto* bind = std::get_if<Bind>(&mount.what)) {
      add(mount, bind->source, !bind->read_only, bind->devices);
    } else if (const auto* overlay = std::get_if<Overlay>(&mount.what)) {
      if (overlay->lower.empty()) add(mount, {}, false, false);
      for (const std::string& lower : overlay->lower) add(mount, lower, false, false);
      if (!overlay->upper.empty()) add(mount, overlay->upper, true, false);
    }
  }
  return grants;
}

bool shows(const Grant& grant, std::string_view path) {
  if (!grant.glob) return is_within(path, grant.source);
  const std::size_t parts = depth(grant.source);
  return depth(path) >= parts && matches(grant, grant.source, front_of(path, parts));
}

bool lies_above(std::string_view path, const Grant& grant) {
  if (!grant.glob) return is_within(grant.source, path);
  const std::size_t parts = depth(path);
  return depth(grant.source) >= parts && matches(grant, front_of(grant.source, parts), path);
}

std::string inside_path(const Grant& grant, std::string_view path) {
  if (grant.glob || grant.source == grant.target) return std::string(path);
  const std::string_view rest = path.substr(grant.source == "/" ? 0 : grant.source.size());
  return normalize(grant.target + '/' + std::string(rest));
}

bool is_uncovered(const SandboxSpec& spec, const Grant& grant, std::string_view path) {
  const std::string inside = inside_path(grant, path);
  return std::ranges::none_of(spec.mounts, [&](const Mount& mount) {
    if (mount.glob || mount.target == grant.target || !is_within(inside, mount.target))
      return false;
    const bool between = grant.glob ? depth(mount.target) > depth(grant.target)
                                    : is_within(mount.target, grant.target);
    // One that may be left out covers only what is then missing as well.
    const auto* bind = std::get_if<Bind>(&mount.what);
    const bool elsewhere = bind != nullptr && !bind->source.empty() && bind->source != path;
    return between && !(mount.optional && elsewhere);
  });
}

std::vector<std::string> credential_stores(const HostPlaces& places) {
  return stores_of(kStores, places);
}

std::vector<std::string> private_stores(const HostPlaces& places) {
  std::vector<std::string> stores = credential_stores(places);
  std::ranges::move(stores_of(kStoresOfPrograms, places), std::back_inserter(stores));
  return stores;
}

bool is_allowed(const SandboxSpec& spec, Code code) {
  const std::string name = lint_name(code);
  return std::ranges::any_of(spec.lint.allow.items,
                             [&](const SetItem& item) { return item.text == name; });
}

std::string lint_name(Code code) { return "W" + std::to_string(static_cast<int>(code)); }

std::string acknowledge(Code code, const Origin& origin) {
  const std::string name = lint_name(code);
  if (!origin.flag.empty()) return "if it is meant: --set 'lint.allow=[\"" + name + "\"]'";
  return "if it is meant, write allow = [\"" + name + "\"] below [lint]";
}

Errors refusals(const SandboxSpec& spec, const HostPlaces& places) {
  return Refuser(spec, places).run();
}

}  // namespace immure
