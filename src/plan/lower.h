// From what is wanted to what will be done. Pure but for what it asks of the Host.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/check.h"

namespace immure {

// What the command line asked to be run, and how it is called.
struct Request {
  std::vector<std::string> command;  // empty: process.command of the spec
  bool shell = false;                // the user's shell (immure shell)
  std::string name = "immure";       // of the sandbox
};

// All problems in order, or the plan. Messages name profile lines.
std::variant<LaunchPlan, Errors> lower(const CheckedSpec& spec, const Request& request,
                                       const Host& host);

}  // namespace immure
