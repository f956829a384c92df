#include "config/read_numbers.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "config/near_miss.h"
#include "config/values.h"

namespace immure {
namespace {

using Kind = Node::Kind;

// 640 is meant as 0o640 far more often than as the 0o1200 it is.
std::string decimal_mode_hint(std::int64_t number) {
  const std::string digits = std::to_string(number);
  if (digits.size() <= 4 && digits.find_first_of("89-") == std::string::npos) {
    return "write 0o" + digits;
  }
  return "write it in octal, as 0o" +
         (number > 0 ? octal(static_cast<std::uint64_t>(number)) : "755");
}

// One number of a limit: a count, a size, and for the times of setrlimit(2) also "2s".
std::optional<std::uint64_t> read_limit_number(Reader& reader, std::string_view key,
                                               const Node& node) {
  if (node.kind == Kind::text && node.text == "unlimited") return UINT64_MAX;
  if (node.kind == Kind::integer && node.number < 0) {
    reader.fail(Code::limit, node.place, quote(key) + " can't be " + std::to_string(node.number),
                "no limit at all is \"unlimited\"");
    return std::nullopt;
  }
  constexpr std::int64_t kSecond = 1'000'000'000;
  const bool seconds = key.ends_with("cpu");
  if (!is_time_limit(key)) return read_size(reader, key, node);
  if (node.kind == Kind::integer) return static_cast<std::uint64_t>(node.number);
  const auto time = read_time(reader, key, node, false);
  if (!time) return std::nullopt;
  const std::int64_t unit = seconds ? kSecond : 1000;  // rttime counts microseconds
  return static_cast<std::uint64_t>((*time + unit - 1) / unit);
}

}  // namespace

std::optional<std::int64_t> read_integer(Reader& reader, const SchemaRow& row, std::string_view key,
                                         const Node& node) {
  if (node.kind != Kind::integer) {
    reader.wrong_type(node, key, "an integer", integer_hint(node));
    return std::nullopt;
  }
  if (node.number < row.low || node.number > row.high) {
    reader.fail(Code::wrong_type, node.place,
                quote(key) + " can't be " + std::to_string(node.number),
                "from " + std::to_string(row.low) + " to " + std::to_string(row.high));
    return std::nullopt;
  }
  return node.number;
}

std::optional<std::uint64_t> read_size(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind == Kind::integer) {
    if (node.number >= 0) return static_cast<std::uint64_t>(node.number);
    reader.fail(Code::unit, node.place,
                quote(key) + " can't be " + std::to_string(node.number) + ", it is a size");
    return std::nullopt;
  }
  if (node.kind != Kind::text) {
    reader.wrong_type(node, key, "a size", R"(write bytes, or "512K", "64M", "2G")");
    return std::nullopt;
  }
  auto size = parse_size(node.text);
  if (size.ok()) return size.value();
  reader.fail_at(node.place, std::move(size.error()));
  return std::nullopt;
}

std::optional<std::int64_t> read_time(Reader& reader, std::string_view key, const Node& node,
                                      bool is_signed) {
  Result<std::int64_t> time = std::int64_t{0};
  if (node.kind == Kind::integer) {
    if (node.number < 0 && !is_signed) {
      reader.fail(Code::unit, node.place,
                  quote(key) + " can't be " + std::to_string(node.number) + ", it is a time");
      return std::nullopt;
    }
    time = seconds_to_ns(node.number);
  } else if (node.kind == Kind::text) {
    time = parse_time(node.text, is_signed);
  } else {
    reader.wrong_type(node, key, "a time", R"(write seconds, or "250ms", "2s", "10min", "1h")");
    return std::nullopt;
  }
  if (time.ok()) return time.value();
  reader.fail_at(node.place, std::move(time.error()));
  return std::nullopt;
}

std::optional<mode_t> read_mode(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind == Kind::integer) {
    if (node.octal && node.number <= 07777) return static_cast<mode_t>(node.number);
    reader.fail(Code::unit, node.place,
                node.octal ? quote(key) + " is no mode: it has more than four octal digits"
                           : std::to_string(node.number) + " is not a mode",
                node.octal ? std::string() : decimal_mode_hint(node.number));
    return std::nullopt;
  }
  if (node.kind != Kind::text) {
    reader.wrong_type(node, key, "a mode", "write it as 0o755");
    return std::nullopt;
  }
  auto mode = parse_mode(node.text);
  if (mode.ok() && node.text.starts_with('0')) return mode.value();
  if (mode.ok()) {
    reader.fail(Code::unit, node.place, quote(node.text) + " is not a mode",
                "write \"0" + node.text + "\" or 0o" + node.text);
  } else {
    reader.fail_at(node.place, std::move(mode.error()));
  }
  return std::nullopt;
}

std::optional<LimitValue> read_limit(Reader& reader, std::string_view key, const Node& node) {
  if (node.kind == Kind::text) {
    if (node.text == "inherit") return LimitValue{.kind = LimitValue::Kind::inherit};
    if (node.text == "hard") return LimitValue{.kind = LimitValue::Kind::hard};
    if (node.text == "unlimited") return LimitValue{.kind = LimitValue::Kind::unlimited};
  }
  if (node.kind != Kind::table) {
    const auto number = read_limit_number(reader, key, node);
    if (!number) return std::nullopt;
    return LimitValue{.soft = *number, .hard = *number};
  }
  std::optional<std::uint64_t> soft;
  std::optional<std::uint64_t> hard;
  bool good = true;
  for (const Member& member : node.members) {
    if (member.key != "soft" && member.key != "hard") {
      reader.fail(Code::unknown_key, member.place,
                  "unknown key " + quote(member.key) + " in " + quote(key),
                  "a limit is { soft, hard }");
      good = false;
      continue;
    }
    const auto number = read_limit_number(reader, key, member.value);
    good = good && number.has_value();
    (member.key == "soft" ? soft : hard) = number;
  }
  if (!good) return std::nullopt;
  if (!soft || !hard) {
    reader.fail(Code::wrong_type, node.place, quote(key) + " needs both soft and hard",
                "one number alone stands for both");
    return std::nullopt;
  }
  if (*soft > *hard) {
    reader.fail(Code::limit, node.place, quote(key) + ": soft is above hard");
    return std::nullopt;
  }
  return LimitValue{.soft = *soft, .hard = *hard};
}

std::optional<std::int64_t> read_signal(Reader& reader, std::string_view key, const Node& node) {
  std::string text = node.text;
  if (node.kind == Kind::integer) {
    text = std::to_string(node.number);
  } else if (node.kind != Kind::text) {
    reader.wrong_type(node, key, "the name of a signal");
    return std::nullopt;
  }
  auto signal = parse_signal(text);
  if (signal.ok()) return signal.value();
  reader.fail_at(node.place, std::move(signal.error()));
  return std::nullopt;
}

}  // namespace immure
