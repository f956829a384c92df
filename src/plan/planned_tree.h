// The file system of a finished plan, for questions that come up after it: why did the command not
// start? The same model that the plan was made with. Before clone, and in the monitor.
#pragma once

#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"

namespace immure {

// `files` must outlive the tree.
RootTree planned_tree(const LaunchPlan& plan, const HostFiles& files);

}  // namespace immure
