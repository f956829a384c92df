// Any bytes in any part of a message, in every form that messages have: what comes out can't forge
// a line, turn the terminal's text round, or break a reader of JSON.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "base/text.h"
#include "require.h"

namespace immure::fuzz {
namespace {

std::string as_utf8(unsigned value) {
  std::string out;
  if (value < 0x80) return {static_cast<char>(value)};
  if (value < 0x800) {
    out += static_cast<char>(0xc0U | value >> 6U);
  } else {
    if (value < 0x10000) {
      out += static_cast<char>(0xe0U | value >> 12U);
    } else {
      out += static_cast<char>(0xf0U | value >> 18U);
      out += static_cast<char>(0x80U | (value >> 12U & 0x3fU));
    }
    out += static_cast<char>(0x80U | (value >> 6U & 0x3fU));
  }
  out += static_cast<char>(0x80U | (value & 0x3fU));
  return out;
}

// What escape() was given.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t backslash = std::min(text.find('\\'), text.size());
    out += text.substr(0, backslash);
    text.remove_prefix(backslash);
    if (text.empty()) break;
    require(text.size() > 1, "something after a backslash");
    const char kind = text[1];
    text.remove_prefix(2);
    if (kind == 'x') {
      out += static_cast<char>(std::stoul(std::string(text.substr(0, 2)), nullptr, 16));
      text.remove_prefix(2);
    } else if (kind == 'u') {
      const std::size_t end = text.find('}');
      const std::string digits(text.substr(1, end - 1));
      out += as_utf8(static_cast<unsigned>(std::stoul(digits, nullptr, 16)));
      text.remove_prefix(end + 1);
    } else {
      out += kind == 'n' ? '\n' : kind == 't' ? '\t' : kind == 'r' ? '\r' : kind;
    }
  }
  return out;
}

void try_text(const std::string& text) {
  const std::string escaped = escape(text);
  require(is_plain(escaped), "plain text of escape()", escaped);
  require(unescape(escaped) == text, "that escape() loses nothing", escaped);
  const std::string shown = printable(text);
  require(is_plain(shown), "plain text of printable()", shown);
  require(printable(shown) == shown, "that printable() is done once and for all", shown);
  const std::string quoted = quote(text);
  require(is_plain(quoted), "plain text of quote()", quoted);
  require(unescape(quoted) == '"' + text + '"', "that quote() loses nothing", quoted);
  const std::string json = json_string(text);
  require(std::ranges::all_of(json, [](char c) { return c >= 0x20 && c < 0x7f; }), "ASCII", json);
  require(nlohmann::json::parse(json).is_string(), "a JSON string", json);
}

std::string text(FuzzedDataProvider& data) { return data.ConsumeRandomLengthString(200); }

Origin origin(FuzzedDataProvider& data) {
  if (data.ConsumeBool()) return {.flag = text(data)};
  const auto file = std::make_shared<const SourceFile>(
      SourceFile{.name = text(data), .text = text(data), .through = text(data)});
  return {.file = file,
          .line = data.ConsumeIntegralInRange<std::uint32_t>(0, 9),
          .column = data.ConsumeIntegral<std::uint32_t>()};
}

void try_message(const std::string& message, LogFormat format) {
  require(message.ends_with('\n'), "a whole line", message);
  require(is_plain(message, true), "a plain message", message);
  if (format == LogFormat::human) return;
  require(std::ranges::count(message, '\n') == 1, "one line", message);
  if (format == LogFormat::json) {
    const auto object = nlohmann::json::parse(message);
    require(object.is_object() && object.contains("message"), "an object", message);
  }
}

void try_error(FuzzedDataProvider& data) {
  constexpr std::array kErrnums{0, ENOENT, EPERM, 999};
  const Error error{.code = static_cast<Code>(data.ConsumeIntegralInRange(0, 999)),
                    .doing = text(data),
                    .errnum = data.PickValueInArray(kErrnums),
                    .reason = text(data),
                    .origin = origin(data),
                    .hint = text(data)};
  LogStyle style{.home = text(data)};
  const std::string note = text(data);
  for (const LogFormat format :
       {LogFormat::human, LogFormat::short_, LogFormat::json, LogFormat::syslog}) {
    style.format = format;
    try_message(format_error(error, style), format);
    try_message(format_warning(error, style), format);
    try_message(format_note(note, style), format);
  }
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  immure::fuzz::try_error(data);
  immure::fuzz::try_text(data.ConsumeRemainingBytesAsString());
  return 0;
}
