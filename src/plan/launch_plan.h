// What will be done: everything that `launch` needs, settled, printable and free of policy.
// describe(plan) is --dry-run. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/on_demand.h"
#include "plan/step.h"

namespace immure {

// One missing host directory that the profile asked to be made (`create`), before anything else; or
// a mount point below the state's directory, which is the sandbox's own.
struct HostDirectory {
  std::string path;  // its parent exists, without symlinks
  Origin origin;
  bool is_file = false;  // an empty file instead
};

struct CommandPlan {
  std::vector<std::string> argv;  // argv[0] as the command sees it
  // Absolute paths inside the sandbox, tried in this order by execve(2).
  std::vector<std::string> candidates;
  std::vector<std::string> environment;  // "NAME=value", sorted
  std::string shown;                     // the command as the user wrote it
  std::vector<std::string> secrets;      // variables whose values describe() does not show
};

// A namespace that is there already, entered before the others are made. setns(2)
struct JoinedNamespace {
  std::uint64_t flag = 0;  // CLONE_NEW…
  std::string kind;        // "net"
  std::string path;        // of its file; empty: it is open as `fd`
  int fd = -1;
  Origin origin;
};
// "/run/netns/x" or "on descriptor 3", escaped.
std::string shown_source(const JoinedNamespace& joined);

// A directory that is locked while the sandbox lives, against other runs. flock(2)
struct StateDirectory {
  std::string path;  // empty: none
  bool shared = false;
  Origin origin;
};

// A protection that is taken where it is to be had, and is not here; explain and --dry-run say so.
struct Without {
  std::string what;  // "Landlock for ioctls of devices (Linux 6.10 has it)"
  Origin origin;
};

struct LaunchPlan {
  std::uint64_t namespaces = 0;         // CLONE_NEW… for clone3(2); the time namespace is a step
  bool pid_namespace_optional = false;  // where the host refuses one, the run goes on without
  std::vector<JoinedNamespace> join;
  std::string uid_map,
      gid_map;  // the lines of /proc/self/{uid,gid}_map; empty: a joined one has its own
  // The programs that write them, newuidmap(1) and newgidmap(1); empty: the child may by itself.
  std::string uid_map_helper, gid_map_helper;
  Origin uid_map_origin, gid_map_origin;
  bool deny_setgroups = true;

  std::vector<HostDirectory> host_directories;
  StateDirectory state;
  std::vector<PlannedStep> setup;          // pid 1, in order
  std::vector<PlannedStep> command_setup;  // the command's process, in order
  CommandPlan command;

  bool reaper = true;         // pid 1 is ours; false: the command is pid 1
  bool wait_for_all = false;  // until the last process of the sandbox ends
  bool die_with_parent = true;
  std::vector<int> pass_fds;  // kept open beyond 0 to 2, sorted
  int stop_signal = 15;
  std::int64_t wall_ns = 0;  // 0: no end
  std::optional<std::uint64_t>
      output_bytes;  // of standard output and error together; empty: no end
  std::int64_t grace_ns = 5'000'000'000;

  // Supplementary groups that the command keeps, as "27 sudo"; found when the plan is described.
  OnDemand<std::vector<std::string>> kept_groups{std::vector<std::string>{}};

  std::vector<Without> without;
  std::vector<std::string> notes;  // shown to the user at the start: "the current directory is …"
};

// The whole plan as text, one line a step, with `why` it is there: what --dry-run prints.
std::string describe(const LaunchPlan& plan);

}  // namespace immure
