#include "commands/completion.h"

namespace immure {
namespace {

// @NAME@ is filled in from the tables.
constexpr std::string_view kScript =
    R"script(# Completion of immure for bash. Made by `immure completion bash`.

# Names of profiles: built in, and files of the three directories.
_immure_profiles() {
  local directory file program
  program=$(type -P -- "$1")
  printf '%s\n' @PROFILES@
  for directory in "${XDG_CONFIG_HOME:-$HOME/.config}/immure/profiles" /etc/immure/profiles \
    "${program%/bin/*}/share/immure/profiles"; do
    for file in "$directory"/*.toml; do
      [[ -f $file ]] || continue
      file=${file##*/}
      printf '%q\n' "${file%.toml}"
    done
  done
}

_immure_keys() {
  printf '%s\n' @KEYS@
}

# Values of a key.
_immure_values() {
  case $1 in
@VALUES@
  esac
}

_immure_commands() {
  printf '%s\n' @COMMANDS@
}

# Options of a command; of none: those in front of it.
_immure_options() {
  case $1 in
@OPTIONS@
  esac
}

_immure_takes_value() {
  case $1 in
    @WITH_VALUE@) return 0 ;;
  esac
  return 1
}

# Those of the lines on standard input that begin with $cur become completions. Where bash breaks
# words at = and :, it wants what follows the last of them only.
_immure_offer() {
  local line front=
  if [[ $cur == *[=:]* && $COMP_WORDBREAKS == *[=:]* ]]; then
    front=${cur%"${cur##*[=:]}"}
  fi
  while IFS= read -r line; do
    if [[ $line == "$cur"* ]]; then
      COMPREPLY+=("${line#"$front"}")
    fi
  done < <(sort -u)
}

_immure_files() {
  compopt -o filenames 2>/dev/null
  local part=$cur found
  if [[ $COMP_WORDBREAKS == *[=:]* ]]; then
    part=${cur##*[=:]}
  fi
  mapfile -t found < <(compgen "$1" -- "$part")
  COMPREPLY+=("${found[@]}")
}

# The value of an option.
_immure_value() {
  case $1 in
@OPTION_VALUES@
  esac
}

_immure_setting() {
  local key=${cur%%=*}
  if [[ $cur == *=* ]]; then
    _immure_offer < <(_immure_values "$key" | sed "s|^|$key=|")
  else
    compopt -o nospace 2>/dev/null
    _immure_offer < <(_immure_keys | sed 's/$/=/')
  fi
}

# Puts a text in front of each line.
_immure_behind() {
  local line
  while IFS= read -r line; do
    printf '%s%s\n' "$1" "$line"
  done
}

# The last one of a list.
_immure_intent() {
  local front= name
  if [[ $cur == *,* ]]; then
    front=${cur%,*},
  fi
  name=${cur#"$front"}
  if [[ $name == *=* ]]; then
    name=${name%%=*}
    _immure_offer < <(_immure_values "allow.$name" | _immure_behind "$front$name=")
  else
    _immure_offer < <(_immure_keys | sed -n 's/^allow\.//p' | _immure_behind "$front")
  fi
}

# The command line's words as immure will see them, and where each begins among COMP_WORDS.
_immure_words() {
  local index rest=$COMP_LINE token bare glue
  words=() starts=()
  for ((index = 0; index < ${#COMP_WORDS[@]}; index++)); do
    token=${COMP_WORDS[index]}
    bare=${rest#"${rest%%[![:blank:]]*}"}
    glue=
    if [[ $index -gt 0 && $bare == "$rest" && -n $rest ]]; then
      [[ $token == *[!=:]* && ${COMP_WORDS[index - 1]} == *[!=:]* ]] || glue=1
    fi
    if [[ -n $glue ]]; then
      words[${#words[@]}-1]+=$token
    else
      words+=("$token")
      starts+=("$index")
    fi
    rest=${bare#"$token"}
    if [[ $index -eq $COMP_CWORD ]]; then
      cword=$((${#words[@]} - 1))
      cur=${words[cword]}
    fi
  done
}

# The command that is to be run completes its own arguments.
_immure_program() {
  local helper
  for helper in _comp_command_offset _command_offset; do
    if declare -F "$helper" >/dev/null; then
      "$helper" "${starts[$1]}"
      return
    fi
  done
  if [[ $1 -eq $cword ]]; then
    _immure_files -c
  else
    _immure_files -f
  fi
}

_immure_operands() {
  case $command in
@OPERANDS@
  esac
}

_immure() {
  local -a words starts
  local cword=0 cur='' command='' pending='' first='' index word letters
  _immure_words
  for ((index = 1; index < cword; index++)); do
    word=${words[index]}
    if [[ -n $pending ]]; then
      pending=
      continue
    fi
    case $word in
      --)
        first=$((index + 1))
        command=${command:-run}
        break
        ;;
      --*=*) ;;
      --*) if _immure_takes_value "$word"; then pending=$word; fi ;;
      -?*)
        for ((letters = 1; letters < ${#word}; letters++)); do
          if _immure_takes_value "-${word:letters:1}"; then
            if ((letters + 1 == ${#word})); then
              pending=-${word:letters:1}
            fi
            break
          fi
        done
        ;;
      *)
        if [[ -n $command || $word == */* ]]; then
          first=$index
          command=${command:-run}
          break
        fi
        command=$word
        ;;
    esac
  done
  COMPREPLY=()
  if [[ -n $first ]]; then
    _immure_operands "$first" "$1"
  elif [[ -n $pending ]]; then
    _immure_value "$pending" "$1"
  elif [[ $cur == --*=* ]]; then
    word=${cur%%=*}
    cur=${cur#*=}
    _immure_value "$word" "$1"
  elif [[ $cur == -* ]]; then
    _immure_offer < <(_immure_options "$command")
  elif [[ -n $command ]]; then
    _immure_operands "$cword" "$1"
  elif [[ $cur == */* || $cur == .* ]]; then
    _immure_files -f
  else
    _immure_offer < <(_immure_commands)
  fi
}

complete -F _immure immure
)script";

std::vector<std::string> spellings(const OptionRow& row) {
  std::vector<std::string> out;
  if (row.letter != 0) out.push_back({'-', row.letter});
  if (!row.name.empty()) out.push_back("--" + std::string(row.name));
  return out;
}

// What completes a word of this kind; `$1` of an operand is the first one's index, `$2` immure.
std::string action(const WordChoice& choice) {
  switch (choice.kind) {
    case WordKind::nothing:
      return ":";
    case WordKind::words:
      return "_immure_offer < <(printf '%s\\n' " + joined(choice.words) + ")";
    case WordKind::profile:
      return "_immure_offer < <(_immure_profiles \"$2\")\n"
             "      [[ ${#COMPREPLY[@]} -gt 0 ]] || _immure_files -f";
    case WordKind::path:
      return "_immure_files -f";
    case WordKind::directory:
      return "_immure_files -d";
    case WordKind::setting:
      return "_immure_setting";
    case WordKind::key:
      return "_immure_offer < <(_immure_keys)";
    case WordKind::variable:
      return "_immure_offer < <(compgen -e)";
    case WordKind::intent:
      return "_immure_intent";
    case WordKind::command:
      return "_immure_offer < <(_immure_commands)";
    case WordKind::program:
      return "_immure_program \"$1\"";
  }
  return ":";
}

std::string branch(const std::string& pattern, const std::string& body) {
  return "    " + pattern + ")\n      " + body + "\n      ;;\n";
}

std::string options_of(OptionPlaces places) {
  std::vector<std::string> names;
  for (const OptionRow* row : completed_options(places)) {
    for (std::string& name : spellings(*row)) names.push_back(std::move(name));
  }
  return "printf '%s\\n' " + joined(names);
}

}  // namespace

std::string bash_completion() {
  std::vector<std::string> profiles;
  std::vector<std::string> keys;
  std::vector<std::string> commands;
  std::vector<std::string> with_value;
  std::string values;
  std::string option_values;
  std::string options = branch("''", options_of(completed_front));
  std::string command_operands;
  for (const CompletedProfile& profile : completed_profiles()) profiles.push_back(profile.name);
  for (const CompletedKey& key : completed_keys()) {
    keys.emplace_back(key.key);
    if (key.words.empty()) continue;
    values += branch(std::string(key.key), "printf '%s\\n' " + joined(key.words));
  }
  for (const OptionRow& row : option_table()) {
    if (!row.built || row.argument.empty()) continue;
    const std::vector<std::string> names = spellings(row);
    with_value.insert(with_value.end(), names.begin(), names.end());
    option_values += branch(joined(names, " | "), action(option_value(row)));
  }
  for (const CommandRow* row : completed_commands()) {
    commands.emplace_back(row->name);
    options += branch(commands.back(), options_of(row->places));
    command_operands += branch(commands.back(), action(operands(*row)));
  }
  std::string script(kScript);
  fill_in(script, "@PROFILES@", joined(profiles));
  fill_in(script, "@KEYS@", joined(keys, " \\\n    "));
  fill_in(script, "@COMMANDS@", joined(commands));
  fill_in(script, "@WITH_VALUE@", joined(with_value, " | "));
  fill_in_lines(script, "@VALUES@", values);
  fill_in_lines(script, "@OPTIONS@", options);
  fill_in_lines(script, "@OPTION_VALUES@", option_values);
  fill_in_lines(script, "@OPERANDS@", command_operands);
  return script;
}

}  // namespace immure
