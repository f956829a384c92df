// What a wrong word was probably meant to be: for the help of errors. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/document.h"

namespace immure {

// The one of `words` that differs in case or dashes only, or is within two edits; empty: none.
std::string nearest(std::string_view word, std::span<const std::string_view> words);

// The access word of [fs] that "read-only", "blacklist" and the like stand for; empty: none.
std::string_view meant_access(std::string_view word);

// The key of the top level that other programs call so: "filesystem" is "fs". Empty: none.
std::string_view meant_table(std::string_view key);

// Help for a value of the wrong type; empty where there is none to give.
std::string boolean_hint(const Node& node);                      // "yes", 1: write true
std::string integer_hint(const Node& node);                      // "5": write 5
std::string table_hint(std::string_view key, const Node& node);  // a list, or a text

}  // namespace immure
