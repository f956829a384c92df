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

enum class PasswdFiles : std::uint8_t { minimal, host, none };
enum class GroupsMode : std::uint8_t { drop, keep };

struct User {
  Setting<std::int64_t> uid, gid;  // inside; unset: ours
  // What /etc/passwd and /etc/group show: made-up ones with root, the user and nobody; the host's;
  // nothing. Unset: what [fs] says, but minimal when there is a name. passwd(5), group(5)
  Setting<PasswdFiles> passwd;
  Setting<std::string> name;  // in the made-up files, USER and LOGNAME; unset: the caller's
  // Supplementary groups. Unset: dropped where the kernel lets us (see setgroups in
  // user_namespaces(7)); they are named by explain where it does not.
  Setting<GroupsMode> groups;
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
