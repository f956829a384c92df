#include "plan/lower_terminal.h"

#include <algorithm>
#include <utility>

namespace immure {
namespace {

// In the sandbox's own devpts its name says inside what it is. Without one it is of the host's,
// opened before the new root is entered.
void open_terminal(LaunchPlan& plan, const Origin& origin) {
  std::vector<PlannedStep>& setup = plan.setup;
  for (const PlannedStep& step : setup) {
    const auto* devpts = std::get_if<DevptsMount>(&step.what);
    if (devpts == nullptr) continue;
    setup.push_back({OpenTerminal{"/" + devpts->target + "/ptmx"}, origin});
    return;
  }
  const auto enter = std::find_if(setup.begin(), setup.end(), [](const PlannedStep& step) {
    return std::holds_alternative<EnterRoot>(step.what);
  });
  setup.insert(enter, {OpenTerminal{"/dev/ptmx"}, origin});
}

}  // namespace

void lower_terminal(const SandboxSpec& spec, LaunchPlan& plan, Errors& errors) {
  const Setting<TtyMode>& tty = spec.process.tty;
  switch (tty.get_or(TtyMode::share)) {
    case TtyMode::detach:
      plan.command_setup.push_back({NewSession{}, tty.origin});
      return;
    case TtyMode::pty:
      open_terminal(plan, tty.origin);
      plan.command_setup.push_back({OwnTerminal{}, tty.origin});
      return;
    case TtyMode::share:
      break;
  }
  if (!spec.limits.output.is_set()) return;
  // What is written to /dev/tty would not be counted.
  plan.command_setup.push_back({NewSession{}, spec.limits.output.origin});
  if (!tty.is_set()) return;
  errors.push_back({.code = Code::limit,
                    .doing = "limits.output can't count what goes to a terminal that is shared",
                    .origin = tty.origin,
                    .hint = "write process.tty = \"pty\", or take the line away"});
}

}  // namespace immure
