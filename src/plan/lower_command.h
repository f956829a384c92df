// What is run, and where it is inside. Pure but for the look-ups of the tree.
#pragma once

#include <string>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/lower.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Fills plan.command but for the environment; `path_variable` is the command's PATH, `cwd` its
// working directory. A command that is surely missing or not executable inside is
// Code::not_found_inside (exit code 127) or Code::not_executable (126).
void lower_command(const SandboxSpec& spec, const Request& request, const Host& host,
                   const RootTree& tree, const std::string& path_variable, const std::string& cwd,
                   LaunchPlan& plan, Errors& errors);

}  // namespace immure
