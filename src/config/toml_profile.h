// The TOML door: one profile's text becomes one layer of a SandboxSpec, or all its errors. The only
// place that knows toml++. Reads no file. The keys are those of config/schema.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/document.h"
#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

struct ProfileLayer {
  SandboxSpec spec;
  // As written; unset: ["default"] for the profile of a run.
  Setting<std::vector<std::string>> extends;
  SetEdit match;  // names and paths of programs; of this file alone, not of what it extends
};

// Never throws. `file->text` may be any bytes.
std::variant<ProfileLayer, Errors> parse_profile(const std::shared_ptr<const SourceFile>& file,
                                                 std::string_view profile_dir,
                                                 const Circumstances& circumstances);

// The same for a text that was parsed before.
std::variant<ProfileLayer, Errors> read_profile(const Node& root,
                                                const std::shared_ptr<const SourceFile>& file,
                                                std::string_view profile_dir,
                                                const Circumstances& circumstances);

// One "KEY=VALUE" of --set: the same as a line of a profile; a bare word is a string where the key
// takes one. `flag` is shown as the origin.
std::variant<ProfileLayer, Errors> parse_setting(std::string_view key_value, std::string_view flag,
                                                 const Circumstances& circumstances);

}  // namespace immure
