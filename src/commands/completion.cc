#include "commands/completion.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/text.h"
#include "config/profile_file.h"
#include "config/schema.h"

namespace immure {
namespace {

bool has_capital(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

// "auto|always|never"; of "list|show [NAME]" the first word.
std::vector<std::string> split_words(std::string_view text) {
  while (text.starts_with('[') || text.starts_with('=')) text.remove_prefix(1);
  text = text.substr(0, text.find_first_of(" ]"));
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t bar = text.find('|');
    words.emplace_back(text.substr(0, bar));
    text.remove_prefix(bar == std::string_view::npos ? text.size() : bar + 1);
  }
  return words;
}

std::vector<std::string> values_of(const SchemaRow& row) {
  if (row.type == ValueType::boolean) return {"true", "false"};
  if (row.type == ValueType::limit) return {"inherit", "hard", "unlimited"};
  if (row.type == ValueType::redirect) return {"inherit", "null"};
  std::vector<std::string> words;
  if (row.type == ValueType::set) return words;
  for (const Word& word : row.words) {
    if (word.value >= 0) words.emplace_back(word.word);
  }
  return words;
}

}  // namespace

WordChoice option_value(const OptionRow& row) {
  const std::string_view argument = row.argument;
  if (argument.empty()) return {};
  if (!has_capital(argument)) return {WordKind::words, split_words(argument)};
  if (row.id == OptionId::allow || row.id == OptionId::deny) return {WordKind::intent, {}};
  if (row.id == OptionId::env || row.id == OptionId::unset_env) return {WordKind::variable, {}};
  if (argument == "KEY=VALUE") return {WordKind::setting, {}};
  if (argument == "KEY") return {WordKind::key, {}};
  if (argument.starts_with("PROFILE") || argument == "P1 P2") return {WordKind::profile, {}};
  if (argument.starts_with("DIR")) return {WordKind::directory, {}};
  if (argument.starts_with("PATH") || argument.starts_with("FILE")) return {WordKind::path, {}};
  return {};
}

WordChoice operands(const CommandRow& row) {
  std::string_view text = row.arguments;
  for (const std::string_view front : {"[OPTIONS]", "[--]"}) {
    if (text.starts_with(front)) text.remove_prefix(std::min(text.size(), front.size() + 1));
  }
  const std::string_view first = text.substr(0, text.find(' '));
  if (first.find('|') != std::string_view::npos && !has_capital(first)) {
    return {WordKind::words, split_words(first)};
  }
  if (first.find("COMMAND") != std::string_view::npos || first.starts_with("CMD")) {
    return {(row.places & (at_run | at_explain)) != 0 ? WordKind::program : WordKind::command, {}};
  }
  if (first.find("PROFILE") != std::string_view::npos || first.starts_with("FILE")) {
    return {WordKind::profile, {}};
  }
  if (first.find("DIR") != std::string_view::npos) return {WordKind::directory, {}};
  return {};
}

std::vector<CompletedKey> completed_keys() {
  std::vector<CompletedKey> keys;
  for (const SchemaRow& row : schema()) {
    if (!row.built() || row.type == ValueType::table) continue;
    if (row.key.find('*') == std::string_view::npos) {
      keys.push_back({row.key, row.doc, values_of(row)});
    }
  }
  return keys;
}

std::vector<const OptionRow*> completed_options(OptionPlaces places) {
  std::vector<const OptionRow*> options;
  for (const OptionRow& row : option_table()) {
    if (row.built && (row.places & places) != 0) options.push_back(&row);
  }
  return options;
}

std::vector<const CommandRow*> completed_commands() {
  std::vector<const CommandRow*> commands;
  for (const CommandRow& row : command_table()) {
    if (row.run != nullptr) commands.push_back(&row);
  }
  return commands;
}

std::vector<CompletedProfile> completed_profiles() {
  std::vector<CompletedProfile> profiles;
  for (const Shipped& shipped : shipped_files()) {
    if (!is_profile(shipped)) continue;
    constexpr std::string_view kHead = "\ndescription = \"";
    const std::size_t found = shipped.text.find(kHead);
    std::string_view rest;
    if (found != std::string_view::npos) rest = shipped.text.substr(found + kHead.size());
    profiles.push_back({std::string(shipped.name), std::string(rest.substr(0, rest.find('"')))});
  }
  return profiles;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

void fill_in(std::string& script, std::string_view name, const std::string& value) {
  for (std::size_t at = script.find(name); at != std::string::npos;
       at = script.find(name, at + value.size())) {
    script.replace(at, name.size(), value);
  }
}

void fill_in_lines(std::string& script, std::string_view name, std::string lines) {
  if (!lines.empty()) lines.pop_back();
  fill_in(script, name, lines);
}

Outcome completion_command(const Arguments& args, LogStyle& /*style*/) {
  if (args.rest.size() == 1) {
    const std::string& shell = args.rest.front();
    if (shell == "bash") return print(bash_completion());
    if (shell == "zsh") return print(zsh_completion());
    if (shell == "fish") return print(fish_completion());
    return failed(Error{.code = Code::usage,
                        .reason = "there is no completion for " + quote(shell),
                        .hint = "immure completion bash\nimmure completion zsh\n"
                                "immure completion fish"});
  }
  return failed(Error{.code = Code::usage,
                      .reason = "immure completion needs the name of one shell",
                      .hint = "immure completion bash"});
}

}  // namespace immure
