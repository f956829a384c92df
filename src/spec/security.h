// The system call filter: [seccomp]. Pure values. Authority: seccomp(2).
#pragma once

#include <cstdint>

#include "spec/setting.h"

namespace immure {

enum class FilterBase : std::uint8_t { none, standard, strict };

struct Seccomp {
  Setting<FilterBase> base;  // unset: standard
  bool operator==(const Seccomp&) const = default;
};

}  // namespace immure
