// The entries of seccomp.rules. What their texts mean is said where the filter is made.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/text.h"
#include "config/reader.h"

namespace immure {
namespace {

using Kind = Node::Kind;

constexpr std::string_view kHint =
    R"(write { syscalls = ["socket"], action = "errno:EPERM", args = ["0 == AF_UNIX"] })";

std::optional<PlacedText> read_word(Reader& reader, const std::string& key, const Node& node) {
  if (node.kind != Kind::text) {
    reader.wrong_type(node, key, "a string", std::string(kHint));
    return std::nullopt;
  }
  if (node.text.empty() || node.text.find('\0') != std::string::npos) {
    reader.fail(Code::bad_enum, node.place, "an empty item in " + quote(key), std::string(kHint));
    return std::nullopt;
  }
  return PlacedText{node.text, reader.origin(inside_quotes(node))};
}

bool read_words(Reader& reader, const std::string& key, const Node& node,
                std::vector<PlacedText>& words) {
  if (node.kind != Kind::list) {
    reader.wrong_type(node, key, "a list of strings", std::string(kHint));
    return false;
  }
  bool good = true;
  for (const Node& item : node.items) {
    auto word = read_word(reader, key, item);
    good = good && word.has_value();
    if (word) words.push_back(std::move(*word));
  }
  return good;
}

std::optional<FilterRule> read_rule(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind != Kind::table) {
    reader.wrong_type(node, key, "rules, which are tables", std::string(kHint));
    return std::nullopt;
  }
  FilterRule rule{.origin = reader.origin(node.place)};
  bool good = true;
  for (const Member& member : node.members) {
    const std::string name = std::string(key) + '.' + member.key;
    if (member.key == "action") {
      auto action = read_word(reader, name, member.value);
      good = good && action.has_value();
      if (action) rule.action = std::move(*action);
    } else if (member.key == "syscalls") {
      good = read_words(reader, name, member.value, rule.syscalls) && good;
    } else if (member.key == "args") {
      good = read_words(reader, name, member.value, rule.args) && good;
    } else if (member.key == "arch") {
      good = read_words(reader, name, member.value, rule.arch) && good;
    } else {
      reader.fail(Code::unknown_key, member.place,
                  "unknown key " + quote(member.key) + " in " + quote(key),
                  "a rule is { syscalls, action, args, arch }");
      good = false;
    }
  }
  if (!good) return std::nullopt;
  if (!rule.syscalls.empty() && !rule.action.text.empty()) return rule;
  reader.fail(Code::wrong_type, node.place,
              "a rule of " + quote(key) + " needs syscalls and an action", std::string(kHint));
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<FilterRule>> read_rules(Reader& reader, std::string_view key,
                                                  const Node& node) {
  if (node.kind != Kind::list) {
    reader.wrong_type(node, key, "a list of rules", std::string(kHint));
    return std::nullopt;
  }
  std::vector<FilterRule> rules;
  bool good = true;
  for (const Node& item : node.items) {
    auto rule = read_rule(reader, key, item);
    good = good && rule.has_value();
    if (rule) rules.push_back(std::move(*rule));
  }
  if (!good) return std::nullopt;
  return rules;
}

}  // namespace immure
