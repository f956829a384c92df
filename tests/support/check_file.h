// The checks of a shipped profile, as they stand in tests/e2e/profiles/NAME.checks:
//
//   # needs: pandoc                     programs that have to be installed
//   === setup                           makes the input, once, outside of any sandbox
//   SCRIPT
//   === check: TITLE                    starts in a directory of its own, with a copy of the input
//   SCRIPT                              `run CMD…` is CMD under the profile, `shell` a shell under
//                                       it, `chosen CMD` the name of the profile that CMD gets by
//                                       itself
//   --- output
//   what it prints on standard output
//   --- outside                         the control: what it prints where `run CMD…` is CMD alone.
//   …                                   Without this part: the same
//   === no effect here: [TABLE] KEY     a line of the profile that no check can show on Debian
//   why it is there
//
// Scripts are for bash. "--- outside, not run" (without text) is for what has no meaning outside.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace immure::test {

struct Check {
  std::string title, script, inside;
  std::optional<std::string> outside;  // nothing: the same as inside
  bool run_outside = true;
};

struct CheckFile {
  std::vector<std::string> needs;
  std::string setup;
  std::vector<Check> checks;
  std::map<std::string, std::string>
      no_effect;        // the label of a removal (toml_lines.h), the reason
  std::string mistake;  // what cannot be understood; empty: nothing
};

CheckFile parse_check_file(const std::string& text);

}  // namespace immure::test
