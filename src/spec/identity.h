// Who the command is: namespaces, ids, host name, capabilities. Pure values.
// Authority: namespaces(7), user_namespaces(7), capabilities(7), time_namespaces(7).
#pragma once

#include <cstdint>
#include <string>

#include "spec/setting.h"

namespace immure {

enum class NamespaceChoice : std::uint8_t { fresh, host };  // "new", "host"

// Unset: fresh, except time: host (fresh when an offset is set).
struct Namespaces {
  Setting<NamespaceChoice> user, mount, pid, ipc, uts, cgroup, net, time;
  // Maxima of nested namespaces per type (user, mnt, pid, ipc, uts, net, cgroup, time). Unset: 0.
  KeyedSettings<std::int64_t> nested;
  bool operator==(const Namespaces&) const = default;
};

struct User {
  Setting<std::int64_t> uid, gid;  // inside; unset: ours
  bool operator==(const User&) const = default;
};

struct Capabilities {
  SetEdit keep;      // "CAP_NET_RAW", "ALL": inside the user namespace only; also ambient
  SetEdit bounding;  // unset: keep
  bool bounding_set = false;
  bool operator==(const Capabilities&) const = default;
};

// Offsets added to the clocks, nanoseconds; any set one makes a new time namespace.
struct Clocks {
  Setting<std::int64_t> monotonic_ns, boottime_ns;
  bool operator==(const Clocks&) const = default;
};

}  // namespace immure
