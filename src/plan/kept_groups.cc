#include "plan/kept_groups.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace immure {
namespace {

constexpr std::array<std::string_view, 14> kPowerful = {
    "docker", "kvm",   "disk", "video", "render",  "input", "audio",
    "lxd",    "incus", "sudo", "wheel", "libvirt", "adm",   "shadow"};

}  // namespace

std::string powerful_among(const std::vector<std::string>& groups) {
  std::string names;
  for (const std::string& group : groups) {
    const std::string_view name = std::string_view(group).substr(group.find(' ') + 1);
    if (std::ranges::find(kPowerful, name) == kPowerful.end()) continue;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

}  // namespace immure
