#include "manual/roff.h"

#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>

namespace immure {
namespace {

// "\[u2026]" for the character that begins at `at`, which is moved to its last byte. The text is
// ours, so it is UTF-8.
std::string wide(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t index) {
    return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
  };
  const unsigned first = byte(at);
  const std::size_t more = first >= 0xf0U ? 3 : first >= 0xe0U ? 2 : 1;
  std::uint32_t code = first & (0x3fU >> more);
  for (std::size_t i = 0; i < more; ++i) code = code << 6U | (byte(++at) & 0x3fU);
  std::array<char, 16> name{};
  (void)std::snprintf(name.data(), name.size(), "\\[u%04X]", code);
  return name.data();
}

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  if (text.starts_with('.')) out = "\\&";
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (const char c = text[i]) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x80U ? std::string(1, c) : wide(text, i);
    }
  }
  return out;
}

std::string roff_bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }

std::string roff_arguments(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = 0;
    const bool word = is_upper(text.front());
    while (end < text.size() &&
           (is_upper(text[end]) || (word && end > 0 && std::isdigit(text[end]) != 0)) == word) {
      ++end;
    }
    out += word ? "\\fI" + roff(text.substr(0, end)) + "\\fR" : roff(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::string roff_tagged(const std::string& tag, const std::string& text) {
  return ".TP\n" + tag + '\n' + text + '\n';
}

std::string roff_reference(std::string_view page, int section) {
  return roff_bold(page) + '(' + std::to_string(section) + ')';
}

}  // namespace immure
