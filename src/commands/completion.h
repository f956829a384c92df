// `immure completion`: what shells need to know to complete a command line of immure, from the
// option table, the command table and the schema, and how each shell is told. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "commands/command.h"
#include "config/options.h"

namespace immure {

// What a word of the command line may be.
enum class WordKind : std::uint8_t {
  nothing,    // nothing that can be known
  words,      // one of some words
  profile,    // a name, or a file that ends in .toml
  path,       // a file or directory
  directory,  // a directory
  setting,    // KEY=VALUE
  key,        // a key of the schema
  variable,   // a variable of the environment
  intent,     // a key of [allow]
  command,    // a command of immure
  program,    // a command to run, which completes its own arguments
};

struct WordChoice {
  WordKind kind = WordKind::nothing;
  std::vector<std::string> words;  // of WordKind::words
};

// The value of an option, from what --help shows for it.
WordChoice option_value(const OptionRow& row);
// The words after the options of a command.
WordChoice operands(const CommandRow& row);

// A key that can be set without a table or a name of one's own in it.
struct CompletedKey {
  std::string_view key;
  std::string_view doc;
  std::vector<std::string> words;  // values worth to be offered
};
std::vector<CompletedKey> completed_keys();

// Options of the row that this version has; the places of the front are those of `immure
// ./PROGRAM`.
std::vector<const OptionRow*> completed_options(OptionPlaces places);
constexpr OptionPlaces completed_front = at_front | at_run;
std::vector<const CommandRow*> completed_commands();

// Names and descriptions of the profiles built into the binary.
struct CompletedProfile {
  std::string name, description;
};
std::vector<CompletedProfile> completed_profiles();

// Words with a space between them.
std::string joined(const std::vector<std::string>& words, std::string_view separator = " ");
// Puts `value` where the script has `name`, everywhere.
void fill_in(std::string& script, std::string_view name, const std::string& value);
// The same for lines, of which the last one's newline is in the script.
void fill_in_lines(std::string& script, std::string_view name, std::string lines);

// The whole scripts.
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace immure
