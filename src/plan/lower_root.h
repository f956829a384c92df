// From [root] to what the mounts are laid on. Pure but for the look-up of a directory.
#pragma once

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// The root itself: its step, and its node in the tree. False: an error was noted.
bool lower_root(const SandboxSpec& spec, const Host& host, PlannedStep& planned, TreeNode& node,
                Errors& errors);

}  // namespace immure
