// toml++ 3.3 has undefined behaviour on some characters outside strings, and recurses once for each
// part of a dotted key when it frees the tree. Both are kept away from it here.
#include <cstddef>
#include <cstdint>
#include <optional>

#include "config/document.h"

namespace immure {
namespace {

constexpr int kMaxKeyParts = 32;

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
}

// Length of the UTF-8 sequence at `i`, 0 if it is none: overlong forms, surrogates and what is
// above U+10FFFF are none. See RFC 3629.
std::size_t sequence_length(std::string_view text, std::size_t i) {
  const std::uint8_t first = byte_at(text, i);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
  } else {
    return 0;
  }
  for (std::size_t k = 1; k < length; ++k) {
    const std::uint8_t next = byte_at(text, i + k);
    if (next < low || next > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

// Follows the text as far as strings and comments go. Where the text is no TOML the parser stops at
// that place, so it does not matter what is found after it.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::variant<std::monostate, BadBytes> run() {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    while (at_ < text_.size()) {
      const std::size_t length = sequence_length(text_, at_);
      if (length == 0) return bad("not valid UTF-8", "save the file as UTF-8");
      if (text_[at_] == '\0') return bad("a NUL byte", "a profile is a text file");
      if (length > 1) {
        if (text_.substr(at_).starts_with(kByteOrderMark)) {
          return bad("a byte order mark within the file", "take U+FEFF away");
        }
        if (state_ == State::plain) {
          return bad("a character that is not ASCII, outside of strings and comments",
                     "put a key or value with such characters in quotes");
        }
        at_ += length;
        continue;
      }
      step(text_[at_]);
      if (key_dots_ >= kMaxKeyParts) {
        return BadBytes{.code = Code::file_syntax,
                        .offset = at_ - 1,
                        .message = "a key of more than 32 parts",
                        .hint = {}};
      }
    }
    return std::monostate{};
  }

 private:
  static constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  enum class State : std::uint8_t { plain, comment, basic, literal, long_basic, long_literal };

  BadBytes bad(std::string message, std::string hint) const {
    return BadBytes{.offset = at_, .message = std::move(message), .hint = std::move(hint)};
  }

  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void step(char c) {
    switch (state_) {
      case State::plain:
        return step_plain(c);
      case State::comment:
        if (c == '\n') state_ = State::plain;
        break;
      case State::basic:
        if (c == '\\' && byte_at(text_, at_ + 1) != '\n') {
          // What follows the backslash is looked at by run(), should it not be ASCII.
          if (byte_at(text_, at_ + 1) < 0x80) ++at_;
        } else if (c == '"' || c == '\n') {
          state_ = State::plain;
        }
        break;
      case State::literal:
        if (c == '\'' || c == '\n') state_ = State::plain;
        break;
      case State::long_basic:
        if (c == '\\') {
          if (byte_at(text_, at_ + 1) < 0x80) ++at_;
        } else if (take(R"(""")")) {
          return end_long('"');
        }
        break;
      case State::long_literal:
        if (take("'''")) return end_long('\'');
        break;
    }
    ++at_;
  }

  // Up to two more quotes belong to the string: """a""""".
  void end_long(char quote) {
    for (int i = 0; i < 2 && at_ < text_.size() && text_[at_] == quote; ++i) ++at_;
    state_ = State::plain;
  }

  void step_plain(char c) {
    switch (c) {
      case '#':
        state_ = State::comment;
        break;
      case '"':
        state_ = take(R"(""")") ? State::long_basic : State::basic;
        if (state_ == State::long_basic) return;
        break;
      case '\'':
        state_ = take("'''") ? State::long_literal : State::literal;
        if (state_ == State::long_literal) return;
        break;
      case '.':
        ++key_dots_;
        break;
      case '\n':
      case '=':
      case ',':
      case '[':
      case '{':
        key_dots_ = 0;
        break;
      default:
        break;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  State state_ = State::plain;
  int key_dots_ = 0;
};

}  // namespace

std::variant<std::monostate, BadBytes> check_bytes(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace immure
