// A TOML text as a plain tree with the place of everything in it, in the order of the file. The
// parser library stands behind this header; nothing else knows it. Pure. Authority: toml.io 1.0.0.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace immure {

// Line and column from 1, the column in bytes.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct Member;

struct Node {
  enum class Kind : std::uint8_t { boolean, integer, floating, text, date, list, table };
  Kind kind = Kind::table;
  Place place;
  std::uint32_t quotes = 0;  // text: bytes of the opening quotes; the text begins after them
  bool boolean = false;
  bool octal = false;  // integer: written as 0o…
  std::int64_t number = 0;
  std::string text;
  std::vector<Node> items;      // list
  std::vector<Member> members;  // table
};

struct Member {
  std::string key;
  Place place;  // of the key
  Node value;
};

// "a string", "a list" …: what a node is, for messages.
std::string_view kind_words(Node::Kind kind);

// Line and column of a byte of the text.
Place place_of(std::string_view text, std::size_t offset);

// The root table. Bytes the parser cannot take are found before it runs (Code::file_encoding,
// Code::file_syntax); errors bear the place in `file`.
std::variant<Node, Errors> parse_document(const std::shared_ptr<const SourceFile>& file);

// What stops the parser from being run on this text: not UTF-8, NUL, a byte order mark within,
// something other than ASCII outside strings and comments, keys of more than 32 parts.
struct BadBytes {
  Code code = Code::file_encoding;
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};
std::variant<std::monostate, BadBytes> check_bytes(std::string_view text);

}  // namespace immure
