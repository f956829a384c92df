// Namespaces that are there already, and a sandbox made in them. In the launcher, before clone.
// Authority: setns(2), ioctl_ns(2).
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "plan/launch_plan.h"

namespace immure {

// LaunchPlan::join, opened and found to be ours to join. All belong to one user namespace.
struct OpenNamespaces {
  struct One {
    Fd fd;
    const JoinedNamespace* wanted = nullptr;  // in the plan
  };
  std::vector<One> list;
  Fd owner;  // their user namespace, or the one that the plan names; empty: the launcher's own
  const JoinedNamespace* first = nullptr;  // of the plan: what says which the owner is
  bool pids_below = false;  // the sandbox has a pid namespace of its own, below the joined one
};

// Before descriptors are closed: takes copies of those that the plan names. An Error
// (Code::namespace_value) names the namespace, and the user namespace that it belongs to.
std::variant<OpenNamespaces, Error> open_namespaces(const LaunchPlan& plan);

// "1000 1000 1" as "1000 0 1": a map of one id, inside as planned, outside what is ours there.
std::string map_of_one(const std::string& planned, unsigned outside);

// Enters them in a process of its own, which then calls `clone_there` to make the sandbox as the
// launcher's child, and ends. Memory is copied, descriptors are shared: `clone_there` returns the
// pid (or -1 and errno) and puts a descriptor of this table into its argument. The outcome is the
// pid as the launcher sees it. Where a user namespace is entered, the ids that the kernel calls
// ours change: `entered` is told so in that process, before `clone_there`.
std::variant<pid_t, Error> clone_within(const OpenNamespaces& namespaces,
                                        const std::function<void()>& entered,
                                        const std::function<pid_t(int& pidfd)>& clone_there,
                                        int& pidfd);

}  // namespace immure
