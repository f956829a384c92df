// What is wanted: the whole of a profile, of the flags, or of all of them merged. Each value knows
// the place that asked for it. Plain values: comparable, no system call, no look-up of a path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/allow.h"
#include "spec/identity.h"
#include "spec/landlock.h"
#include "spec/mount.h"
#include "spec/process.h"
#include "spec/resources.h"
#include "spec/security.h"
#include "spec/setting.h"
#include "spec/state.h"

namespace immure {

enum class ProcMode : std::uint8_t { fresh, none, host };

// [root]: the file system that the mounts are laid on.
struct Root {
  Setting<std::string> dir;           // a ready root file system; unset: an own tmpfs
  Setting<std::uint64_t> size_bytes;  // unset: 16 MiB
  Setting<mode_t> mode;               // unset: 0755
  Setting<bool> writable;             // unset: false
  Setting<ProcMode> proc;             // unset: fresh
  Setting<bool> dev;                  // unset: true, a minimal /dev
  bool operator==(const Root&) const = default;
};

// [lint]: what those who wrote the profile know, and take upon themselves.
struct Lint {
  SetEdit allow;  // "W710": neither warned of nor refused
  // No key: allow.args is on, which shows files that the command line names.
  Setting<bool> shows_arguments;
  bool operator==(const Lint&) const = default;
};

struct SandboxSpec {
  Setting<std::string> description, why;
  SetEdit best_effort;  // what may be missing on this host without ending the start

  Root root;
  std::vector<Mount> mounts;  // in order; the profile door sorts by depth, parents first
  Setting<bool> fs_protect;   // unset: true, see config/protected_names
  Allow allow;                // empty once expanded into the others

  Namespaces namespaces;
  User user;
  Clocks time;
  Setting<std::string> hostname, domainname;  // unset: "immure"
  KeyedSettings<std::string> sysctl;          // "net.ipv4.ip_default_ttl" -> "64"
  Capabilities caps;

  Seccomp seccomp;
  Hardening hardening;
  Landlock landlock;
  Limits limits;
  State state;
  Process process;
  Environment env;
  Lint lint;

  bool operator==(const SandboxSpec&) const = default;
};

}  // namespace immure
