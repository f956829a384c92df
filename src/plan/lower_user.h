// From [user] to the plan: the user's files in /etc, and supplementary groups. Pure but for what it
// asks of the Host.
#pragma once

#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

// The profile says what /etc/passwd and /etc/group show, or who the user is.
bool wants_user_files(const SandboxSpec& spec);

// The same spec with mounts for these files, unless it has its own.
SandboxSpec with_user_files(const SandboxSpec& spec, const Host& host);

// A DropGroups step where the kernel allows it; else the groups that stay. Before the names of the
// sandbox are set, after its maps.
void lower_groups(const SandboxSpec& spec, const Host& host, LaunchPlan& plan);

}  // namespace immure
