// The verbs of `immure profile`. Before clone only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "commands/command.h"
#include "config/variables.h"

namespace immure {

// What a verb works with: the NAME given, the options, and who asks.
struct ProfileRequest {
  std::string name;  // empty: none
  const Arguments& options;
  const Circumstances& circumstances;
  const LogStyle& style;
};

// new NAME [--from P]: writes the user's own profile NAME, which must not be there.
Outcome new_profile(const ProfileRequest& request);

// edit NAME: opens $VISUAL or $EDITOR on the user's own profile, or on a drop-in for somebody
// else's, and puts the text in place once it is right.
Outcome edit_profile(const ProfileRequest& request);

// remove NAME: the user's own profile, or else the user's drop-ins for it.
Outcome remove_profile(const ProfileRequest& request);

// import --from bwrap -- ARGS: prints a profile that shows what this command line of bubblewrap
// does, and says on standard error what of it has no equal.
Outcome import_profile(const ProfileRequest& request);

// The error, if this cannot be the name of a file of the user's.
std::optional<Error> check_profile_name(std::string_view name);

}  // namespace immure
