// Finds everything that is wrong with a merged spec, before anything of it happens. Pure.
#pragma once

#include <memory>
#include <utility>
#include <variant>

#include "base/error.h"
#include "spec/refusals.h"
#include "spec/sandbox_spec.h"

namespace immure {

// A spec without contradictions. Only check() makes one, so unchecked input cannot be lowered.
// Copies share it: a spec is large.
class CheckedSpec {
 public:
  const SandboxSpec& get() const { return *spec_; }

 private:
  explicit CheckedSpec(std::shared_ptr<const SandboxSpec> spec) : spec_(std::move(spec)) {}
  friend std::variant<CheckedSpec, Errors> check(SandboxSpec&& spec, const HostPlaces& places);
  std::shared_ptr<const SandboxSpec> spec_;
};

// All problems, in the order of their places; or the spec as a CheckedSpec. Of places that are not
// known nothing can be refused.
std::variant<CheckedSpec, Errors> check(SandboxSpec&& spec, const HostPlaces& places = {});

}  // namespace immure
