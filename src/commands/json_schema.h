// The JSON Schema of a profile, for editors: draft 4, which is what TOML language servers take.
// Made from the one schema table; keys that this version does not support are left out. What it
// refuses, `immure check` refuses; not the other way round (a relative path behind a variable, soft
// > hard). Pure.
#pragma once

#include <string>

namespace immure {

// Indented, with the newline at its end.
std::string profile_json_schema();

}  // namespace immure
