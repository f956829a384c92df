// Lowering [landlock]: the rules that say what the mounts say, and those of the profile. Pure.
#pragma once

#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Adds the step, if this kernel has anything of what is wanted, and to plan.without what it lacks.
// plan.setup holds the mounts, and plan.pass_fds is known. A wish of the profile that cannot be
// kept is an error (E470, E471), unless best_effort has "landlock".
void lower_landlock(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                    LaunchPlan& plan, Errors& errors);

// Mounts can be made inside: user namespaces are open, or CAP_SYS_ADMIN is kept.
bool mounts_inside(const SandboxSpec& spec);
bool keeps_sys_admin(const SandboxSpec& spec);

}  // namespace immure
