// From [fs], [root] and the floor to mount steps. Before clone only.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// Fills plan.setup with the steps from MakeRoot to SealRoot, plan.host_directories and notes.
// Returns the file system that they make, for what comes after.
RootTree lower_mounts(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors);

// Bounds what the tmpfs among the steps hold, in bytes and in inodes. Those without a size share
// one file system, MakeScratch, so that all of them together hold what the kernel gives one: half
// of the machine's memory. True: a step needs MakeScratch.
bool share_memory(std::vector<PlannedStep>& steps);

// As many inodes as a tmpfs of this size has pages, but not so few that directories fill it.
std::uint64_t inodes_for(std::uint64_t size_bytes, std::uint64_t least);

// Gives the tmpfs of plan.setup that have no size one, so that all together hold `total` bytes at
// most. An Error when those with a size are above it already.
void share_tmp_total(const Setting<std::uint64_t>& total, LaunchPlan& plan, Errors& errors);

}  // namespace immure
