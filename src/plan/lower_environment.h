// From [env] and the floor to the command's environment. Pure but for the look-ups of the tree.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Fills plan.command.environment and secrets, and returns the same as a map. IMMURE_SANDBOX is the
// name.
std::map<std::string, std::string> lower_environment(const SandboxSpec& spec,
                                                     const std::string& name_of_sandbox,
                                                     const Host& host, const RootTree& tree,
                                                     LaunchPlan& plan);

// The entries of a PATH that are directories inside, in order; relative ones never are.
std::string visible_directories(std::string_view path_variable, const RootTree& tree);

}  // namespace immure
