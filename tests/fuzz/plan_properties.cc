#include "plan_properties.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/path.h"
#include "require.h"

namespace immure::fuzz {
namespace {

constexpr std::array<std::string_view, 6> kPlainDevices = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};

bool is_plain_device(const std::string& source) {
  return std::ranges::find(kPlainDevices, source) != kPlainDevices.end();
}

bool is_below_root(std::string_view target) {
  if (target.starts_with('/')) return false;
  while (!target.empty()) {
    const std::size_t slash = std::min(target.find('/'), target.size());
    const std::string_view part = target.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    target.remove_prefix(std::min(slash + 1, target.size()));
  }
  return true;
}

bool is_host_path(const std::string& path) {
  return path == "/" || (path.starts_with('/') && is_below_root(path.substr(1)));
}

std::string canonical(const Host& host, const std::string& path) {
  const Result<ResolvedPath> resolved = host.files->resolve(path);
  return resolved.ok() ? resolved.value().canonical : std::string();
}

// The places of the host that a bind shows.
std::vector<std::string> sources_of(const Mount& mount, const Bind& bind, const Host& host) {
  if (!bind.source.empty()) return {canonical(host, bind.source)};
  std::vector<std::string> sources;
  if (mount.glob) {
    const auto found = host.files->glob(mount.target);
    if (!found.ok()) return {};
    for (const std::string& path : found.value()) sources.push_back(canonical(host, path));
  } else {
    sources.push_back(canonical(host, mount.target));
  }
  return sources;
}

bool asks_to_write(const SandboxSpec& spec, const Host& host, const std::string& source) {
  const bool root = spec.root.dir.is_set() && spec.root.writable.get_or(false);
  if (root && is_within(source, canonical(host, *spec.root.dir.value))) return true;
  return std::ranges::any_of(spec.mounts, [&](const Mount& mount) {
    if (const auto* overlay = std::get_if<Overlay>(&mount.what)) {
      return !overlay->upper.empty() && canonical(host, overlay->upper) == source;
    }
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (bind == nullptr || bind->read_only) return false;
    return std::ranges::any_of(sources_of(mount, *bind, host), [&](const std::string& of) {
      return !of.empty() && is_within(source, of);
    });
  });
}

bool asks_for_device(const SandboxSpec& spec, const Host& host, const std::string& source) {
  return std::ranges::any_of(spec.mounts, [&](const Mount& mount) {
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (bind == nullptr || !bind->devices) return false;
    return std::ranges::any_of(sources_of(mount, *bind, host), [&](const std::string& of) {
      return !of.empty() && is_within(source, of);
    });
  });
}

void try_host_paths(const SandboxSpec& spec, const Host& host, const Step& step,
                    const std::string& shown) {
  if (const auto* bind = std::get_if<BindMount>(&step)) {
    require(is_host_path(bind->source), "a source that is a path of the host", shown);
    if (!bind->read_only && !is_plain_device(bind->source)) {
      require(asks_to_write(spec, host, bind->source), "an entry that asks to write", shown);
    }
    if (bind->devices && !is_plain_device(bind->source)) {
      require(asks_for_device(spec, host, bind->source), "an entry that asks for devices", shown);
    }
  }
  if (const auto* overlay = std::get_if<OverlayMount>(&step)) {
    for (const std::string& lower : overlay->lower) {
      require(is_host_path(lower), "layers that are paths of the host", shown);
    }
    if (!overlay->upper.empty()) {
      require(is_host_path(overlay->upper) && is_host_path(overlay->work), "host paths", shown);
      require(asks_to_write(spec, host, overlay->upper), "an entry that asks to write", shown);
    }
  }
  if (const auto* root = std::get_if<MakeRoot>(&step);
      root != nullptr && !root->directory.empty()) {
    require(root->read_only || spec.root.writable.get_or(false), "a root asked to be written",
            shown);
  }
}

struct Seen {
  std::string target;
  bool writable = false;  // on the host
};

// What is mounted, in order; what is mounted later covers what it stands above.
std::vector<Seen> mounts_of(const LaunchPlan& plan) {
  std::vector<Seen> mounts;
  for (const PlannedStep& planned : plan.setup) {
    std::visit(
        [&](const auto& step) {
          using Kind = std::decay_t<decltype(step)>;
          if constexpr (std::is_same_v<Kind, BindMount>) {
            mounts.push_back({'/' + step.target, !step.read_only});
          } else if constexpr (std::is_same_v<Kind, OverlayMount>) {
            mounts.push_back({'/' + step.target, !step.read_only && !step.upper.empty()});
          } else if constexpr (std::is_same_v<Kind, TmpfsMount> ||
                               std::is_same_v<Kind, CoverFile> || std::is_same_v<Kind, ProcMount> ||
                               std::is_same_v<Kind, DevptsMount>) {
            mounts.push_back({'/' + step.target, false});
          }
        },
        planned.what);
  }
  return mounts;
}

// Of entries at the place that they show, which nothing that asks to write names too.
void try_read_only(const SandboxSpec& spec, const Host& host, const LaunchPlan& plan) {
  const std::vector<Seen> mounts = mounts_of(plan);
  for (const Mount& mount : spec.mounts) {
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (bind == nullptr || !bind->read_only || bind->follow) continue;
    for (const std::string& place : sources_of(mount, *bind, host)) {
      const bool identity = bind->source.empty() || bind->source == mount.target;
      const Result<ResolvedPath> there = host.files->resolve(place);
      const bool missing = !there.ok() || there.value().kind == FileKind::missing;
      if (!identity || missing) continue;  // a missing one can only be an optional entry
      const bool named_twice = std::ranges::any_of(spec.mounts, [&](const Mount& other) {
        const auto* writable = std::get_if<Bind>(&other.what);
        if (writable == nullptr || writable->read_only) return false;
        return other.target == place || canonical(host, other.target) == place ||
               std::ranges::count(sources_of(other, *writable, host), place) > 0;
      });
      if (named_twice) continue;
      const auto top = std::ranges::find_if(mounts.rbegin(), mounts.rend(), [&](const Seen& seen) {
        return is_within(place, seen.target);
      });
      require(top == mounts.rend() || !top->writable, "read-only, as its entry says", place);
    }
  }
}

template <class Kind>
std::size_t count(const std::vector<PlannedStep>& steps) {
  return static_cast<std::size_t>(std::ranges::count_if(steps, [](const PlannedStep& planned) {
    return std::holds_alternative<Kind>(planned.what);
  }));
}

template <class Kind>
std::size_t place(const std::vector<PlannedStep>& steps) {
  return static_cast<std::size_t>(
      std::ranges::find_if(
          steps,
          [](const PlannedStep& planned) { return std::holds_alternative<Kind>(planned.what); }) -
      steps.begin());
}

void try_order(const SandboxSpec& spec, const LaunchPlan& plan) {
  require(std::holds_alternative<MakeRoot>(plan.setup.front().what), "the root first");
  require(count<MakeRoot>(plan.setup) == 1, "one root");
  require(count<EnterRoot>(plan.setup) == 1, "the root entered once");
  const std::size_t entered = place<EnterRoot>(plan.setup);
  const bool sealed = !spec.root.dir.is_set() && !spec.root.writable.get_or(false);
  require(count<SealRoot>(plan.setup) == (sealed ? 1U : 0U), "a root that is sealed");
  require(!sealed || place<SealRoot>(plan.setup) < entered, "sealed before it is entered");
  for (std::size_t i = 0; i < plan.setup.size(); ++i) {
    const Step& step = plan.setup[i].what;
    const bool mounts = std::holds_alternative<BindMount>(step) ||
                        std::holds_alternative<TmpfsMount>(step) ||
                        std::holds_alternative<CoverFile>(step);
    require(!mounts || i < entered, "all mounts before the root is entered", describe(step));
  }
  require(count<LimitPrivileges>(plan.command_setup) == 1, "privileges taken away once");
  const std::size_t filter = place<LoadFilter>(plan.command_setup);
  for (std::size_t i = filter; i < plan.command_setup.size(); ++i) {
    require(std::holds_alternative<LoadFilter>(plan.command_setup[i].what), "filters last",
            describe(plan.command_setup[i].what));
  }
  if (spec.seccomp.base.get_or(FilterBase::standard) != FilterBase::none) {
    require(count<LoadFilter>(plan.command_setup) >= 1, "a filter");
  }
}

void try_namespaces(const SandboxSpec& spec, const LaunchPlan& plan) {
  const auto& ns = spec.namespaces;
  const auto fresh = [](const Setting<NamespaceChoice>& choice) {
    return choice.get_or(NamespaceChoice::fresh) == NamespaceChoice::fresh;
  };
  require((plan.namespaces & CLONE_NEWNS) != 0, "an own mount namespace");
  require(!fresh(ns.user) || (plan.namespaces & CLONE_NEWUSER) != 0, "an own user namespace");
  require(!fresh(ns.pid) || (plan.namespaces & CLONE_NEWPID) != 0, "an own pid namespace");
  require(!fresh(ns.net) || (plan.namespaces & CLONE_NEWNET) != 0, "an own network namespace");
  require(!fresh(ns.ipc) || (plan.namespaces & CLONE_NEWIPC) != 0, "an own ipc namespace");
}

}  // namespace

void try_plan(const SandboxSpec& spec, const Host& host, const LaunchPlan& plan) {
  for (const auto* steps : {&plan.setup, &plan.command_setup}) {
    for (const PlannedStep& planned : *steps) {
      const std::string shown = describe(planned.what);
      require(!shown.empty() && is_plain(shown), "a step that can be shown", shown);
      std::visit(
          [&](const auto& step) {
            if constexpr (requires { step.target; }) {
              require(is_below_root(step.target), "a target inside", shown);
            }
          },
          planned.what);
      try_host_paths(spec, host, planned.what, shown);
    }
  }
  for (const HostDirectory& made : plan.host_directories) {
    require(is_host_path(made.path), "a host directory by its path", made.path);
  }
  require(!plan.command.candidates.empty(), "a command");
  try_order(spec, plan);
  try_namespaces(spec, plan);
  try_read_only(spec, host, plan);
}

std::string without_origins(const std::string& plan) {
  std::string out;
  for (std::size_t at = 0; at < plan.size();) {
    const std::size_t end = std::min(plan.find('\n', at), plan.size());
    std::string_view line = std::string_view(plan).substr(at, end - at);
    if (line.ends_with(']')) line = line.substr(0, line.find("   ["));
    out.append(line).append("\n");
    at = end + 1;
  }
  return out;
}

}  // namespace immure::fuzz
