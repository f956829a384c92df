#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace immure {
namespace {

struct Range {
  char32_t first, last;
};

// Unicode's format characters, and others that show as nothing or move what stands beside them.
constexpr std::array<Range, 26> unseen{{
    {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
    {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
    {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
    {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
}};

bool shows(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  return std::ranges::none_of(unseen, [c](Range r) { return c >= r.first && c <= r.last; });
}

struct Decoded {
  char32_t value = 0;
  std::size_t length = 0;  // 0: not UTF-8
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  char32_t value = 0;
  char32_t least = 0;  // a smaller value is an overlong form
  if ((first & 0xe0U) == 0xc0) {
    length = 2, value = first & 0x1fU, least = 0x80;
  } else if ((first & 0xf0U) == 0xe0) {
    length = 3, value = first & 0x0fU, least = 0x800;
  } else if ((first & 0xf8U) == 0xf0) {
    length = 4, value = first & 0x07U, least = 0x10000;
  } else {
    return {};
  }
  if (text.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < least || value > 0x10ffff || surrogate) return {};
  return {value, length};
}

void append_hex(std::string& out, const char* format, unsigned value) {
  std::array<char, 16> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), format, value);
  out.append(buffer.data(), static_cast<std::size_t>(length));
}

void append_escape(std::string& out, char32_t c) {
  switch (c) {
    case U'\n':
      out += "\\n";
      return;
    case U'\t':
      out += "\\t";
      return;
    case U'\r':
      out += "\\r";
      return;
    default:
      append_hex(out, c < 0x80 ? "\\x%02x" : "\\u{%x}", static_cast<unsigned>(c));
  }
}

std::string escape_with(std::string_view text, bool backslash, bool double_quote) {
  std::string out;
  out.reserve(text.size() + 2);
  while (!text.empty()) {
    const Decoded c = decode(text);
    if (c.length == 0) {
      append_hex(out, "\\x%02x", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    if (!shows(c.value)) {
      append_escape(out, c.value);
    } else {
      if ((c.value == U'\\' && backslash) || (c.value == U'"' && double_quote)) out += '\\';
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
  return out;
}

std::string in_base(unsigned long long value, int base) {
  std::array<char, 24> digits;
  char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
  return {digits.data(), end};
}

// Optimal string alignment; words here are short.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> table((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return table[i * width + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      std::size_t best = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, at(i - 2, j - 2) + 1);
      }
      at(i, j) = best;
    }
  }
  return at(a.size(), b.size());
}

}  // namespace

std::string escape(std::string_view text) { return escape_with(text, true, false); }

std::string printable(std::string_view text) { return escape_with(text, false, false); }

std::string quote(std::string_view text) { return '"' + escape_with(text, true, true) + '"'; }

std::string json_string(std::string_view text) {
  std::string out = "\"";
  const auto unit = [&out](char32_t c) { append_hex(out, "\\u%04x", static_cast<unsigned>(c)); };
  while (!text.empty()) {
    Decoded c = decode(text);
    if (c.length == 0) c = {0xfffd, 1};
    text.remove_prefix(c.length);
    if (c.value == U'"' || c.value == U'\\') {
      out += '\\';
      out += static_cast<char>(c.value);
    } else if (c.value >= 0x20 && c.value < 0x7f) {
      out += static_cast<char>(c.value);
    } else if (c.value == U'\n') {
      out += "\\n";
    } else if (c.value > 0xffff) {
      unit(0xd800 + ((c.value - 0x10000) >> 10U));
      unit(0xdc00 + ((c.value - 0x10000) & 0x3ffU));
    } else {
      unit(c.value);
    }
  }
  return out + '"';
}

std::string errno_words(int errnum) {
  const char* words = strerrordesc_np(errnum);
  const char* name = strerrorname_np(errnum);
  if (words == nullptr || name == nullptr) return "errno " + std::to_string(errnum);
  return std::string(words) + " (" + name + ")";
}

std::string show_size(unsigned long long bytes) {
  constexpr std::string_view units = "TGMK";
  for (std::size_t i = 0; i < units.size(); ++i) {
    const unsigned long long unit = 1ULL << (10 * (units.size() - i));
    if (bytes != 0 && bytes % unit == 0) return std::to_string(bytes / unit) + units[i];
  }
  return std::to_string(bytes);
}

std::string octal(unsigned long long value, std::size_t digits) {
  const std::string text = in_base(value, 8);
  return std::string(digits - std::min(digits, text.size()), '0') + text;
}

std::string hex(unsigned long long value) { return "0x" + in_base(value, 16); }

std::size_t columns(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string closest(std::string_view word, const std::string_view* candidates, std::size_t count) {
  std::string_view found;
  std::size_t best = 3;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view candidate = candidates[i];
    const std::size_t longer = std::max(word.size(), candidate.size());
    const std::size_t shorter = std::min(word.size(), candidate.size());
    if (longer - shorter > 2) continue;
    const std::size_t distance = edit_distance(word, candidate);
    const bool near = distance == 0 || shorter >= 2 * distance;
    if (distance < best && near) {
      best = distance;
      found = candidate;
    }
  }
  return std::string(found);
}

}  // namespace immure
