// The small /dev of a plan, which bubblewrap makes with one option where the plan has a step for
// each part. Internal to as_bwrap. Pure. Authority: bwrap(1), --dev.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plan/launch_plan.h"

namespace immure {

// Where the step makes something, relative to the root; nothing: it makes nothing there.
std::optional<std::string_view> place_of(const Step& step);

// Both relative to the root, which is "". Not the place itself.
bool is_below(std::string_view path, std::string_view place);

struct BwrapDev {
  std::string place;      // "dev"
  bool writable = false;  // --dev leaves it so
};

// The directory that has an own pts; nothing: there is none.
std::optional<BwrapDev> find_bwrap_dev(const LaunchPlan& plan);

// Whether the step makes the directory, or anything in it: --dev comes before the first of these.
bool is_part_of(const BwrapDev& dev, const Step& step);

// Whether --dev does what this part of it does.
bool does(const BwrapDev& dev, const Step& part);

}  // namespace immure
