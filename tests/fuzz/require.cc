#include "require.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace immure::fuzz {
namespace {

// By the table of RFC 3629, section 4, and not by the code that is tried.
struct Shape {
  std::uint8_t first, last;  // of the first byte
  std::uint8_t low, high;    // of the second
  std::size_t length;
};
constexpr Shape kShapes[] = {
    {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

// Takes one character off the front; false: that is none.
bool take(std::string_view& text, char32_t& value) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  for (const Shape& shape : kShapes) {
    if (byte(0) < shape.first || byte(0) > shape.last) continue;
    if (text.size() < shape.length) return false;
    constexpr std::uint8_t kOfFirst[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    value = byte(0) & kOfFirst[shape.length];
    for (std::size_t i = 1; i < shape.length; ++i) {
      const std::uint8_t low = i == 1 ? shape.low : 0x80;
      const std::uint8_t high = i == 1 ? shape.high : 0xbf;
      if (byte(i) < low || byte(i) > high) return false;
      value = value << 6U | (byte(i) & 0x3fU);
    }
    text.remove_prefix(shape.length);
    return true;
  }
  return false;
}

bool is_unseen(char32_t c) {
  const auto between = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  return c < 0x20 || between(0x7f, 0x9f) || c == 0xad || c == 0x61c || between(0x200b, 0x200f) ||
         between(0x2028, 0x202e) || between(0x2060, 0x206f) || c == 0xfeff ||
         between(0xfff9, 0xfffb) || between(0xe0000, 0xe007f);
}

void print(const char* before, std::string_view text) {
  std::fprintf(stderr, "%s%.*s\n", before, static_cast<int>(text.size()), text.data());
}

}  // namespace

void require(bool holds, std::string_view expected, std::string_view of) {
  if (holds) return;
  print("expected: ", expected);
  if (!of.empty()) print("of: ", of);
  std::abort();
}

bool is_plain(std::string_view text, bool lines) {
  while (!text.empty()) {
    char32_t c = 0;
    if (!take(text, c)) return false;
    if (is_unseen(c) && !(lines && c == '\n')) return false;
  }
  return true;
}

void try_errors(const Errors& errors) {
  require(!errors.empty(), "at least one error");
  for (const Error& error : errors) {
    const std::string shown = format_error(error, {});
    require(is_plain(shown, true), "an error that can be shown", shown);
    require(!(error.doing + error.reason).empty(), "an error that says something", shown);
  }
}

}  // namespace immure::fuzz
