#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "config/near_miss.h"
#include "config/reader.h"

namespace immure {
namespace {

using Kind = Node::Kind;

std::optional<std::string> variable_text(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind != Kind::text) {
    reader.wrong_type(node, key, "a string",
                      node.kind == Kind::integer ? "write \"" + std::to_string(node.number) + "\""
                                                 : std::string());
    return std::nullopt;
  }
  auto text = reader.expand_at(node.text, inside_quotes(node), {.tilde = false});
  if (text && text->find('\0') != std::string::npos) {
    reader.fail(Code::wrong_type, node.place, quote(key) + " holds a NUL byte");
    return std::nullopt;
  }
  return text;
}

std::optional<bool> flag(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind == Kind::boolean) return node.boolean;
  reader.wrong_type(node, key, "true or false", boolean_hint(node));
  return std::nullopt;
}

// { pass, default, secret }: it passes the caller's value unless it says otherwise.
std::optional<EnvRule> variable_table(Reader& reader, std::string_view key, const Node& node) {
  EnvRule rule{.kind = EnvRule::Kind::pass};
  bool good = true;
  for (const Member& member : node.members) {
    const std::string part = std::string(key) + "." + member.key;
    if (member.key == "pass") {
      const auto value = flag(reader, part, member.value);
      if (value && !*value) rule.kind = EnvRule::Kind::unset;
      good = good && value.has_value();
    } else if (member.key == "secret") {
      const auto value = flag(reader, part, member.value);
      if (value) rule.secret = *value;
      good = good && value.has_value();
    } else if (member.key == "default") {
      auto value = variable_text(reader, part, member.value);
      good = good && value.has_value();
      if (value) rule.fallback = std::move(*value);
      rule.has_fallback = true;
    } else {
      reader.fail(Code::unknown_key, member.place,
                  "unknown key " + quote(member.key) + " in " + quote(key),
                  suggest_key("env.*", member.key));
      good = false;
    }
  }
  if (good && rule.kind == EnvRule::Kind::unset && rule.has_fallback) {
    reader.fail(Code::wrong_type, node.place, quote(key) + " has a default, but is not passed",
                "take one of the two away");
    return std::nullopt;
  }
  if (!good) return std::nullopt;
  return rule;
}

}  // namespace

std::optional<EnvRule> read_variable(Reader& reader, std::string_view name, const Node& node) {
  const std::string_view plain = name.substr(name.find('.') + 1);
  if (plain.empty() || plain.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos) {
    reader.fail(Code::wrong_type, node.place, quote(plain) + " can't be the name of a variable");
    return std::nullopt;
  }
  std::optional<EnvRule> rule;
  if (node.kind == Kind::boolean) {
    rule = EnvRule{.kind = node.boolean ? EnvRule::Kind::pass : EnvRule::Kind::unset};
  } else if (node.kind == Kind::text) {
    if (auto text = variable_text(reader, name, node)) rule = EnvRule{.text = std::move(*text)};
  } else if (node.kind == Kind::table) {
    rule = variable_table(reader, name, node);
  } else {
    reader.wrong_type(node, name, "a string, true, false or { pass, default, secret }",
                      node.kind == Kind::integer ? "write \"" + std::to_string(node.number) + "\""
                                                 : std::string());
  }
  const bool pattern = plain.find('*') != std::string_view::npos;
  if (rule && pattern && (rule->kind != EnvRule::Kind::pass || rule->has_fallback)) {
    reader.fail(Code::wrong_type, node.place,
                quote(name) + " is a pattern, which can only be passed",
                "write true, or name the variables");
    return std::nullopt;
  }
  return rule;
}

}  // namespace immure
