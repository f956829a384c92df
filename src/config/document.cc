#include "config/document.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "base/text.h"
#include "config/near_miss.h"
#include "config/toml_library.h"

namespace immure {
namespace {

// Places as the parser gives them count characters; ours count bytes. A file may be one long line,
// so no look-up goes through the whole of it.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    starts_.push_back(0);
    for (std::size_t i = text.find('\n'); i != std::string_view::npos; i = text.find('\n', i + 1)) {
      starts_.push_back(i + 1);
    }
    ascii_ = std::all_of(text.begin(), text.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii_) count_characters();
  }

  std::size_t offset(const toml::source_position& position) const {
    if (position.line == 0 || position.line > starts_.size()) return text_.size();
    const std::size_t start = starts_[position.line - 1];
    const std::size_t column = position.column > 0 ? position.column - 1U : 0;
    if (ascii_) return std::min(start + column, text_.size());
    const std::size_t character = characters_before_[position.line - 1] + column;
    const std::size_t mark = character / kStride;
    if (mark >= marks_.size()) return text_.size();
    std::size_t at = marks_[mark];
    for (std::size_t left = character % kStride; left > 0 && at < text_.size(); --left) {
      ++at;
      while (at < text_.size() && continues(text_[at])) ++at;
    }
    return at;
  }

  Place place(const toml::source_position& position) const {
    if (ascii_) return Place{position.line, position.column};
    const std::size_t start =
        position.line <= starts_.size() && position.line > 0 ? starts_[position.line - 1] : 0;
    return Place{position.line, static_cast<std::uint32_t>(offset(position) - start + 1)};
  }

 private:
  static constexpr std::size_t kStride = 256;

  static bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

  void count_characters() {
    std::size_t characters = 0;
    std::size_t line = 0;
    characters_before_.reserve(starts_.size());
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (line < starts_.size() && at == starts_[line]) {
        characters_before_.push_back(characters);
        ++line;
      }
      if (continues(text_[at])) continue;
      if (characters % kStride == 0) marks_.push_back(at);
      ++characters;
    }
    characters_before_.resize(starts_.size(), characters);  // of an empty last line
  }

  std::string_view text_;
  std::vector<std::size_t> starts_;             // of the lines
  std::vector<std::size_t> characters_before_;  // each line
  std::vector<std::size_t> marks_;              // where every kStride-th character begins
  bool ascii_ = true;
};

class Converter {
 public:
  explicit Converter(std::string_view text) : text_(text), lines_(text) {}

  const Lines& lines() const { return lines_; }

  Node table(const toml::table& from) const {
    Node node;
    node.place = lines_.place(from.source().begin);
    struct Entry {
      Place place;
      const toml::key* key;
      const toml::node* value;
    };
    std::vector<Entry> entries;
    entries.reserve(from.size());
    for (const auto& [key, value] : from) {
      entries.push_back({lines_.place(key.source().begin), &key, &value});
    }
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
    });
    node.members.reserve(entries.size());
    for (const Entry& entry : entries) {
      node.members.push_back(Member{.key = std::string(entry.key->str()),
                                    .place = entry.place,
                                    .value = convert(*entry.value)});
    }
    return node;
  }

 private:
  Node convert(const toml::node& from) const {
    Node node;
    switch (from.type()) {
      case toml::node_type::table:
        return table(*from.as_table());
      case toml::node_type::array:
        node.kind = Node::Kind::list;
        for (const toml::node& item : *from.as_array()) node.items.push_back(convert(item));
        break;
      case toml::node_type::string:
        node.kind = Node::Kind::text;
        node.text = from.as_string()->get();
        node.quotes = opening_quotes(from);
        break;
      case toml::node_type::integer:
        node.kind = Node::Kind::integer;
        node.number = from.as_integer()->get();
        node.octal = text_.substr(lines_.offset(from.source().begin)).starts_with("0o");
        break;
      case toml::node_type::boolean:
        node.kind = Node::Kind::boolean;
        node.boolean = from.as_boolean()->get();
        break;
      case toml::node_type::floating_point:
        node.kind = Node::Kind::floating;
        break;
      case toml::node_type::none:
      case toml::node_type::date:
      case toml::node_type::time:
      case toml::node_type::date_time:
        node.kind = Node::Kind::date;
        break;
    }
    node.place = lines_.place(from.source().begin);
    return node;
  }

  std::uint32_t opening_quotes(const toml::node& from) const {
    const std::string_view rest = text_.substr(lines_.offset(from.source().begin));
    return rest.starts_with(R"(""")") || rest.starts_with("'''") ? 3 : 1;
  }

  std::string_view text_;
  Lines lines_;
};

Error at(const std::shared_ptr<const SourceFile>& file, Code code, Place place, std::string what,
         std::string hint) {
  return Error{.code = code,
               .doing = std::move(what),
               .origin = Origin{.file = file, .line = place.line, .column = place.column},
               .hint = std::move(hint)};
}

// Where a key of this name was first given: the first one, depth first, that ends before `line`.
std::optional<Place> first_mention(const Node& table, std::string_view key, std::uint32_t line) {
  for (const Member& member : table.members) {
    if (member.key == key && member.place.line <= line) return member.place;
    if (const auto below = first_mention(member.value, key, line)) return below;
  }
  return std::nullopt;
}

// "cannot redefine existing table 'allow'" says nothing of where that is. The lines before the one
// with the error are a document of their own.
std::optional<Place> place_of_first(std::string_view text, std::size_t line_start,
                                    std::string_view key) {
  const std::string_view before = text.substr(0, line_start);
  const toml::parse_result result = toml::parse(before, std::string_view());
  if (!result) return std::nullopt;
  const Node table = Converter(before).table(result.table());
  return first_mention(table, key, place_of(text, line_start).line);
}

// The value without quotes that holds this byte.
std::string bare_word(std::string_view text, std::size_t offset) {
  constexpr std::string_view ends = " \t\r\n=,[]{}#";
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t begin = before.find_last_of(ends) + 1;  // npos + 1 is 0
  const std::size_t end = std::min(text.find_first_of(ends, before.size()), text.size());
  return std::string(text.substr(begin, end - begin));
}

// The library's words, made helpful where they are about the mistakes that people make.
Error unexpected(const std::shared_ptr<const SourceFile>& file, Place place, std::string_view words,
                 std::size_t offset) {
  const std::string_view text = file->text;
  if (words.starts_with("unescaped control characters") && offset < text.size() &&
      (text[offset] == '\n' || text[offset] == '\r')) {
    return at(file, Code::file_syntax, place, "a string is not closed on its line",
              R"(a text of more lines stands between """ and """)");
  }
  std::string hint;
  for (const std::string_view sign : {"could not determine value type", "expected digit",
                                      "expected 'true'", "expected 'false'"}) {
    if (words.find(sign) != std::string_view::npos) hint = "a text is written in quotes";
  }
  if (words.contains("not representable in 64 bits")) {
    hint = "integers go up to 9223372036854775807; a limit can also be \"unlimited\"";
  }
  const std::string boolean =
      boolean_hint(Node{.kind = Node::Kind::text, .text = bare_word(text, offset)});
  if (!hint.empty() && !boolean.empty()) hint = boolean;
  return at(file, Code::file_syntax, place, "this is no TOML: " + escape(words), std::move(hint));
}

// The last part of the key that a line begins with, without quotes: c of `"a".b."c" = 1`, `[a.c]`.
std::string key_of_line(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t["), line.size()));
  std::string key;
  char quote_char = 0;
  for (const char c : line) {
    if (quote_char != 0) {
      if (c == quote_char) {
        quote_char = 0;
      } else {
        key += c;
      }
    } else if (c == '"' || c == '\'') {
      quote_char = c;
    } else if (c == '.') {
      key.clear();
    } else if (c == '=' || c == ']' || c == '\n') {
      break;
    } else if (c != ' ' && c != '\t') {
      key += c;
    }
  }
  return key;
}

Error syntax_error(const std::shared_ptr<const SourceFile>& file, const toml::parse_error& error,
                   const Lines& lines) {
  const std::string_view description = error.description();
  Place place = lines.place(error.source().begin);
  const std::string_view text = file->text;
  // "Error while parsing key-value pair: expected …": the part before the colon helps nobody.
  std::string_view words = description;
  if (const auto colon = words.find(": ");
      words.starts_with("Error while parsing ") && colon != std::string_view::npos) {
    words.remove_prefix(colon + 2);
  }
  const std::string_view again = "cannot redefine existing ";
  const std::size_t offset = lines.offset(error.source().begin);
  if (!words.starts_with(again)) return unexpected(file, place, words, offset);
  const auto open = words.find('\'');
  const auto close = words.rfind('\'');
  if (open == std::string_view::npos || close <= open) {
    return at(file, Code::file_syntax, place, "this is no TOML: " + escape(words), {});
  }
  std::string key(words.substr(open + 1, close - open - 1));
  const bool is_table = words.substr(again.size()).starts_with("table");
  const auto newline = text.rfind('\n', offset == 0 ? 0 : offset - 1);
  const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
  // Of a key in quotes the library gives no more than its first letters and the text again.
  if (key.find_first_of("\"'") != std::string::npos) key = key_of_line(text.substr(line_start));
  std::string hint;
  if (const auto first = place_of_first(text, line_start, key)) {
    hint = "first given in line " + std::to_string(first->line) +
           (is_table ? "; a table is written in one place only" : "");
    // The parser points behind what it has read; the key begins the line.
    const auto begin = text.find_first_not_of(" \t", line_start);
    place.column = static_cast<std::uint32_t>(begin - line_start + 1);
  }
  return at(file, is_table ? Code::file_syntax : Code::duplicate_key, place,
            (is_table ? "table " : "") + quote(key) + " is given twice", hint);
}

}  // namespace

std::string_view kind_words(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::boolean:
      return "a boolean";
    case Node::Kind::integer:
      return "an integer";
    case Node::Kind::floating:
      return "a number with a fraction";
    case Node::Kind::text:
      return "a string";
    case Node::Kind::date:
      return "a date";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::table:
      return "a table";
  }
  return "";
}

Place place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto newline = before.rfind('\n');
  const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return Place{static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n') + 1),
               static_cast<std::uint32_t>(offset - start + 1)};
}

std::variant<Node, Errors> parse_document(const std::shared_ptr<const SourceFile>& file) {
  const std::string_view text = file->text;
  const auto bytes = check_bytes(text);
  if (const auto* bad = std::get_if<BadBytes>(&bytes)) {
    return Errors{at(file, bad->code, place_of(text, bad->offset), bad->message, bad->hint)};
  }
  const toml::parse_result result = toml::parse(text, std::string_view());
  const Converter converter(text);
  if (!result) return Errors{syntax_error(file, result.error(), converter.lines())};
  return converter.table(result.table());
}

}  // namespace immure
