// Sockets of the host in the directories that a sandbox is shown, as far as two levels down: a
// read-only mount does not stop connect(2). One that a profile names by itself is meant. Reads the
// host's directories, so explain and check ask, and a run does not.
#pragma once

#include "base/error.h"
#include "plan/host.h"
#include "spec/sandbox_spec.h"

namespace immure {

// One warning (W729) for each bind that shows some, unless lint.allow names it. `shipped`: also for
// those that profiles that came with immure ask for, as the current directory.
Errors bound_sockets(const SandboxSpec& spec, const Host& host, bool shipped);

}  // namespace immure
