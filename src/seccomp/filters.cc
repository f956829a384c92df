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

// By FilterChoice: the base, then i386, then the guard.
constexpr auto kFilters = std::to_array<Filter>({
    {"standard", kStandard},
    {"standard, no set-id bits", kStandardGuarded},
    {"standard, 32-bit calls too", kStandard32},
    {"standard, 32-bit calls too, no set-id bits", kStandard32Guarded},
    {"standard, nested namespaces open", kStandardNested},
    {"standard, nested namespaces open, no set-id bits", kStandardNestedGuarded},
    {"standard, nested namespaces open, 32-bit calls too", kStandardNested32},
    {"standard, nested namespaces open, 32-bit calls too, no set-id bits",
     kStandardNested32Guarded},
    {"strict", kStrict},
    {"strict, no set-id bits", kStrictGuarded},
    {"strict, 32-bit calls too", kStrict32},
    {"strict, 32-bit calls too, no set-id bits", kStrict32Guarded},
});

const Filter& filter_for(FilterChoice choice) {
  std::size_t index = 0;
  if (choice.strict)
    index = 8;
  else if (choice.nested)
    index = 4;
  return kFilters[index + (choice.i386 ? 2 : 0) + (choice.guard_setid ? 1 : 0)];
}

}  // namespace

std::span<const sock_filter> compiled_filter(FilterChoice choice) {
  return filter_for(choice).program;
}

std::string_view filter_name(FilterChoice choice) { return filter_for(choice).name; }

}  // namespace immure
