// Which profiles a start uses: those of -p, else $IMMURE_PROFILE, else the trusted file of the
// project, else the one whose `match` names the program, else "default". Before clone only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/profile_file.h"
#include "config/variables.h"

namespace immure {

enum class ProjectUse : std::uint8_t {
  if_trusted,
  never,     // --no-project
  required,  // --project: lies below what -p names, and stands for $IMMURE_PROFILE and the rest
};

struct Choice {
  std::optional<ProfileText> project;  // the first layer
  std::vector<std::string> names;      // then these
  Errors warnings;                     // a project file that is not used, and why
};

// `asked`: the profiles of -p. Errors are about a project file that is required, or that the user
// trusts and that is gone, unreadable, or behind another one.
std::variant<Choice, Errors> choose_profiles(const std::vector<std::string>& asked, ProjectUse use,
                                             const Circumstances& circumstances);

}  // namespace immure
