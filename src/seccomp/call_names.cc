#include "seccomp/call_names.h"

#include <algorithm>

namespace immure {
namespace {

#include "call_names.inc"

}  // namespace

std::uint32_t filter_arch() { return kArch; }

std::string_view call_name_list() { return kCallNames; }

std::optional<std::uint32_t> call_number(std::string_view name) {
  if (name.empty() || name == "-") return std::nullopt;
  std::string_view rest = kCallNames;
  for (std::uint32_t number = 0; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) == name) return number;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

}  // namespace immure
