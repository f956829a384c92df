// ${NAME} in profiles: values of this start, found when first asked for. Before clone only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/callers_environment.h"
#include "base/error.h"
#include "base/on_demand.h"

namespace immure {

// What there is at a path; silent: its file system gives no answer for some seconds.
enum class Presence : std::uint8_t { there, missing, silent };

// What variables are made of. Given by the caller, so tests make theirs up. Empty text: unset.
struct Circumstances {
  std::string home, user, cwd, exe;  // exe: the absolute host path of the command, if there is one
  unsigned uid = 0, gid = 0;
  std::string arch;  // "x86_64"
  // The nearest ancestor of the cwd with .git or .immure.toml, else the cwd.
  OnDemand<std::string> project{""};
  // In the command's own directory, where it says so ($ORIGIN): that directory. Else empty.
  OnDemand<std::string> exe_libraries{""};
  std::vector<std::string> arguments;  // of the command, after its name
  // The names of all intents that there are.
  OnDemand<std::vector<std::string>> intents{{}};
  // Why an intent leaves a directory out, as "is your home"; empty: it need not.
  std::function<std::string(const std::string&)> why_private;
  // Whether the file system answers at a path within some seconds; empty: every one does.
  std::function<bool(const std::string&)> answers;
  // The same for what is to be opened, too; empty: everything is there.
  std::function<Presence(const std::string&)> look;
  // The directory of the user's profiles and intents, and of the list of what is trusted.
  OnDemand<Presence> user_files{Presence::there};
  CallersEnvironment environment;
  std::string item;                 // ${ITEM}: in the data file of an intent
  std::string state;                // ${STATE}; empty: below $XDG_STATE_HOME, by `name`
  bool* asked_for_state = nullptr;  // set where ${STATE} is expanded
  std::string name;                 // ${NAME}: of the profile that was asked for
  // Nothing of the host counts: variables of the environment and directories of the user are
  // made up, and no profile is looked for but those named by path and the shipped ones.
  bool pure = false;
};

// ${STATE} when no profile says where it is; empty: there is no place for it.
std::string usual_state_directory(const Circumstances& circumstances, const std::string& name);

// Expands ${NAME}, ${env:NAME}, ${env:NAME:-text}, `$$`, and a leading "~". `profile_dir` is
// ${PROFILE_DIR}. An unknown or unset variable is Code::variable; the Error's origin is `origin`
// with the column moved to the variable.
Result<std::string> expand(std::string_view text, const Circumstances& circumstances,
                           std::string_view profile_dir, const Origin& origin);

struct ExpandStyle {
  bool tilde = true;          // a leading "~" is the home
  bool escape_globs = false;  // "\\" before * ? [ and "\\" in the values: they are plain text
};

// The same, telling an unset variable (which lets an optional entry go) from a wrong one.
struct Expansion {
  std::string text;
  std::optional<Error> error;
  bool unset = false;  // the error is only that a variable has no value
};
Expansion expand_text(std::string_view text, const Circumstances& circumstances,
                      std::string_view profile_dir, const Origin& origin, ExpandStyle style);

}  // namespace immure
