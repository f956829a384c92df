#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/shell.h"
#include "base/text.h"
#include "commands/args_fd.h"
#include "commands/command.h"
#include "commands/doctor.h"

namespace immure {
namespace {

constexpr int run_failure = 125;

Outcome doctor_adapter(const Arguments& args, LogStyle& style) {
  std::vector<std::string> words = args.rest;
  std::vector<char*> pointers;
  pointers.reserve(words.size());
  for (std::string& word : words) pointers.push_back(word.data());
  return Outcome{.status = doctor_command(pointers, style)};
}

constexpr std::array<CommandRow, 23> table{{
    {"run", "[OPTIONS] [--] COMMAND [ARG…]", "run a command in a sandbox", at_run, run_failure,
     run_command},
    {"shell", "[OPTIONS]", "run your shell in a sandbox, to look around", at_run, run_failure,
     shell_command},
    {"try", "", "", at_run, run_failure},
    {"diff"},
    {"commit"},
    {"discard"},
    {"learn", "", "", at_run, run_failure},
    {"explain", "[OPTIONS] [COMMAND [ARG…]]", "show what a run would do, and what asks for it",
     at_explain, 2, explain_command},
    {"check", "PROFILE…", "read profiles and report all that is wrong with them", at_check, 2,
     check_command},
    {"profile", "list|show|path|new|edit|remove|import …", "look at profiles, and make own ones",
     at_profile, 2, profile_command},
    {"trust", "[DIR]", "use the .immure.toml of this project from now on", at_trust, 2,
     trust_command},
    {"untrust", "[DIR]", "use it no more", at_other, 2, untrust_command},
    {"ps"},
    {"inspect"},
    {"hold", "", "", at_run, run_failure},
    {"exec", "", "", at_run, run_failure},
    {"kill"},
    {"network"},
    {"doctor", "", "say what this machine allows, and how to mend what it does not", at_other, 2,
     doctor_adapter},
    {"schema", "", "print the JSON Schema of profiles, for editors", at_other, 2, schema_command},
    {"completion", "bash|zsh|fish", "print the completions for a shell", at_other, 2,
     completion_command},
    {"version", "", "show the version", at_other, 2, version_command},
    {"help", "[COMMAND]", "show this, or the options of a command", at_other, 2, help_command},
}};

// A mistake of usage, told as the options that were understood ask for.
Outcome mistake(Error error, int status, const Arguments& understood) {
  auto style = log_style(understood);
  if (!style.ok()) return failed(std::move(style.error()), status);
  return failed(std::move(error), status, std::move(style.value()));
}

Error not_a_command(const std::string& word) {
  std::vector<std::string_view> names;
  for (const CommandRow& row : table) {
    if (row.run != nullptr) names.push_back(row.name);
  }
  const std::string like = closest(word, names.data(), names.size());
  std::string hint = "immure run " + shell_word(word);
  if (!like.empty()) hint = "did you mean immure " + like + "?\nor, to run a program: " + hint;
  return Error{.code = Code::not_a_command,
               .reason = quote(word) + " is not a command of immure",
               .hint = std::move(hint)};
}

Outcome run_arguments(const CommandRow& row, const Arguments& args) {
  if (args.has(OptionId::help)) return print(help_text(&row), row.failure);
  auto style = log_style(args);
  if (!style.ok()) return failed(std::move(style.error()), row.failure);
  Outcome outcome = row.run(args, style.value());
  outcome.style = std::move(style.value());
  return outcome;
}

// Reads what follows the command's word; options given before that word come first.
Outcome run_row(const CommandRow& row, const Arguments& front, std::span<char* const> args) {
  const auto knows = [&row](const GivenOption& given) {
    return std::ranges::any_of(option_table(), [&](const OptionRow& option) {
      return option.id == given.id && (option.places & row.places) != 0;
    });
  };
  const auto unknown = std::ranges::find_if_not(front.options, knows);
  if (unknown != front.options.end()) {
    const std::string name = "immure " + std::string(row.name);
    return mistake(Error{.code = Code::usage,
                         .reason = unknown->flag + " is not an option of " + name,
                         .hint = name + " --help"},
                   row.failure, front);
  }
  Arguments before;
  auto parsed = parse_arguments(args, row.places, &before, read_args_fd);
  if (!parsed.ok()) {
    before.options.insert(before.options.begin(), front.options.begin(), front.options.end());
    return mistake(std::move(parsed.error()), row.failure, before);
  }
  Arguments& own = parsed.value();
  own.options.insert(own.options.begin(), front.options.begin(), front.options.end());
  return run_arguments(row, own);
}

}  // namespace

std::span<const CommandRow> command_table() { return table; }

const CommandRow* find_command(std::string_view name) {
  const auto* const row = std::ranges::find(table, name, &CommandRow::name);
  return row == table.end() || name.empty() ? nullptr : row;
}

Outcome dispatch(std::span<char* const> args) {
  Arguments before;
  auto parsed = parse_arguments(args, at_front | at_run, &before, read_args_fd);
  if (!parsed.ok()) return mistake(std::move(parsed.error()), run_failure, before);
  const Arguments& front = parsed.value();
  LogStyle plain;
  if (front.has(OptionId::version)) return version_command(front, plain);
  if (front.rest.empty()) {
    if (front.has(OptionId::help)) return print(help_text(nullptr));
    return mistake(Error{.code = Code::no_command,
                         .reason = "no command is given",
                         .hint = "immure ./PROGRAM\nimmure run PROGRAM\nimmure help"},
                   run_failure, front);
  }
  const std::string& word = front.rest.front();
  const std::span<char* const> rest = args.subspan(args.size() - front.rest.size());
  if (front.after_dashes || word.contains('/')) {
    return run_arguments(*find_command("run"), front);
  }
  const CommandRow* row = find_command(word);
  if (row != nullptr && row->run != nullptr) return run_row(*row, front, rest.subspan(1));
  if (row == nullptr) return mistake(not_a_command(word), run_failure, front);
  return mistake(Error{.code = Code::not_supported,
                       .reason = "immure " + word + " is not supported by this version"},
                 row->failure, front);
}

Outcome failed(Error error, int status, LogStyle style) {
  return Outcome{.status = status, .errors = {std::move(error)}, .style = std::move(style)};
}

Outcome failed(Errors errors, int status) {
  return Outcome{.status = status, .errors = std::move(errors)};
}

Outcome print(std::string_view text, int failure) {
  if (write_all(STDOUT_FILENO, text)) return {};
  return failed(os_error(Code::usage, "write to standard output"), failure);
}

}  // namespace immure
