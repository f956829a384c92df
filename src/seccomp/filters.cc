#include "seccomp/filters.h"

#include <array>
#include <cstddef>

namespace immure {
namespace {

#include "filters.inc"

struct Filter {
  std::string_view name;
  std::span<const sock_filter> program;
};

constexpr auto kFilters = std::to_array<Filter>({
    {"standard", kStandard},
    {"standard, no set-id bits", kStandardGuarded},
    {"standard, nested namespaces open", kStandardNested},
    {"standard, nested namespaces open, no set-id bits", kStandardNestedGuarded},
    {"strict", kStrict},
    {"strict, no set-id bits", kStrictGuarded},
});

const Filter& filter_for(FilterChoice choice) {
  std::size_t index = 0;
  if (choice.strict)
    index = 4;
  else if (choice.nested)
    index = 2;
  return kFilters[index + (choice.guard_setid ? 1 : 0)];
}

}  // namespace

std::span<const sock_filter> compiled_filter(FilterChoice choice) {
  return filter_for(choice).program;
}

std::string_view filter_name(FilterChoice choice) { return filter_for(choice).name; }

}  // namespace immure
