#include <algorithm>
#include <string>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/near_miss.h"
#include "config/read_numbers.h"
#include "config/reader.h"
#include "config/values.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

using Kind = Node::Kind;

std::string list_words(std::span<const Word> words) {
  std::string text;
  for (const Word& word : words) {
    if (word.value < 0) continue;
    if (!text.empty()) text += ", ";
    const std::string more = word.word.ends_with(':') ? "…" : "";
    text += word.boolean ? std::string(word.word) : quote(std::string(word.word) + more);
  }
  return text;
}

const Word* find_word(std::span<const Word> words, std::string_view text, bool boolean) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) {
    return word.boolean == boolean &&
           (word.word == text || (word.word.ends_with(':') && text.starts_with(word.word)));
  });
  return found == words.end() ? nullptr : &*found;
}

std::string word_hint(std::span<const Word> words, std::string_view text) {
  std::vector<std::string_view> names;
  for (const Word& word : words) {
    if (!word.boolean) names.push_back(word.word);
  }
  const std::string near = nearest(text, names);
  if (!near.empty()) return "did you mean " + quote(near) + "?";
  return "write one of " + list_words(words);
}

void not_supported(Reader& reader, Place place, std::string_view key, std::string_view value,
                   std::string hint = {}) {
  reader.fail(Code::not_supported, place,
              quote(key) + " = " + quote(value) + " is not supported by this version",
              std::move(hint));
}

std::optional<std::string> read_text(Reader& reader, std::string_view key, const Node& node,
                                     bool expanded) {
  if (node.kind != Kind::text) {
    std::string hint;
    if (node.kind == Kind::integer) hint = "write \"" + std::to_string(node.number) + "\"";
    if (node.kind == Kind::table) hint = "a name that holds dots is written in quotes";
    reader.wrong_type(node, key, "a string", std::move(hint));
    return std::nullopt;
  }
  auto text = expanded ? reader.expand_at(node.text, inside_quotes(node), {.tilde = false})
                       : std::optional(node.text);
  if (text && text->find('\0') != std::string::npos) {
    reader.fail(Code::wrong_type, node.place, quote(key) + " holds a NUL byte");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> read_path(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind == Kind::text) return reader.path(node, "for " + quote(key));
  reader.wrong_type(node, key, "a path");
  return std::nullopt;
}

bool is_list(Reader& reader, std::string_view key, const Node& node, std::string_view of) {
  if (node.kind == Kind::list) return true;
  reader.wrong_type(node, key, "a list of " + std::string(of),
                    node.kind == Kind::text ? "write [" + quote(node.text) + "]" : std::string());
  return false;
}

std::optional<std::vector<std::string>> read_texts(Reader& reader, std::string_view key,
                                                   const Node& node, bool profiles) {
  if (!is_list(reader, key, node, "strings")) return std::nullopt;
  std::vector<std::string> texts;
  bool good = true;
  for (const Node& item : node.items) {
    std::optional<std::string> text;
    if (profiles && item.kind == Kind::text &&
        (item.text.find('/') != std::string::npos || item.text.ends_with(".toml"))) {
      text = reader.path(item, "for " + quote(key));
    } else {
      text = read_text(reader, key, item, !profiles);
    }
    good = good && text.has_value();
    if (text) texts.push_back(std::move(*text));
  }
  if (!good) return std::nullopt;
  return texts;
}

// Whether the item is one that the row's type allows.
bool check_item(Reader& reader, const SchemaRow& row, std::string_view key, const SetItem& item,
                Place place) {
  if (item.remove && item.text == "*") return true;
  if (item.text.empty()) {
    reader.fail(Code::bad_enum, place, "an empty item in " + quote(key));
    return false;
  }
  if (row.key == "match" && item.text.find('/') != std::string::npos && !is_absolute(item.text)) {
    reader.fail(Code::relative_path, place, "relative path " + quote(item.text) + " in \"match\"",
                "write the program's name, or its whole path");
    return false;
  }
  if (row.type == ValueType::capabilities && item.text != "ALL" && !capability_number(item.text)) {
    const auto names = capability_names();
    std::string near = nearest(item.text, names);
    if (near.empty()) near = nearest("CAP_" + item.text, names);
    reader.fail(Code::capability, place, quote(item.text) + " is not a capability",
                near.empty() ? "capabilities(7) lists them: CAP_NET_RAW and so on"
                             : "did you mean " + quote(near) + "?");
    return false;
  }
  if (!row.words.empty() && row.type == ValueType::set) {
    const Word* word = find_word(row.words, item.text, false);
    if (word == nullptr) {
      reader.fail(Code::bad_enum, place, quote(key) + " can't hold " + quote(item.text),
                  word_hint(row.words, item.text));
      return false;
    }
    if (word->value < 0) {
      not_supported(reader, place, key, item.text);
      return false;
    }
  }
  return true;
}

// The number of a descriptor or port is written as an integer; to remove one, as "!3".
std::optional<std::string> number_text(Reader& reader, ValueType type, std::string_view key,
                                       const Node& node) {
  const bool ports = type == ValueType::ports;
  const std::int64_t most = ports ? 65'535 : 1'048'575;
  if (node.kind == Kind::integer && node.number >= 0 && node.number <= most) {
    return std::to_string(node.number);
  }
  if (node.kind == Kind::text && node.text.starts_with('!')) return node.text;
  if (node.kind == Kind::integer) {
    reader.fail(Code::wrong_type, node.place,
                quote(key) + " can't hold " + std::to_string(node.number) +
                    (ports ? ", ports go from 0 to 65535" : ", it is no descriptor number"));
  } else {
    reader.wrong_type(node, key, ports ? "port numbers" : "descriptor numbers", integer_hint(node));
  }
  return std::nullopt;
}

std::optional<SetEdit> read_set(Reader& reader, const SchemaRow& row, std::string_view key,
                                const Node& node) {
  const bool numbers = row.type == ValueType::descriptors || row.type == ValueType::ports;
  if (!is_list(reader, key, node, numbers ? "integers" : "strings")) return std::nullopt;
  SetEdit set;
  bool good = true;
  for (const Node& item : node.items) {
    const auto text =
        numbers ? number_text(reader, row.type, key, item) : read_text(reader, key, item, false);
    if (!text) {
      good = false;
      continue;
    }
    const bool remove = text->starts_with('!');
    SetItem entry{.text = remove ? text->substr(1) : *text,
                  .remove = remove,
                  .origin = reader.origin(item.place)};
    good = check_item(reader, row, key, entry, item.place) && good;
    set.items.push_back(std::move(entry));
  }
  if (!good) return std::nullopt;
  return set;
}

// true, false, a word, and for a row of sets also names: one in a string, more in a list.
std::optional<Value> read_intent(Reader& reader, const SchemaRow& row, std::string_view key,
                                 const Node& node) {
  const bool names = row.type == ValueType::intent_set || row.key.ends_with('*');
  if (names && node.kind == Kind::list) {
    auto items = read_set(reader, row, key, node);
    if (!items) return std::nullopt;
    return Value(IntentValue{.kind = IntentValue::Kind::items, .items = std::move(*items)});
  }
  if (names && node.kind == Kind::text) {
    if (row.key.ends_with('*'))
      return Value(IntentValue{.kind = IntentValue::Kind::word, .word = node.text});
    const bool remove = node.text.starts_with('!');
    SetItem item{.text = remove ? node.text.substr(1) : node.text,
                 .remove = remove,
                 .origin = reader.origin(node.place)};
    if (!check_item(reader, row, key, item, node.place)) return std::nullopt;
    return Value(IntentValue{.kind = IntentValue::Kind::items, .items = {{std::move(item)}}});
  }
  if (node.kind == Kind::boolean && row.words.empty()) {
    return Value(
        IntentValue{.kind = node.boolean ? IntentValue::Kind::on : IntentValue::Kind::off});
  }
  if (!read_choice(reader, row, key, node)) return std::nullopt;
  if (node.kind == Kind::text) {
    return Value(IntentValue{.kind = IntentValue::Kind::word, .word = node.text});
  }
  return Value(IntentValue{.kind = node.boolean ? IntentValue::Kind::on : IntentValue::Kind::off});
}

template <class T>
std::optional<Value> wrap(std::optional<T> value) {
  if (!value) return std::nullopt;
  return Value(std::move(*value));
}

}  // namespace

std::optional<std::int64_t> read_choice(Reader& reader, const SchemaRow& row, std::string_view key,
                                        const Node& node) {
  const bool boolean = node.kind == Kind::boolean;
  if (!boolean && node.kind != Kind::text) {
    reader.wrong_type(node, key, "one of " + list_words(row.words));
    return std::nullopt;
  }
  const std::string_view word_of_boolean = node.boolean ? "true" : "false";
  const std::string_view text = boolean ? word_of_boolean : std::string_view(node.text);
  const Word* word = find_word(row.words, text, boolean);
  if (word == nullptr) {
    reader.fail(Code::bad_enum, node.place,
                quote(key) + " can't be " + (boolean ? std::string(text) : quote(text)),
                word_hint(row.words, text));
    return std::nullopt;
  }
  if (word->value < 0) {
    not_supported(reader, node.place, key, text,
                  key == "seccomp.report"
                      ? "nobody listens yet to what the filter refuses: write false"
                      : "it has " + list_words(row.words));
    return std::nullopt;
  }
  return word->value;
}

std::optional<Value> read_value(Reader& reader, const SchemaRow& row, std::string_view key,
                                const Node& node) {
  switch (row.type) {
    case ValueType::boolean:
      if (node.kind == Kind::boolean) return Value(node.boolean);
      reader.wrong_type(node, key, "true or false", boolean_hint(node));
      return std::nullopt;
    case ValueType::integer:
      return wrap(read_integer(reader, row, key, node));
    case ValueType::text:
      return wrap(read_text(reader, key, node, false));
    case ValueType::expanded:
      return wrap(read_text(reader, key, node, true));
    case ValueType::path:
      return wrap(read_path(reader, key, node));
    case ValueType::redirect:
      if (node.kind == Kind::text && (node.text == "inherit" || node.text == "null")) {
        return Value(node.text);
      }
      return wrap(read_path(reader, key, node));
    case ValueType::size:
      return wrap(read_size(reader, key, node));
    case ValueType::time:
      return wrap(read_time(reader, key, node, false));
    case ValueType::signed_time:
      return wrap(read_time(reader, key, node, true));
    case ValueType::mode: {
      const auto mode = read_mode(reader, key, node);
      if (!mode) return std::nullopt;
      if (*mode <= row.high) return Value(std::uint64_t{*mode});
      reader.fail(Code::unit, node.place, quote(key) + " has three octal digits");
      return std::nullopt;
    }
    case ValueType::limit:
      return wrap(read_limit(reader, key, node));
    case ValueType::choice:
      return wrap(read_choice(reader, row, key, node));
    case ValueType::namespaced:
      return read_namespace(reader, row, key, node);
    case ValueType::id_map:
      return wrap(read_id_map(reader, key, node));
    case ValueType::signal:
      return wrap(read_signal(reader, key, node));
    case ValueType::processors: {
      auto text = read_text(reader, key, node, false);
      if (!text || is_processor_list(*text)) return wrap(std::move(text));
      reader.fail(Code::unit, node.place, quote(*text) + " is not a list of processors",
                  R"(write "0-3" or "0,2,4")");
      return std::nullopt;
    }
    case ValueType::texts:
      return wrap(read_texts(reader, key, node, false));
    case ValueType::profiles:
      return wrap(read_texts(reader, key, node, true));
    case ValueType::set:
    case ValueType::descriptors:
    case ValueType::ports:
    case ValueType::capabilities:
    case ValueType::calls:
      return wrap(read_set(reader, row, key, node));
    case ValueType::rules:
      return wrap(read_rules(reader, key, node));
    case ValueType::variable:
      return wrap(read_variable(reader, key, node));
    case ValueType::intent:
    case ValueType::intent_set:
      return read_intent(reader, row, key, node);
    case ValueType::mount:
    case ValueType::rights:
    case ValueType::paths:
    case ValueType::table:
    case ValueType::any:
      break;
  }
  return std::nullopt;
}

}  // namespace immure
