// From [seccomp] to the filters of the command's process. Pure.
#pragma once

#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"
#include "seccomp/custom.h"
#include "spec/sandbox_spec.h"

namespace immure {

// What [seccomp] asks of the compiler, and who asked: `origins` by Source.
struct FilterModel {
  FilterRequest request;
  std::vector<Origin> origins{Origin{}};  // that of the built-in filter
  Errors errors;
  Errors warnings;  // calls that only other architectures have
};
FilterModel filter_model(const SandboxSpec& spec, bool guard_setid);

// The same for a spec that is lowered: whether set-id bits are guarded is seen from its mounts.
FilterModel filter_model(const SandboxSpec& spec, const LaunchPlan& plan);

// The filter of seccomp.file, which has been read.
Result<std::vector<sock_filter>> stacked_filter(const Seccomp& seccomp);

// What is wrong with [seccomp] whatever the host is, and warnings; for `immure check`. A file that
// was not read is not looked at.
struct FilterFindings {
  Errors errors, warnings;
};
FilterFindings check_filter(const SandboxSpec& spec);

// Whether the filters keep the command from making a user namespace of its own.
bool closes_namespaces(const SandboxSpec& spec);

// The last steps of the command's process. plan.setup must be complete: the filter guards set-id
// bits where something writable is mounted.
void lower_filter(const SandboxSpec& spec, LaunchPlan& plan, Errors& errors);

// One layer that says the same: instead of a group that a later layer opens a part of, the other
// calls in it are denied by their names.
void settle_groups(Seccomp& seccomp);

}  // namespace immure
