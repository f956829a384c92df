// What Landlock's rules leave at a path: those of the rules at and above it add up. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plan/launch_plan.h"

namespace immure {

// The rights that are left at this path inside, in words ("ro,exec", "none"), where the command's
// process gets rules that take `right` (of landlock_files) away. Empty: none does.
std::string landlock_refusal(const LaunchPlan& plan, std::string_view path, std::uint64_t right);

}  // namespace immure
