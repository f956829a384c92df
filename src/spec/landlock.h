// What Landlock adds to the mounts: [landlock]. Pure values. Authority: landlock(7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/setting.h"

namespace immure {

enum class LandlockMode : std::uint8_t {
  automatic,  // the mounts' rights again, and scopes, as far as the kernel has them
  require,    // the same; without rules for files there is no start
  scope,      // no rules for files, so that mounts stay possible inside
  off,
};

// A set that means something else when it is not given than when it is empty.
struct LandlockSet {
  SetEdit edit;
  bool given = false;
  bool operator==(const LandlockSet&) const = default;
};

struct Landlock {
  Setting<LandlockMode> mode;  // unset: automatic
  // Path inside -> words: "ro", "rw", "exec", "none" and single rights. Stands for what the mount
  // at that path would give; rights of a path hold below it too.
  KeyedSettings<std::vector<std::string>> fs;
  LandlockSet tcp_bind, tcp_connect;  // ports, 0 to 65535; not given: all
  LandlockSet scope;                  // "abstract-unix-socket", "signal"; not given: both
  bool operator==(const Landlock&) const = default;
};

}  // namespace immure
