#include "commands/completion.h"

namespace immure {
namespace {

// @NAME@ is filled in from the tables.
constexpr std::string_view kScript =
    R"script(# Completion of immure for fish. Made by `immure completion fish`.

# The command of the line, and the index of the first word after its options (0: none yet).
function __immure_look
    set -l words (commandline -opc)
    set -l command ''
    set -l index 2
    while test $index -le (count $words)
        set -l word $words[$index]
        if test "$word" = --
            test -n "$command"; or set command run
            printf '%s\n' $command (math $index + 1)
            return
        else if contains -- $word @WITH_VALUE@; or string match -qr '^-[^-]*[@LETTERS@]$' -- $word
            set index (math $index + 1)
        else if not string match -q -- '-?*' $word
            if test -n "$command"; or string match -q '*/*' -- $word
                test -n "$command"; or set command run
                printf '%s\n' $command $index
                return
            end
            set command $word
        end
        set index (math $index + 1)
    end
    printf '%s\n' "$command" 0
end

# Whether options of one of these commands can stand here ("front": those before any).
function __immure_options_of
    set -l look (__immure_look)
    test $look[2] -eq 0; or return 1
    test -n "$look[1]"; or set look[1] front
    contains -- $look[1] $argv
end

# Whether a word after the options of one of these commands can stand here.
function __immure_operand_of
    set -l look (__immure_look)
    test -n "$look[1]"; and contains -- $look[1] $argv
end

# Profiles with what they are for: built in, and files of the three directories.
function __immure_profiles
    set -l config ~/.config
    set -q XDG_CONFIG_HOME; and set config $XDG_CONFIG_HOME
    set -l seen
    set -l program (command -s immure | string replace -r '/bin/[^/]*$' '')
    for file in $config/immure/profiles/*.toml /etc/immure/profiles/*.toml $program/share/immure/profiles/*.toml
        set -l name (string replace -r '.*/(.*)\.toml$' '$1' -- $file)
        contains -- $name $seen; and continue
        set -a seen $name
        printf '%s\t%s\n' $name (string match -r '^description\s*=\s*"([^"]*)' < $file)[2]
    end
@PROFILES@
    string match -qr '[/.~]' -- (commandline -ct); and __fish_complete_suffix .toml
end

function __immure_commands
@COMMANDS@
end

function __immure_keys
@KEYS@
end

function __immure_values
    switch $argv[1]
@VALUES@
    end
end

function __immure_settings
    set -l token (commandline -ct | string replace -r '^--set=' '')
    if string match -q '*=*' -- $token
        set -l key (string replace -r '=.*' '' -- $token)
        for value in (__immure_values $key)
            printf '%s=%s\n' $key $value
        end
    else
        __immure_keys | string replace -r '\t' '=\t'
    end
end

# The last one of a list.
function __immure_intents
    set -l token (commandline -ct | string replace -r '^--(allow|deny)=' '')
    set -l front (string match -r '^.*,' -- $token)
    set token (string replace -r '^.*,' '' -- $token)
    if string match -q '*=*' -- $token
        set -l name (string replace -r '=.*' '' -- $token)
        for value in (__immure_values allow.$name)
            printf '%s%s=%s\n' "$front" $name $value
        end
    else
        for intent in (__immure_keys | string replace -f -r '^allow\.' '')
            printf '%s%s\n' "$front" $intent
        end
    end
end

# The command that is to be run completes its own arguments.
function __immure_program
    set -l look (__immure_look)
    set -l words (commandline -opc)
    set -l token (commandline -ct)
    if test $look[2] -eq 0; or test $look[2] -gt (count $words)
        string match -q -- '-*' "$token"; or complete --do-complete="$token"
    else
        set -l line (string escape -- $words[$look[2]..-1]) "$token"
        complete --do-complete="$line"
    end
end

complete -c immure -f
complete -c immure -n '__immure_options_of front; and string match -qr "^[./~]" -- (commandline -ct)' -F
@COMPLETE@
)script";

// Within single quotes.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return '\'' + out + '\'';
}

std::string line(std::string_view name, std::string_view text) {
  return "    printf '%s\\t%s\\n' " + quoted(name) + ' ' + quoted(text) + '\n';
}

// What follows -x or -r: where the words come from.
std::string source_of(const WordChoice& choice) {
  switch (choice.kind) {
    case WordKind::nothing:
      return "";
    case WordKind::words:
      return " -a " + quoted(joined(choice.words));
    case WordKind::profile:
      return " -k -a '(__immure_profiles)'";
    case WordKind::path:
      return " -F";
    case WordKind::directory:
      return " -a '(__fish_complete_directories)'";
    case WordKind::setting:
      return " -a '(__immure_settings)'";
    case WordKind::key:
      return " -a '(__immure_keys)'";
    case WordKind::variable:
      return " -a '(set -nx)'";
    case WordKind::intent:
      return " -a '(__immure_intents)'";
    case WordKind::command:
      return " -a '(__immure_commands)'";
    case WordKind::program:
      return " -a '(__immure_program)'";
  }
  return "";
}

std::string option_line(const OptionRow& row) {
  std::string places;
  if ((row.places & completed_front) != 0) places = " front";
  for (const CommandRow* command : completed_commands()) {
    if ((row.places & command->places) != 0) places += ' ' + std::string(command->name);
  }
  std::string out = "complete -c immure -n '__immure_options_of" + places + '\'';
  if (row.letter != 0) out += std::string(" -s ") + row.letter;
  if (!row.name.empty()) out += " -l " + std::string(row.name);
  if (!row.argument.empty()) {
    const WordChoice choice = option_value(row);
    out += (choice.kind == WordKind::path ? " -r" : " -x") + source_of(choice);
  }
  return out + " -d " + quoted(row.help) + '\n';
}

}  // namespace

std::string fish_completion() {
  std::vector<std::string> with_value;
  std::string letters;
  std::string profiles;
  std::string keys;
  std::string values;
  std::string commands;
  std::string completions =
      "complete -c immure -n '__immure_options_of front' -a '(__immure_commands)'\n";
  for (const CompletedProfile& profile : completed_profiles()) {
    profiles += "    contains -- " + profile.name + " $seen; or" +
                line(profile.name, profile.description).substr(3);
  }
  for (const CompletedKey& key : completed_keys()) {
    keys += line(key.key, key.doc);
    if (key.words.empty()) continue;
    values += "        case " + std::string(key.key) + "\n            printf '%s\\n' " +
              joined(key.words) + '\n';
  }
  for (const CommandRow* row : completed_commands()) {
    commands += line(row->name, row->summary);
  }
  for (const OptionRow& row : option_table()) {
    if (!row.built) continue;
    completions += option_line(row);
    if (row.argument.empty()) continue;
    if (row.letter != 0) letters += row.letter;
    if (row.letter != 0) with_value.push_back({'-', row.letter});
    if (!row.name.empty()) with_value.push_back("--" + std::string(row.name));
  }
  for (const CommandRow* row : completed_commands()) {
    const std::string source = source_of(operands(*row));
    if (source.empty()) continue;
    completions += "complete -c immure -n '__immure_operand_of " + std::string(row->name) + '\'' +
                   source + '\n';
  }
  std::string script(kScript);
  fill_in(script, "@WITH_VALUE@", joined(with_value));
  fill_in(script, "@LETTERS@", letters);
  fill_in_lines(script, "@PROFILES@", profiles);
  fill_in_lines(script, "@COMMANDS@", commands);
  fill_in_lines(script, "@KEYS@", keys);
  fill_in_lines(script, "@VALUES@", values);
  fill_in_lines(script, "@COMPLETE@", completions);
  return script;
}

}  // namespace immure
