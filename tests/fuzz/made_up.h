// The made-up start that the fuzz targets plan for, and what has to hold of every spec on it.
#pragma once

#include <string>
#include <vector>

#include "config/variables.h"
#include "plan/host.h"
#include "spec/sandbox_spec.h"

namespace immure::fuzz {

// Of a start on the machine of tests/plan/fake_host.
const Host& host();
const Circumstances& circumstances();

// The layers in order, each with its intents. Checks and lowers what they make together, and
// requires of the plan what plan_properties.h says.
void try_layers(const std::vector<SandboxSpec>& layers);

}  // namespace immure::fuzz
