#include "config/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"

namespace immure {
namespace {

Error bad_unit(std::string what, std::string hint) {
  return Error{.code = Code::unit, .doing = std::move(what), .hint = std::move(hint)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits at the front; nothing if there are none or too many.
std::optional<std::uint64_t> take_digits(std::string_view& text, int base = 10) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

struct Unit {
  std::string_view word;
  std::uint64_t factor;
};

constexpr std::array<Unit, 4> kSizes = {
    {{"K", 1ULL << 10U}, {"M", 1ULL << 20U}, {"G", 1ULL << 30U}, {"T", 1ULL << 40U}}};

constexpr std::array<Unit, 5> kTimes = {{{"ms", 1'000'000ULL},
                                         {"s", 1'000'000'000ULL},
                                         {"min", 60'000'000'000ULL},
                                         {"h", 3'600'000'000'000ULL},
                                         {"d", 86'400'000'000'000ULL}}};

bool multiply(std::uint64_t& number, std::uint64_t factor, std::uint64_t limit) {
  return !__builtin_mul_overflow(number, factor, &number) && number <= limit;
}

std::string power_of_1000(char unit, std::uint64_t number) {
  std::uint64_t bytes = number;
  for (const char c : std::string_view("KMGT")) {
    if (!multiply(bytes, 1000, std::numeric_limits<std::uint64_t>::max())) return {};
    if (c == unit) return std::to_string(bytes);
  }
  return {};
}

// "64MB", "64m", "64 M": what was probably meant.
std::string size_hint(std::uint64_t number, std::string_view rest) {
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const std::string digits = std::to_string(number);
  if (rest.empty() || rest == "B" || rest == "b") return "write " + digits + " for bytes";
  const char unit = static_cast<char>(rest.front() & ~0x20);
  if (std::string_view("KMGT").find(unit) == std::string_view::npos) {
    return "units are K, M, G and T (of 1024), as in \"64M\"";
  }
  const std::string binary = "\"" + digits + unit + "\"";
  const std::string decimal = power_of_1000(unit, number);
  if (rest.size() == 2 && (rest[1] == 'B' || rest[1] == 'b') && !decimal.empty()) {
    return "write " + binary + " (units of 1024), or " + decimal + " if powers of 1000 are meant";
  }
  return "write " + binary;
}

std::string time_hint(std::string_view digits, std::string_view rest) {
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto with = [&](std::string_view unit) {
    return "write \"" + std::string(digits) + std::string(unit) + "\"";
  };
  if (rest == "m" || rest == "mins" || rest == "minutes" || rest == "minute") return with("min");
  if (rest == "sec" || rest == "secs" || rest == "seconds" || rest == "second") return with("s");
  if (rest == "hours" || rest == "hour" || rest == "hr" || rest == "H") return with("h");
  if (rest == "days" || rest == "day" || rest == "D") return with("d");
  if (rest.empty() || rest == "S") return with("s");
  return "units are ms, s, min, h and d, as in \"10min\"";
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view rest = text;
  const auto digits = take_digits(rest);
  if (!digits) {
    return bad_unit(quote(text) + " is not a size", R"(write bytes, or "512K", "64M", "2G")");
  }
  if (rest.empty()) return *digits;
  const auto* unit = std::find_if(kSizes.begin(), kSizes.end(), [&](const Unit& u) {
    return rest.starts_with(u.word) && (rest.size() == 1 || rest.substr(1) == "iB");
  });
  if (unit == kSizes.end()) {
    return bad_unit(quote(text) + " is not a size", size_hint(*digits, rest));
  }
  std::uint64_t bytes = *digits;
  if (!multiply(bytes, unit->factor, std::numeric_limits<std::int64_t>::max())) {
    return bad_unit(quote(text) + " is more than any file system holds", {});
  }
  return bytes;
}

Result<std::int64_t> parse_time(std::string_view text, bool is_signed) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) {
    if (!is_signed) return bad_unit(quote(text) + " has a sign", "a length of time has none");
    rest.remove_prefix(1);
  }
  const auto digits = take_digits(rest);
  if (!digits) {
    return bad_unit(quote(text) + " is not a time",
                    R"(write seconds, or "250ms", "2s", "10min", "1h", "3d")");
  }
  const auto* unit =
      std::find_if(kTimes.begin(), kTimes.end(), [&](const Unit& u) { return rest == u.word; });
  if (unit == kTimes.end()) {
    const std::string_view front = text.substr(0, text.size() - rest.size());
    return bad_unit(quote(text) + " is not a time", time_hint(front, rest));
  }
  std::uint64_t ns = *digits;
  if (!multiply(ns, unit->factor, std::numeric_limits<std::int64_t>::max())) {
    return bad_unit(quote(text) + " is too long a time", "at most 292 years can be counted");
  }
  const auto value = static_cast<std::int64_t>(ns);
  return negative ? -value : value;
}

Result<std::int64_t> seconds_to_ns(std::int64_t seconds) {
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(seconds, std::int64_t{1'000'000'000}, &ns)) {
    return bad_unit(std::to_string(seconds) + " seconds are too long a time",
                    "at most 292 years can be counted");
  }
  return ns;
}

Result<mode_t> parse_mode(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("0o")) rest.remove_prefix(2);
  const auto number = take_digits(rest, 8);
  if (!number || !rest.empty() || *number > 07777) {
    return bad_unit(quote(text) + " is not a mode", "write up to four octal digits: \"0755\"");
  }
  return static_cast<mode_t>(*number);
}

Result<int> parse_signal(std::string_view text) {
  std::string_view name = text;
  if (name.starts_with("SIG")) name.remove_prefix(3);
  if (!name.empty() && is_digit(name.front())) {
    const auto number = take_digits(name);
    if (number && name.empty() && *number >= 1 && *number <= 64) return static_cast<int>(*number);
  }
  for (int number = 1; number < NSIG; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return Error{.code = Code::bad_enum,
               .doing = quote(text) + " is not a signal",
               .hint = R"(write a name of signal(7): "TERM", "INT", "HUP")"};
}

bool is_processor_list(std::string_view text) {
  constexpr std::uint64_t kMost = 8192;  // more than any kernel is built for
  while (true) {
    const auto first = take_digits(text);
    if (!first || *first >= kMost) return false;
    if (text.starts_with('-')) {
      text.remove_prefix(1);
      const auto last = take_digits(text);
      if (!last || *last < *first || *last >= kMost) return false;
    }
    if (text.empty()) return true;
    if (!text.starts_with(',')) return false;
    text.remove_prefix(1);
  }
}

bool decode_base64(std::string_view text, std::string& bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  bytes.clear();
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto digit = kDigits.find(c);
    if (digit == std::string_view::npos || padding > 0) return false;
    ++digits;
    bits = (bits << 6U | static_cast<std::uint32_t>(digit)) & 0xffffffU;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(held) & 0xffU));
    }
  }
  const std::size_t odd = digits % 4;
  if (odd == 1 || padding > 2) return false;
  return padding == 0 || (digits + padding) % 4 == 0;
}

}  // namespace immure
