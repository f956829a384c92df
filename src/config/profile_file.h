// One profile's text, wherever it lies: found by name in the places of the language, or by path.
// Before clone only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/variables.h"

namespace immure {

// A profile that was found and read.
struct ProfileText {
  std::shared_ptr<const SourceFile> source;
  std::string path;       // "built in" for a shipped one
  std::string directory;  // ${PROFILE_DIR}; empty for a shipped one
  std::string identity;   // the same file has the same
  bool is_shipped = false;
  std::string_view code;  // of a shipped one: the parsed text, see config/document_code.h
};

// The profiles built into the binary, in the order of their names.
struct ShippedProfile {
  std::string_view name;
  std::string_view text;
};
std::vector<ShippedProfile> shipped_profiles();

// "build" is a name; "./web.toml" and "web.toml" are paths; "etc:build" is a name in one place.
bool is_profile_path(std::string_view name);

// The name alone, as ${NAME} has it: "web" for "./web.toml" and for "user:web".
std::string plain_profile_name(std::string_view name);

// Reads the profile. Code::extends_not_found: there is none of this name (or path); others: there
// is one, which cannot be read or is not to be trusted. Errors have no origin. `through` says how
// the file came in, see SourceFile.
Result<ProfileText> find_profile(std::string_view name, std::string_view through,
                                 const Circumstances& circumstances);

// The data file NAME.toml of an intent, from the directories `allow` beside those of profiles, or
// the shipped one. Errors as above.
Result<ProfileText> find_intent(std::string_view name, const Circumstances& circumstances);

// The names of all intents that there are, sorted.
std::vector<std::string> intent_names(const Circumstances& circumstances);

// The drop-ins NAME.toml.d/*.toml of a profile found by name: of the data directory, then of /etc,
// then of the user, each in bytewise order.
std::vector<Result<ProfileText>> find_drop_ins(std::string_view name,
                                               const Circumstances& circumstances);

}  // namespace immure
