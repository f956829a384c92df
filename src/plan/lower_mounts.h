// From [fs], [root] and the floor to mount steps. Before clone only.
#pragma once

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Fills plan.setup with the steps from MakeRoot to SealRoot, plan.host_directories and notes.
// Returns the file system that they make, for what comes after.
RootTree lower_mounts(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors);

// Gives the tmpfs of plan.setup that have no size one, so that all together hold `total` bytes at
// most. An Error when those with a size are above it already.
void share_tmp_total(const Setting<std::uint64_t>& total, LaunchPlan& plan, Errors& errors);

}  // namespace immure
