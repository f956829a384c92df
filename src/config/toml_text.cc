#include "config/toml_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/text.h"

namespace immure {
namespace {

bool is_bare(std::string_view key) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !key.empty() && key.find_first_not_of(plain) == std::string_view::npos;
}

// The length of the UTF-8 sequence at the front; 0 if it is none.
std::size_t sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  if (first >= 0xc2 && first < 0xe0) length = 2;
  if (first >= 0xe0 && first < 0xf0) length = 3;
  if (first >= 0xf0 && first < 0xf5) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is beyond U+10FFFF.
  const unsigned second = byte(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0)) return 0;
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90)) return 0;
  return length;
}

}  // namespace

bool is_toml_text(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = text.front() == '\0' ? 0 : sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Whatever escape() would not show as it is, is an escape here too: a profile that is printed must
// not steer a terminal, nor read as something else than it is. A byte that is no UTF-8 has no
// escape in TOML ("\\xff" would be the character U+00FF): it stays, for is_toml_text() to find.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = sequence(text);
    const std::string_view part = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(part.size());
    if (part == "\"" || part == "\\") {
      out.append(1, '\\').append(part);
    } else if (length == 0 || escape(part) == part) {
      out += part;
    } else {
      unsigned code = static_cast<unsigned char>(part.front());
      if (length > 1) code &= 0x7fU >> length;
      for (const char c : part.substr(1)) code = code << 6U | (static_cast<unsigned>(c) & 0x3fU);
      std::array<char, 12> digits{};
      std::snprintf(digits.data(), digits.size(), code > 0xffff ? "\\U%08X" : "\\u%04X", code);
      out += digits.data();
    }
  }
  return out + '"';
}

std::string toml_expanded(std::string_view text) {
  std::string doubled;
  for (const char c : text) doubled.append(c == '$' ? 2 : 1, c);
  return toml_string(doubled);
}

std::string toml_key(std::string_view key) {
  return is_bare(key) ? std::string(key) : toml_string(key);
}

std::string toml_time(std::int64_t nanoseconds) {
  constexpr std::array<std::pair<std::int64_t, const char*>, 5> units = {{{86'400'000'000'000, "d"},
                                                                          {3'600'000'000'000, "h"},
                                                                          {60'000'000'000, "min"},
                                                                          {1'000'000'000, "s"},
                                                                          {1'000'000, "ms"}}};
  for (const auto& [factor, unit] : units) {
    if (nanoseconds != 0 && nanoseconds % factor == 0) {
      return '"' + std::to_string(nanoseconds / factor) + unit + '"';
    }
  }
  return "0";
}

std::string toml_octal(unsigned mode) { return "0o" + octal(mode, 3); }

std::string toml_boolean(bool value) { return value ? "true" : "false"; }

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8U;
      if (at + i < bytes.size()) group |= static_cast<unsigned char>(bytes[at + i]);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      const bool used = at + i <= bytes.size();
      out += used ? letters[group >> (18U - 6U * i) & 0x3fU] : '=';
    }
  }
  return out;
}

}  // namespace immure
