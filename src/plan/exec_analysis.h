// Why a command did not start, found out afterwards: the file is looked at again as the kernel and
// the loader did, inside by the plan and outside on the host. Before clone, and in the monitor.
// Authority: execve(2), ld.so(8).
#pragma once

#include <string>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"

namespace immure {

// execve(2) gave errnum for the plan's command. Codes E601 to E604, exit code 126 or 127.
Error explain_exec(const LaunchPlan& plan, const HostFiles& files, int errnum);

// After the exit status 127, which the loader gives: "…needs libx.so, which isn't in the sandbox:
// --ro …". Empty unless a library is found outside and not inside.
std::string explain_loader(const LaunchPlan& plan, const HostFiles& files);

// Why the file at `path` inside, which exists, may not be executed: "has no x bit for you".
struct NoExec {
  std::string reason;
  std::string hint;
};
NoExec explain_no_exec(const Seen& seen, const RootTree& tree, const HostFiles& files);

}  // namespace immure
