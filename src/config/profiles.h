// Finds profiles by name and reads them with what they extend. Before clone only.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/profile_file.h"
#include "config/toml_profile.h"

namespace immure {

// A profile that came into the result, in order.
struct LoadedProfile {
  std::string name;  // as asked for: "build", "./web.toml"
  std::string path;  // where it was found; "built in" for a shipped one
};

struct LoadedLayers {
  std::vector<ProfileLayer> layers;  // lowest first; a profile met twice stands at its first place
  std::vector<LoadedProfile> profiles;
};

// `circumstances.name` is that of the last profile, as plain_profile_name() has it.
// Names are looked for in $XDG_CONFIG_HOME/immure/profiles, /etc/immure/profiles, the data
// directory, and last among the profiles built into the binary; one with a '/' or ending in ".toml"
// is a file. "user:X", "etc:X" and "system:X" name one place.
// Drop-ins of a name come after the file that was asked for by it, also when that extends one of
// the same name in another place. `project`, if not null, is the trusted file of the project: it is
// read from memory and lies below the names.
std::variant<LoadedLayers, Errors> load_profiles(const std::vector<std::string>& names,
                                                 const Circumstances& circumstances,
                                                 const ProfileText* project = nullptr);

// The profile `name` as it would be if this text stood at its own path, where it is the profile
// itself or one of its drop-ins.
std::variant<LoadedLayers, Errors> load_candidate(const std::string& name,
                                                  const ProfileText& candidate,
                                                  const Circumstances& circumstances);

}  // namespace immure
