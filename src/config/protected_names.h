// fs_protect: names that git, editors, shells and agents believe or run when they are used outside
// the sandbox later. What is there is kept read-only; what is not there no mount can keep from
// being made, so it is looked for after the run. Authority: gitrepository-layout(5).
#pragma once

#include <string>
#include <vector>

#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Adds read-only mounts, with the origin "fs_protect", over the protected names that lie directly
// in a place that the sandbox may write: the source of a writable bind, and the current directory
// and its project where such a bind shows them. An entry of the profile for the name or for what it
// lies in stays as it is. Gives the host paths of those that are not there, in order. A start
// without writable binds, and fs_protect = false, look at nothing. Before clone.
std::vector<std::string> protect_names(SandboxSpec& spec, const Circumstances& circumstances);

// Those of them that are there now. After the run.
std::vector<std::string> made_since(const std::vector<std::string>& missing);

}  // namespace immure
