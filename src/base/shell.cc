#include "base/shell.h"

#include "base/text.h"

namespace immure {
namespace {

constexpr char kDelete = 0x7f;

bool is_plain(char c) { return c >= ' ' && c < kDelete; }

// "\012": three digits, so that a digit behind it stays one.
std::string octal_escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  std::string out = "\\";
  for (const unsigned shift : {6U, 3U, 0U}) out += static_cast<char>('0' + (byte >> shift & 7U));
  return out;
}

}  // namespace

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./+:@%,=-";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
    return std::string(word);
  }
  if (printable(word) == word) {
    std::string out = "'";
    for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + '\'';
  }
  std::string out = "$'";
  for (const char c : word) {
    out += is_plain(c) && c != '\'' && c != '\\' ? std::string(1, c) : octal_escape(c);
  }
  return out + '\'';
}

std::string shell_format(std::string_view bytes) {
  std::string out = "'";
  for (const char c : bytes) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '%') {
      out += "%%";
    } else {
      out += is_plain(c) && c != '\'' && c != '\\' ? std::string(1, c) : octal_escape(c);
    }
  }
  return out + '\'';
}

}  // namespace immure
