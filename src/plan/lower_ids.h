// From user.uid, uid_map and their groups to the maps of the user namespace. Pure but for what it
// asks of the Host. Authority: user_namespaces(7), newuidmap(1), subuid(5).
#pragma once

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

void lower_id_maps(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors);

}  // namespace immure
