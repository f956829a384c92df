// Resource limits: [limits]. Pure values. Authority: setrlimit(2).
#pragma once

#include <cstdint>
#include <string>

#include "spec/setting.h"

namespace immure {

struct LimitValue {
  enum class Kind : std::uint8_t { value, inherit, hard, unlimited };
  Kind kind = Kind::value;
  std::uint64_t soft = 0, hard = 0;  // Kind::value; bytes, seconds or a count as the resource says
  bool operator==(const LimitValue&) const = default;
};

struct Limits {
  // By the key's name in [limits]: cpu as data stack core fsize nofile nproc memlock msgqueue
  // rtprio rttime sigpending locks nice. Unset: inherit, but core: 1 byte.
  KeyedSettings<LimitValue> rlimits;
  Setting<std::uint64_t> tmp_total;  // bytes of all tmpfs together; unset: each has its own limit
  Setting<std::int64_t> wall_ns;     // unset: no end
  Setting<std::uint64_t> output;     // bytes of standard output and error; unset: no end
  bool operator==(const Limits&) const = default;
};

}  // namespace immure
