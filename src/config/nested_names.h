// fs_protect, further down: what stands below the directories that are looked at by name cannot all
// be known before the run, so the names there are compared with the time of the start afterwards. A
// status change time cannot be set by an ordinary user. After the run. Authority: inode(7).
#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace immure {

// How far down, and in how many directories at most.
inline constexpr int kNestedDepth = 2;
inline constexpr int kNestedDirectories = 2000;

// The protected names in directories below these (not in these themselves), and in the submodules
// and worktrees of their repositories, that were made, moved there or changed since `start`
// (CLOCK_REALTIME_COARSE), in order. No link is followed.
std::vector<std::string> changed_below(const std::vector<std::string>& directories, timespec start);

}  // namespace immure
