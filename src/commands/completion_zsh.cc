#include "commands/completion.h"

namespace immure {
namespace {

// @NAME@ is filled in from the tables.
constexpr std::string_view kScript = R"script(#compdef immure
# Completion of immure for zsh. Made by `immure completion zsh`.

# Profiles with what they are for: built in, and files of the three directories.
_immure_profiles() {
  local directory file line name
  local -A found
  local -a names
  found=(
@PROFILES@
  )
  for directory in ${commands[immure]:h:h}/share/immure/profiles /etc/immure/profiles \
    ${XDG_CONFIG_HOME:-$HOME/.config}/immure/profiles; do
    for file in $directory/*.toml(N-.); do
      line=${${(M)${(f)"$(<$file)"}:#description[[:blank:]=]*}[1]}
      found[${file:t:r}]=${${line#*\"}%%\"*}
    done
  done
  for name in ${(ko)found}; do
    names+=("${name//:/\\:}:${found[$name]}")
  done
  _describe -t profiles profile names || _files -g '*.toml'
}

_immure_keys() {
  local -a keys
  keys=(
@KEYS@
  )
  _describe -t keys key keys "$@"
}

# The value of a key, behind the first =.
_immure_values() {
  compset -P 1 '*='
  case $1 in
@VALUES@
    *) _message value ;;
  esac
}

_immure_settings() {
  if [[ $PREFIX == *=* ]]; then
    _immure_values ${PREFIX%%=*}
  else
    _immure_keys -q -S =
  fi
}

# The last one of a list.
_immure_intents() {
  local -a intents
  compset -P '*,'
  if [[ $PREFIX == *=* ]]; then
    _immure_values allow.${PREFIX%%=*}
    return
  fi
  intents=(
@INTENTS@
  )
  _describe -t intents intent intents
}

_immure_variables() {
  _parameters -g '*export*'
}

_immure_commands() {
  local -a immure_commands
  immure_commands=(
@COMMANDS@
  )
  _describe -t commands command immure_commands
}

# The first word: a command of immure, or a program to run.
_immure_first() {
  if (( ${words[(I)--]} )); then
    _command_names -e
  elif [[ $PREFIX == */* || $PREFIX == .* ]]; then
    _files
  else
    _immure_commands
  fi
}

_immure() {
  local curcontext=$curcontext state line
  local -a all
  all=("${words[@]}")
  _arguments -C -s -S -A '-*' \
@FRONT@
    '1: :_immure_first' \
    '*:: :->rest' && return
  [[ $state == rest ]] || return 1
  if [[ $words[1] == -- ]]; then
    shift words
    (( CURRENT-- ))
    _normal
    return
  fi
  if [[ $words[1] == */* || ${all[-$#words-1]} == -- ]]; then
    _normal
    return
  fi
  case $words[1] in
@CASES@
  esac
}

if [[ $funcstack[1] == _immure ]]; then
  _immure "$@"
else
  compdef _immure immure
fi
)script";

// Within single quotes.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return '\'' + out + '\'';
}

// With a backslash before what means something to _arguments and _describe.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("[]:\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string function_of(const WordChoice& choice) {
  switch (choice.kind) {
    case WordKind::nothing:
      return " ";
    case WordKind::words:
      return '(' + joined(choice.words) + ')';
    case WordKind::profile:
      return "_immure_profiles";
    case WordKind::path:
      return "_files";
    case WordKind::directory:
      return "_directories";
    case WordKind::setting:
      return "_immure_settings";
    case WordKind::key:
      return "_immure_keys";
    case WordKind::variable:
      return "_immure_variables";
    case WordKind::intent:
      return "_immure_intents";
    case WordKind::command:
      return "_immure_commands";
    case WordKind::program:
      return "_command_names -e";
  }
  return " ";
}

std::string options_of(OptionPlaces places, std::string_view indent) {
  std::string out;
  for (const OptionRow* row : completed_options(places)) {
    const bool valued = !row->argument.empty();
    std::string names;
    if (row->letter != 0) names = std::string{'-', row->letter} + (valued ? "+" : "");
    if (!row->name.empty()) {
      const std::string name = "--" + std::string(row->name) + (valued ? "=" : "");
      names = names.empty() ? name : "{" + joined({names, name}, ",") + "}";
    }
    std::string text = '[' + escaped(row->help) + ']';
    if (valued) text += ':' + escaped(row->argument) + ':' + function_of(option_value(*row));
    out.append(indent).append("'*'").append(names).append(quoted(text)).append(" \\\n");
  }
  return out;
}

std::string case_of(const CommandRow& row) {
  const WordChoice choice = operands(row);
  std::string out = "    " + std::string(row.name) + ")\n      _arguments -s -S -A '-*' \\\n" +
                    options_of(row.places, "        ");
  if (choice.kind == WordKind::program) {
    out += "        '(-)1:command:_command_names -e' \\\n        '*:: :_normal'\n";
  } else {
    out += "        " + quoted("*: :" + function_of(choice)) + '\n';
  }
  return out + "      ;;\n";
}

// One item of an array for _describe.
std::string item(std::string_view name, std::string_view text) {
  return "    " + quoted(escaped(name) + ':' + std::string(text)) + '\n';
}

}  // namespace

std::string zsh_completion() {
  constexpr std::string_view kAllow = "allow.";
  std::string profiles;
  std::string keys;
  std::string values;
  std::string intents;
  std::string commands;
  std::string cases;
  for (const CompletedProfile& profile : completed_profiles()) {
    profiles += "    " + quoted(profile.name) + ' ' + quoted(profile.description) + '\n';
  }
  for (const CompletedKey& key : completed_keys()) {
    keys += item(key.key, key.doc);
    if (key.key.starts_with(kAllow)) intents += item(key.key.substr(kAllow.size()), key.doc);
    if (key.words.empty()) continue;
    values += "    " + std::string(key.key) + ") _wanted values expl value compadd - " +
              joined(key.words) + " ;;\n";
  }
  for (const CommandRow* row : completed_commands()) {
    commands += item(row->name, row->summary);
    cases += case_of(*row);
  }
  std::string script(kScript);
  fill_in_lines(script, "@PROFILES@", profiles);
  fill_in_lines(script, "@KEYS@", keys);
  fill_in_lines(script, "@VALUES@", values);
  fill_in_lines(script, "@INTENTS@", intents);
  fill_in_lines(script, "@COMMANDS@", commands);
  fill_in_lines(script, "@FRONT@", options_of(completed_front, "    "));
  fill_in_lines(script, "@CASES@", cases);
  return script;
}

}  // namespace immure
