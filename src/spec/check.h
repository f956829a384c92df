// Finds everything that is wrong with a merged spec, before anything of it happens. Pure.
#pragma once

#include <variant>

#include "base/error.h"
#include "spec/sandbox_spec.h"

namespace immure {

// A spec without contradictions. Only check() makes one, so unchecked input cannot be lowered.
class CheckedSpec {
 public:
  const SandboxSpec& get() const { return spec_; }

 private:
  explicit CheckedSpec(SandboxSpec spec) : spec_(std::move(spec)) {}
  friend std::variant<CheckedSpec, Errors> check(SandboxSpec spec);
  SandboxSpec spec_;
};

// All problems, in the order of their places; or the spec as a CheckedSpec.
std::variant<CheckedSpec, Errors> check(SandboxSpec spec);

}  // namespace immure
