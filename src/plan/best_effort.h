// What the profile lists under best_effort. Pure.
#pragma once

#include <algorithm>
#include <string_view>

#include "spec/sandbox_spec.h"

namespace immure {

inline bool is_best_effort(const SandboxSpec& spec, std::string_view word) {
  const auto& items = spec.best_effort.items;
  return std::any_of(items.begin(), items.end(),
                     [&](const SetItem& item) { return item.text == word; });
}

}  // namespace immure
