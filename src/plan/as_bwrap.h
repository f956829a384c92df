// A plan as a command line of bubblewrap, as far as that goes: bubblewrap has no filter of its own,
// no Landlock and no limits, and gives the command all that its caller has open. Pure.
// Authority: bwrap(1), and src/config/bwrap_args.h for how the words are read again.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"

namespace immure {

// One option with its values.
struct BwrapLine {
  std::vector<std::string> words;  // "--ro-bind", "/usr", "/usr"
  // What stands behind them as it is, for the shell: "3</dev/null", the content of that
  // descriptor; "$TOKEN" in double quotes, a value that is not to be shown. May be empty.
  std::string shell;
};

// What the plan has and bubblewrap has not.
struct BwrapLoss {
  std::string what;  // "limit nproc to 4096"; escaped
  Origin origin;     // of what asked for it
};

struct BwrapCommand {
  std::vector<BwrapLine> options;
  std::vector<std::string> command;
  std::vector<BwrapLoss> losses;
};

BwrapCommand as_bwrap(const LaunchPlan& plan);

// For bash(1): an option a line, "bwrap" in front, the command behind "--". Ends with a newline.
std::string shell_text(const BwrapCommand& command);

}  // namespace immure
