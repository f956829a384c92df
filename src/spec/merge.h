// Layers on top of each other: the rules of the language for what a later layer does to an earlier.
// Pure.
#pragma once

#include "base/error.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Lays `upper` over `lower`: scalars and lists are replaced, sets united ("!x" removes), mounts,
// variables and sysctls replaced by key. `warnings` gets removals of what is not there. Mounts come
// out sorted by depth, then by name.
void merge(SandboxSpec& lower, const SandboxSpec& upper, Errors& warnings);

// The same for [allow] alone.
void merge(Allow& lower, const Allow& upper, Errors& warnings);

// The same for one set alone; what is removed and not there is no matter.
void lay_set(SetEdit& lower, const SetEdit& upper);

// Sorts by depth of the target, parents first, then bytewise.
void sort_by_depth(std::vector<Mount>& mounts);

}  // namespace immure
