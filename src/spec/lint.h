// Warns of what a merged spec allows, or says in vain, and who wrote it may not know: W7xx. What is
// refused outright stands in spec/refusals.h. Pure.
#pragma once

#include "base/error.h"
#include "spec/refusals.h"
#include "spec/sandbox_spec.h"

namespace immure {

// All warnings that lint.allow does not name, in the order of their places; none about lines of
// profiles that came with immure.
Errors lint(const SandboxSpec& spec, const HostPlaces& places);

// Takes away those that lint.allow names: of warnings that were found while merging.
void drop_allowed(Errors& warnings, const SandboxSpec& spec);

}  // namespace immure
