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

// No descriptor of ours is this high.
int descriptor_limit();

}  // namespace immure
