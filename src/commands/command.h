// What every command of immure is: a row of the table, and a function from arguments to an outcome.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"

namespace immure {

// How a command ended. main prints the errors and exits with the status.
struct Outcome {
  int status = 0;
  Errors errors;
  LogStyle style;
};

// `style` is as the options say; the command adds the home directory once it knows it.
using CommandFunction = Outcome(const Arguments& args, LogStyle& style);

struct CommandRow {
  std::string_view name;
  std::string_view arguments;  // as help shows them
  std::string_view summary;
  OptionPlaces places = at_other;
  int failure = 2;                 // exit status of a usage error
  CommandFunction* run = nullptr;  // null: known, but not in this version
};

// All commands, in the order of help.
std::span<const CommandRow> command_table();

// The row of that name, or null.
const CommandRow* find_command(std::string_view name);

// Finds the command in the arguments that follow the program's name, and runs it. A first word that
// holds a '/', or what comes after "--", is a command to run; any other first word is one of ours.
Outcome dispatch(std::span<char* const> args);

// --color, -q, --log-format and --log-fd, with NO_COLOR and whether messages go to a terminal. The
// descriptor is a copy that nobody closes. An Error (usage) for an unknown value.
Result<LogStyle> log_style(const Arguments& args);

// The outcome of a command that failed; most of them exit with 2 then.
Outcome failed(Error error, int status = 2, LogStyle style = {});
Outcome failed(Errors errors, int status = 2);

// Writes to standard output; the error if that fails has the given exit status.
Outcome print(std::string_view text, int failure = 2);

CommandFunction run_command;
CommandFunction shell_command;
CommandFunction explain_command;
CommandFunction check_command;
CommandFunction completion_command;
CommandFunction schema_command;
CommandFunction profile_command;
CommandFunction trust_command;
CommandFunction untrust_command;
CommandFunction version_command;
CommandFunction help_command;

// What `immure help` (an empty name), or `immure NAME --help`, prints.
std::string help_text(const CommandRow* row);

}  // namespace immure
