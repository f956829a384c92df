// Runs a helper program of the host to its end: no sandbox, as the user, with nothing of ours but
// its arguments. In the launcher, after prepare_process(); the only thread.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"

namespace immure {

// `argv[0]` is the absolute path of the program; it gets `mask` as its signal mask, /dev/null as
// its input and output, and PATH=/usr/bin:/bin. An Error (errnum, or in `reason` the first line
// that it wrote to standard error) when it cannot be started, ends with another status than 0, or
// is not done after 5 s.
std::variant<std::monostate, Error> run_helper(const std::vector<std::string>& argv,
                                               const sigset_t& mask);

// Lets newuidmap(1) and newgidmap(1) write what the child `pid` may not write by itself: the maps
// of the plan that have a helper.
std::variant<std::monostate, Error> write_maps(const LaunchPlan& plan, pid_t pid,
                                               const sigset_t& mask);

}  // namespace immure
