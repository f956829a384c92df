#include "plan/bwrap_dev.h"

#include <algorithm>
#include <array>
#include <variant>

#include "base/path.h"

namespace immure {
namespace {

// What --dev makes by itself.
constexpr std::array<std::string_view, 13> kDevNames = {
    "null",   "zero",   "full", "random", "urandom", "tty", "stdin",
    "stdout", "stderr", "fd",   "core",   "ptmx",    "pts"};

bool makes_directory(const Step& step) {
  return std::holds_alternative<MakeDir>(step) || std::holds_alternative<TmpfsMount>(step);
}

}  // namespace

std::optional<std::string_view> place_of(const Step& step) {
  return std::visit(
      [](const auto& s) -> std::optional<std::string_view> {
        if constexpr (requires { s.target; }) return s.target;
        return std::nullopt;
      },
      step);
}

bool is_below(std::string_view path, std::string_view place) {
  return place.empty() ||
         (path.size() > place.size() && path.starts_with(place) && path[place.size()] == '/');
}

std::optional<BwrapDev> find_bwrap_dev(const LaunchPlan& plan) {
  std::optional<BwrapDev> dev;
  for (const PlannedStep& planned : plan.setup) {
    const auto* devpts = std::get_if<DevptsMount>(&planned.what);
    if (devpts == nullptr) continue;
    const std::string pts = '/' + devpts->target;
    if (base_name(pts) != "pts") continue;
    dev = BwrapDev{.place = std::string(relative_to_root(parent_of(pts)))};
    break;
  }
  if (!dev) return dev;
  for (const PlannedStep& planned : plan.setup) {
    if (place_of(planned.what) != dev->place || !makes_directory(planned.what)) continue;
    dev->writable = std::holds_alternative<TmpfsMount>(planned.what);
  }
  return dev;
}

bool is_part_of(const BwrapDev& dev, const Step& step) {
  const std::optional<std::string_view> place = place_of(step);
  if (!place) return false;
  return *place == dev.place ? makes_directory(step) : is_below(*place, dev.place);
}

bool does(const BwrapDev& dev, const Step& part) {
  const std::string_view place = place_of(part).value_or("");
  if (place == dev.place) return true;
  const std::string name(place.substr(dev.place.size() + 1));
  if (name == "shm") return std::holds_alternative<MakeDir>(part);
  const auto* bind = std::get_if<BindMount>(&part);
  if (bind != nullptr && (bind->source != "/dev/" + name || !bind->devices)) return false;
  return std::ranges::find(kDevNames, name) != kDevNames.end();
}

}  // namespace immure
