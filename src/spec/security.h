// What the command may ask of the kernel: [seccomp], and the intents that have no key. Pure values.
// Authority: seccomp(2), PR_SET_MDWE(2const).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/setting.h"

namespace immure {

enum class FilterBase : std::uint8_t { none, standard, strict };

// What a call meets that is refused with EPERM. `log`: nothing but a line in the kernel's log.
enum class OnDeny : std::uint8_t { fails, kill, log };

// A text, and where its first byte stands.
struct PlacedText {
  std::string text;
  Origin origin;
  bool operator==(const PlacedText&) const = default;
};

// One entry of `rules`, as written: what the texts mean is seccomp/arg_expression's to say.
struct FilterRule {
  std::vector<PlacedText> syscalls;  // names, and groups: "@mount"
  PlacedText action;                 // "allow" "kill" "trap" "log" "errno:EPERM"
  std::vector<PlacedText> args;      // "0 == AF_UNIX"; all must hold
  std::vector<PlacedText> arch;      // as Seccomp::arch; empty: all
  Origin origin;
  bool operator==(const FilterRule&) const = default;
};

struct Seccomp {
  Setting<FilterBase> base;  // unset: standard
  // Calls and groups; stronger than the base, a name than a group, a later layer than an earlier.
  SetEdit allow, deny;
  std::vector<FilterRule> rules;  // the first that holds decides; those of later layers come first
  Setting<OnDeny> on_deny;        // unset: fails
  SetEdit sockets;                // families: "unix"
  Setting<bool> limits_sockets;   // unset: the families are the base's
  SetEdit arch;                   // "i386" "x32", beside the processor's own
  Setting<std::string> file;      // a second filter
  std::optional<std::string> file_bytes;  // what the file held; read once, after merge()
  Setting<bool> report;                   // unset: false, while nobody listens
  bool operator==(const Seccomp&) const = default;
};

struct Hardening {
  Setting<bool>
      setid_bits;     // allow.setid: may be written where the host can run them; unset: false
  Setting<bool> jit;  // allow.jit: memory may be written and executed; unset: true
  bool operator==(const Hardening&) const = default;
};

}  // namespace immure
