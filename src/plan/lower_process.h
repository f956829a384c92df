// From [process] to the plan: how the command's process is prepared, but for its privileges. Pure
// but for the look-ups of the tree.
#pragma once

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// How the processes live: pid 1, waiting, ending.
void lower_lifetime(const SandboxSpec& spec, LaunchPlan& plan);

// Steps of the command's process up to the working directory.
void lower_process(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                   LaunchPlan& plan, Errors& errors);

// SetRlimit steps; in lower_limits.cc.
void lower_limits(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors);

// The working directory inside.
std::string working_directory(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                              Errors& errors);

// "0-3,5" -> bits; an Error when it is not such a list, or names a processor above `processors`.
Result<std::vector<std::uint64_t>> parse_cpu_list(std::string_view text, int processors);

}  // namespace immure
