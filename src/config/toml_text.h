// Values as TOML text, for profiles that immure writes. Pure. See toml.io/en/v1.0.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace immure {

// Valid UTF-8 without NUL: can stand in a profile.
bool is_toml_text(std::string_view text);

// In double quotes, with escapes. What is no UTF-8 stays, and is no TOML text then.
std::string toml_string(std::string_view text);

// The same for a value that variables are expanded in: "$" is written twice.
std::string toml_expanded(std::string_view text);

// A bare key where that is enough, else a string.
std::string toml_key(std::string_view key);

// "10min", "1500ms": the largest unit that divides it.
std::string toml_time(std::int64_t nanoseconds);

std::string toml_octal(unsigned mode);  // "0o755"

std::string toml_boolean(bool value);

std::string base64(std::string_view bytes);

}  // namespace immure
