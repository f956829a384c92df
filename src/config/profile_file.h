// One profile's text, wherever it lies: found by name in the places of the language, or by path.
// Before clone only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
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
  std::string project;    // ${NAME} if it is the file of a project; else empty
};

// Where profiles of a name lie, in the order in which they are looked for.
enum class ProfilePlace : std::uint8_t { user, etc, system };
constexpr std::array<ProfilePlace, 3> kProfilePlaces = {ProfilePlace::user, ProfilePlace::etc,
                                                        ProfilePlace::system};

// "user", "etc", "system": as in front of a name.
std::string_view place_name(ProfilePlace place);

// $XDG_CONFIG_HOME/immure, or below the home; empty: this user has none.
std::string user_directory(const Circumstances& circumstances);

// Nothing may be read below user_directory() while there is this Error: its file system is silent.
// What stands there may forbid something, so a start can't go on without it.
std::optional<Error> silent_user_files(const Circumstances& circumstances);

// The directory of profiles of the place; empty: there is no such place for this user.
std::string profile_directory(ProfilePlace place, const Circumstances& circumstances);

// What is built into the binary, in the order of the names: profiles, and "allow/X" for intents.
struct Shipped {
  std::string_view name;
  std::string_view text;
  std::string_view code;   // the parsed text, see config/document_code.h
  std::string_view match;  // the items of its `match`, each with a newline behind it
};
std::span<const Shipped> shipped_files();

// Whether it is a profile, not an intent.
inline bool is_profile(const Shipped& shipped) { return !shipped.name.starts_with("allow/"); }

// Names of the profiles and of the directories of drop-ins, "X.toml" and "X.toml.d", in a place.
std::vector<std::string> profile_entries(const std::string& directory);

// Names of the *.toml files of a directory, bytewise; none if there is no such directory.
std::vector<std::string> toml_files(const std::string& directory);

// Reads one file, if it is there: owner, mode, kind and size are checked on what was opened. A file
// whose name is a symlink is Code::file_unreadable unless `follow`. Errors have no origin; in them
// it is a `what`.
enum class Links : std::uint8_t { follow, refuse };
struct OwnedFile {
  std::string text;
  std::string shown;     // the path, as messages have it
  std::string identity;  // the same file has the same
};
std::optional<Result<OwnedFile>> read_owned_file(const std::string& path, Links links,
                                                 std::string_view what,
                                                 const Circumstances& circumstances);
// The same for a profile.
std::optional<Result<ProfileText>> read_profile_file(const std::string& path, Links links,
                                                     std::string_view through,
                                                     const Circumstances& circumstances);

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
Result<ProfileText> find_intent(std::string_view name, const std::vector<std::string>& directories,
                                const Circumstances& circumstances);

// Those directories, as far as they exist.
std::vector<std::string> intent_directories(const Circumstances& circumstances);

// The names of all intents that there are, sorted.
std::vector<std::string> intent_names(const Circumstances& circumstances);

// The paths of the drop-ins that find_drop_ins() reads.
std::vector<std::string> drop_in_files(std::string_view name, const Circumstances& circumstances);

// The drop-ins NAME.toml.d/*.toml of a profile found by name: of the data directory, then of /etc,
// then of the user, each in bytewise order.
std::vector<Result<ProfileText>> find_drop_ins(std::string_view name,
                                               const Circumstances& circumstances);

}  // namespace immure
