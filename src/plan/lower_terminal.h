// process.tty: whose terminal the command has.
#pragma once

#include "base/error.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

// The first step of the command's process: what is opened later by the name /dev/tty is not the
// caller's. The mounts, and EnterRoot after them, are there already.
void lower_terminal(const SandboxSpec& spec, LaunchPlan& plan, Errors& errors);

}  // namespace immure
