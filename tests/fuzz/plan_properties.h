// What has to hold of every plan, whatever profile it was made of:
//   - each step can be shown on one line;
//   - no target, and no path that something is made at, leads out of the new root;
//   - whatever of the host can be written, or used as a device, an entry of the profile asked for;
//   - what an entry shows read-only is not writable in the end because of another one above it;
//   - root first, then the mounts, then into it; the filter last; privileges once.
#pragma once

#include <string>

#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure::fuzz {

void try_plan(const SandboxSpec& spec, const Host& host, const LaunchPlan& plan);

// The plan without the places that asked for its steps.
std::string without_origins(const std::string& plan);

}  // namespace immure::fuzz
