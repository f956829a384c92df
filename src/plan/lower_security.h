// From [namespaces], [user], [caps], [sysctl], [time] and [seccomp] to the plan. Pure.
#pragma once

#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"
#include "spec/sandbox_spec.h"

namespace immure {

// The flags for clone3(2), and what is joined.
void lower_namespaces(const SandboxSpec& spec, LaunchPlan& plan);

// Steps of pid 1 that need /proc of the host, to come before EnterRoot: sysctls, the maxima of
// nested namespaces, the clocks. The maxima are left to lower_mount_locks(), if mounts are locked:
// that makes namespaces.
void lower_kernel_settings(const SandboxSpec& spec, const Host& host, LaunchPlan& plan,
                           Errors& errors);

// Steps of pid 1 just after EnterRoot, before any that opens a file inside for the command.
void lower_mount_locks(const SandboxSpec& spec, LaunchPlan& plan);

// Steps of pid 1 after these: names and the loopback device.
void lower_names(const SandboxSpec& spec, LaunchPlan& plan);

// The last steps of the command's process: keyring, capabilities, Landlock, filter. plan.setup must
// be complete: the filter guards set-id bits where something writable is mounted, and Landlock says
// again what the mounts say. `tree` is what they make.
void lower_privileges(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                      LaunchPlan& plan, Errors& errors);

}  // namespace immure
