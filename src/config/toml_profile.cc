#include "config/toml_profile.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "config/document.h"
#include "config/near_miss.h"
#include "config/reader.h"
#include "config/schema.h"
#include "spec/merge.h"

namespace immure {
namespace {

constexpr std::int64_t kLanguageVersion = 1;
constexpr std::string_view kOtherIntent = "allow.*";

class ProfileReader {
 public:
  ProfileReader(Reader& reader, ProfileLayer& layer) : reader_(reader), layer_(layer) {}

  void table(const std::string& prefix, const Node& node,
             std::span<const std::string_view> except = {}) {
    for (const Member& member : node.members) {
      if (std::find(except.begin(), except.end(), member.key) == except.end()) {
        read(prefix, member);
      }
    }
  }

 private:
  void read(const std::string& prefix, const Member& member) {
    const auto row = find_row(prefix, member.key);
    std::string key = prefix.empty() ? member.key : prefix + "." + member.key;
    if (!row || (row->key == kOtherIntent && !reader_.is_intent(member.key))) {
      return unknown(prefix, member, key);
    }
    if (row->type == ValueType::table) return read_table(*row, key, member);
    if (!row->built()) {
      return reader_.fail(Code::not_supported, member.place,
                          quote(key) + " is not supported by this version");
    }
    auto value = read_value(reader_, *row, key, member.value);
    if (!value) return;
    if (row->key == "version" && std::get<std::int64_t>(*value) > kLanguageVersion) {
      return reader_.fail(Code::schema_version, member.value.place,
                          "version " + std::to_string(member.value.number) +
                              " of the profile language is newer than this immure",
                          "it knows version " + std::to_string(kLanguageVersion));
    }
    row->put(layer_, member.key, std::move(*value), reader_.origin(member.place));
  }

  void read_table(const SchemaRow& row, const std::string& key, const Member& member) {
    if (member.value.kind != Node::Kind::table) {
      return reader_.wrong_type(member.value, key, "a table", table_hint(key, member.value));
    }
    if (row.key == "fs") return read_mounts(reader_, member.value, layer_.spec.mounts);
    if (row.key == "landlock.fs") return read_rights(reader_, member.value, layer_);
    table(key, member.value);
  }

  void unknown(const std::string& prefix, const Member& member, const std::string& key) {
    if (prefix == "allow") {
      return reader_.fail(Code::unknown_intent, member.place, "unknown intent " + quote(member.key),
                          suggest_key(prefix, member.key));
    }
    reader_.fail(Code::unknown_key, member.place, "unknown key " + quote(key),
                 suggest_key(prefix, member.key));
  }

  Reader& reader_;
  ProfileLayer& layer_;
};

}  // namespace

void read_keys(Reader& reader, const Node& table, ProfileLayer& layer,
               std::span<const std::string_view> except) {
  ProfileReader(reader, layer).table({}, table, except);
}

namespace {

std::variant<ProfileLayer, Errors> read_layer(const Node& root, Reader& reader) {
  std::variant<ProfileLayer, Errors> result;  // filled in place: a spec is large
  auto& layer = std::get<ProfileLayer>(result);
  read_keys(reader, root, layer);
  if (reader.errors().empty()) {
    sort_by_depth(layer.spec.mounts);
  } else {
    sort_by_place(reader.errors());
    result = std::move(reader.errors());
  }
  return result;
}

Errors bad_setting(std::string_view flag, std::string what, std::string hint) {
  return {Error{.code = Code::file_syntax,
                .doing = std::move(what),
                .origin = Origin{.flag = std::string(flag)},
                .hint = std::move(hint)}};
}

// The '=' between key and value: the first one outside quotes.
std::size_t find_equals(std::string_view text) {
  char quote_char = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote_char != 0) {
      if (c == '\\' && quote_char == '"') ++i;
      if (c == quote_char) quote_char = 0;
    } else if (c == '"' || c == '\'') {
      quote_char = c;
    } else if (c == '=') {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string basic_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

bool is_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with("0o") && text.size() > 2) text.remove_prefix(2);
  return !text.empty() && text.find_first_not_of("0123456789_") == std::string_view::npos;
}

// What a shell leaves of --set KEY=VALUE: whether the bare word is a number, a boolean or a text is
// the key's to say.
std::string toml_value(std::string_view text, ValueType type) {
  if (!text.empty() && std::string_view("\"'[{").find(text.front()) != std::string_view::npos) {
    return std::string(text);
  }
  const bool boolean = text == "true" || text == "false";
  bool as_it_is = false;
  switch (type) {
    case ValueType::boolean:
    case ValueType::integer:
    case ValueType::table:
      as_it_is = boolean || is_number(text);
      break;
    case ValueType::size:
    case ValueType::time:
    case ValueType::signed_time:
    case ValueType::limit:
    case ValueType::signal:
      as_it_is = is_number(text);
      break;
    case ValueType::mode:
      as_it_is = is_number(text) && (text.starts_with("0o") || !text.starts_with('0'));
      break;
    case ValueType::choice:
    case ValueType::variable:
    case ValueType::intent:
    case ValueType::intent_set:
      as_it_is = boolean;
      break;
    case ValueType::any:
      as_it_is = boolean || is_number(text);
      break;
    case ValueType::namespaced:
    case ValueType::id_map:
    case ValueType::text:
    case ValueType::expanded:
    case ValueType::path:
    case ValueType::paths:
    case ValueType::redirect:
    case ValueType::processors:
    case ValueType::texts:
    case ValueType::profiles:
    case ValueType::set:
    case ValueType::descriptors:
    case ValueType::ports:
    case ValueType::rights:
    case ValueType::capabilities:
    case ValueType::calls:
    case ValueType::rules:
    case ValueType::mount:
      break;
  }
  return as_it_is ? std::string(text) : basic_string(text);
}

// What the one key of this document takes; `any`: there is no such key.
ValueType type_of_only_key(const Node& root) {
  ValueType type = ValueType::any;
  std::string prefix;
  for (const Node* node = &root; node->members.size() == 1;) {
    const Member& member = node->members.front();
    const auto row = find_row(prefix, member.key);
    if (!row) return ValueType::any;
    type = row->type;
    prefix = row->key;
    node = &member.value;
  }
  return type;
}

std::variant<Node, Errors> parse_flag(std::string_view flag, std::string text,
                                      std::string_view key_value) {
  auto file = std::make_shared<SourceFile>();
  file->text = std::move(text);
  auto root = parse_document(file);
  if (auto* errors = std::get_if<Errors>(&root)) {
    std::string reason = errors->front().doing;
    return bad_setting(flag, "can't understand " + quote(key_value) + ": " + reason,
                       R"(write KEY=VALUE as in a profile: limits.nofile=64, 'fs."/x"="ro"')");
  }
  return root;
}

}  // namespace

std::variant<ProfileLayer, Errors> parse_profile(const std::shared_ptr<const SourceFile>& file,
                                                 std::string_view profile_dir,
                                                 const Circumstances& circumstances) {
  auto root = parse_document(file);
  if (auto* errors = std::get_if<Errors>(&root)) return std::move(*errors);
  return read_profile(std::get<Node>(root), file, profile_dir, circumstances);
}

std::variant<ProfileLayer, Errors> read_profile(const Node& root,
                                                const std::shared_ptr<const SourceFile>& file,
                                                std::string_view profile_dir,
                                                const Circumstances& circumstances) {
  Reader reader(file, {}, profile_dir, circumstances);
  return read_layer(root, reader);
}

std::variant<ProfileLayer, Errors> parse_setting(std::string_view key_value, std::string_view flag,
                                                 const Circumstances& circumstances) {
  const std::size_t equals = find_equals(key_value);
  if (equals == std::string_view::npos) {
    return bad_setting(flag, quote(key_value) + " has no \"=\"", "write KEY=VALUE");
  }
  const std::string key(key_value.substr(0, equals));
  if (key.find_first_of("\r\n") != std::string::npos) {
    return bad_setting(flag, quote(key) + " is not a key", "write KEY=VALUE");
  }
  auto key_only = parse_flag(flag, key + " = 0", key_value);
  if (auto* errors = std::get_if<Errors>(&key_only)) return std::move(*errors);
  const ValueType type = type_of_only_key(std::get<Node>(key_only));

  auto text = std::make_shared<SourceFile>();
  text->text = key + " = " + toml_value(key_value.substr(equals + 1), type);
  auto root = parse_flag(flag, text->text, key_value);
  if (auto* errors = std::get_if<Errors>(&root)) return std::move(*errors);
  for (const Node* node = &std::get<Node>(root);
       node->kind == Node::Kind::table && !node->members.empty();
       node = &node->members.front().value) {
    // A second key could only come from a line break within VALUE.
    if (node->members.size() == 1 ||
        node->members.front().place.line == node->members.back().place.line)
      continue;
    return bad_setting(flag, quote(key_value) + " sets more than one key", "write --set for each");
  }
  const std::shared_ptr<const SourceFile> file = text;
  Reader reader(file, flag, {}, circumstances);
  return read_layer(std::get<Node>(root), reader);
}

}  // namespace immure
