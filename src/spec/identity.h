// Who the command is: namespaces, ids, host name, capabilities. Pure values.
// Authority: namespaces(7), user_namespaces(7), capabilities(7), time_namespaces(7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spec/setting.h"

namespace immure {

// "new"; "host"; "path:/proc/1234/ns/net" or "fd:3", one that is there already.
enum class NamespaceChoice : std::uint8_t { fresh, host, joined };

// Unset: fresh, except time: host (fresh when an offset is set).
struct Namespaces {
  Setting<NamespaceChoice> user, mount, pid, ipc, uts, cgroup, net, time;
  // By kind ("net"), what is joined where the choice is `joined`: "path:/…" or "fd:3". setns(2)
  KeyedSettings<std::string> join;
  // Maxima of nested namespaces per type (user, mnt, pid, ipc, uts, net, cgroup, time). Unset: 0.
  KeyedSettings<std::int64_t> nested;
  bool operator==(const Namespaces&) const = default;
};

enum class PasswdFiles : std::uint8_t { minimal, host, none };
enum class GroupsMode : std::uint8_t { drop, keep };

// `count` ids from `inside` on are those from `outside` on. user_namespaces(7)
struct IdRange {
  std::int64_t inside = 0, outside = 0, count = 1;
  bool operator==(const IdRange&) const = default;
};
struct IdMap {
  bool subordinate = false;     // "subid": ours, and all of subuid(5) or subgid(5)
  std::vector<IdRange> ranges;  // else these
  bool operator==(const IdMap&) const = default;
};

struct User {
  Setting<std::int64_t> uid, gid;   // inside; unset: ours
  Setting<IdMap> uid_map, gid_map;  // unset: our own id alone
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
