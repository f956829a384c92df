// What the command line of the drop-in `bwrap` asks for: a sandbox that begins with nothing taken
// away but the file system, where a profile (SandboxSpec) begins with nothing given. Descriptors,
// environment, terminal and signals stay the caller's. Pure values; each descriptor is the caller's
// and not owned. Authority: bwrap(1), namespaces(7), capabilities(7), seccomp(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/operation.h"

namespace immure {

struct OrderedSpec {
  std::vector<Operation> operations;

  bool new_user = false;  // a user namespace of its own
  bool new_pid = false, new_ipc = false, new_net = false, new_uts = false, new_cgroup = false;
  int join_user = -1;        // the user namespace to begin in
  int join_user_after = -1;  // the one to change to when all is mounted
  int join_pid = -1;         // with new_pid: the parent of the new one
  std::optional<uid_t> uid;  // inside; unset: ours
  std::optional<gid_t> gid;
  bool refuse_user_namespaces = false;  // no more can be made inside
  bool assert_refused = false;          // and that is looked at
  bool maps_by_caller = false;          // who waits on the other end of userns-block-fd

  // "NAME" and its value, in order; no value: taken away.
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;
  bool clear_environment = false;  // before all of `environment`
  std::optional<std::string> directory;
  std::vector<std::string> command;
  std::optional<std::string> argv0;

  std::optional<std::uint64_t> capabilities;  // unset: none, and all that we have for root
  std::vector<int> filters;                   // programs of cBPF, loaded in this order
  std::string exec_label, file_label;         // SELinux; empty: ours

  bool new_session = false;
  bool die_with_parent = false;
  bool as_pid_1 = false;  // the command is pid 1
  std::vector<std::string> lock_files;
  int sync_fd = -1;
};

}  // namespace immure
