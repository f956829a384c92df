// Finds everything that is wrong with a merged spec, before anything of it happens. Pure.
#pragma once

#include <variant>

#include "base/error.h"
#include "spec/refusals.h"
#include "spec/sandbox_spec.h"

namespace immure {

// A spec without contradictions. Only check() makes one, so unchecked input cannot be lowered.
class CheckedSpec {
 public:
  const SandboxSpec& get() const { return spec_; }

 private:
  explicit CheckedSpec(SandboxSpec spec) : spec_(std::move(spec)) {}
  friend std::variant<CheckedSpec, Errors> check(SandboxSpec spec, const HostPlaces& places);
  SandboxSpec spec_;
};

// All problems, in the order of their places; or the spec as a CheckedSpec. Of places that are not
// known nothing can be refused.
std::variant<CheckedSpec, Errors> check(SandboxSpec spec, const HostPlaces& places = {});

}  // namespace immure
