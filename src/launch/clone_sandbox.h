// Making the first process of a sandbox, and what is prepared for it. In the launcher, before
// clone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace immure {

// Strings for execve(2), in memory that outlives the child's use of it.
struct CStrings {
  explicit CStrings(const std::vector<std::string>& texts);
  std::vector<char*> pointers;  // the last is null
};

// clone3(2) without a stack, or clone(2) where an outer filter refuses that. `sibling`: as a child
// of our parent, which must be the launcher. -1: errno says why.
pid_t clone_sandbox(std::uint64_t namespaces, bool sibling, int& pidfd);

// Ends it. Without pidfd_send_signal(2) (before Linux 5.1, or an outer filter) by its number, which
// is its own until it is waited for.
void kill_first(int pidfd, pid_t pid);

// A command that is pid 1 could undo its PR_SET_PDEATHSIG, and holds no lifetime pipe. This process
// outside does: when the launcher is gone it ends the sandbox, and when that has ended, itself. 0,
// or an errno.
int start_guard(int pidfd, pid_t pid, int lifetime_read);

// No descriptor of ours is this high.
int descriptor_limit();

}  // namespace immure
