// What the command may ask of the kernel: [seccomp], and the intents that have no key. Pure values.
// Authority: seccomp(2), PR_SET_MDWE(2const).
#pragma once

#include <cstdint>

#include "spec/setting.h"

namespace immure {

enum class FilterBase : std::uint8_t { none, standard, strict };

struct Seccomp {
  Setting<FilterBase> base;  // unset: standard
  SetEdit allow, deny;       // single calls; stronger than the base, a later layer than an earlier
  bool operator==(const Seccomp&) const = default;
};

struct Hardening {
  Setting<bool>
      setid_bits;      // allow.setid: may be written where the host can run them; unset: false
  Setting<bool> jit;   // allow.jit: memory may be written and executed; unset: true
  Setting<bool> i386;  // allow.32bit: the calls of i386 on x86-64, as those of x86-64; unset: false
  bool operator==(const Hardening&) const = default;
};

}  // namespace immure
