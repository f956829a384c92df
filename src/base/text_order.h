// The order of maps that are searched often: that of std::less<>, which takes two comparisons and
// more to find it. Pure.
#pragma once

#include <string_view>

namespace immure {

struct TextOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a.compare(b) < 0; }
};

}  // namespace immure
