// The answer to each system call, and the line that decided it: for `explain --seccomp`. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

struct CallRow {
  std::string call;      // several rows of one call stand together, the first that holds decides
  std::string verdict;   // "allowed", "fails with EPERM"
  std::string when;      // "0 in [1, 2]", as `args` of a rule has it; empty: always, or else
  Origin origin;         // of the line; none: `base` decided
  std::string abi = {};  // "i386", "x32": of calls that this ABI has alone, or decides otherwise
  bool operator==(const CallRow&) const = default;
};

// One line on what decided where no other line of the profile did: `"standard"`.
struct FilterTable {
  std::string base;
  std::vector<CallRow> rows;  // of this processor's own calls, by name; then of the other ABIs
  std::string others;         // what other ABIs meet, in words
  std::string stacked;        // the second filter, which may refuse more; empty: none
};
FilterTable filter_table(const SandboxSpec& spec, const LaunchPlan& plan);

}  // namespace immure
