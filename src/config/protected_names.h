// fs_protect: names that git, editors, shells and agents believe or run when they are used outside
// the sandbox later. What is there is kept read-only; what is not there no mount can keep from
// being made, so it is looked for after the run. Authority: gitrepository-layout(5).
#pragma once

#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Adds read-only mounts, with the origin "fs_protect", over the protected names that lie directly
// in a place that the sandbox may write: the source of a writable bind, and the current directory
// and its project where such a bind shows them. An entry of the profile for the name or for what it
// lies in stays as it is. A start without writable binds, and
// fs_protect = false, look at nothing. Before clone.
struct Unprotected {
  std::vector<std::string> missing;    // host paths of names that are not there, in order
  std::vector<std::string> looked_in;  // directories in which that was looked at
  Errors refused;  // for what lies in a directory that we may not enter: it can't be protected
  bool empty() const { return missing.empty() && looked_in.empty(); }
};
Unprotected protect_names(SandboxSpec& spec, const Circumstances& circumstances);

// Of the missing, those that are there now, and what was made or changed in the directories below
// (config/nested_names). `start`: by CLOCK_REALTIME_COARSE, before the run. After the run.
std::vector<std::string> made_since(const Unprotected& unprotected, timespec start);

// The names: of any directory, and of a git repository.
std::span<const std::string_view> protected_names();
std::span<const std::string_view> protected_git_names();

}  // namespace immure
