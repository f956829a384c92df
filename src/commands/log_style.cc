#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "commands/command.h"
#include "commands/descriptor.h"

namespace immure {
namespace {

constexpr std::array<std::pair<std::string_view, LogFormat>, 4> formats{{
    {"human", LogFormat::human},
    {"short", LogFormat::short_},
    {"json", LogFormat::json},
    {"syslog", LogFormat::syslog},
}};

std::optional<Error> read_format(const GivenOption& option, LogStyle& style) {
  for (const auto& [word, format] : formats) {
    if (option.value != word) continue;
    style.format = format;
    return {};
  }
  return usage_error("--log-format is human, short, json or syslog, not " + quote(option.value));
}

std::optional<Error> read_color(const GivenOption& option, std::optional<bool>& color) {
  if (option.value == "always") {
    color = true;
  } else if (option.value == "never") {
    color = false;
  } else if (option.value == "auto") {
    color.reset();
  } else {
    return usage_error("--color is auto, always or never, not " + quote(option.value));
  }
  return {};
}

// A copy under a number of its own: the caller's may be one that is taken over, as by --status-fd.
std::optional<Error> take_descriptor(const GivenOption& option, LogStyle& style) {
  const auto copy = copy_of_descriptor(option, Direction::write);
  if (!copy.ok()) return copy.error();
  if (style.fd > STDERR_FILENO) ::close(style.fd);
  style.fd = copy.value();
  return {};
}

}  // namespace

Result<LogStyle> log_style(const Arguments& args) {
  LogStyle style;
  std::optional<bool> color;
  for (const GivenOption& option : args.options) {
    std::optional<Error> error;
    if (option.id == OptionId::quiet) style.quiet = true;
    if (option.id == OptionId::color) error = read_color(option, color);
    if (option.id == OptionId::log_format) error = read_format(option, style);
    if (option.id == OptionId::log_fd) error = take_descriptor(option, style);
    if (error) return std::move(*error);
  }
  const char* no_color = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool wanted = (no_color == nullptr || *no_color == '\0') &&
                      !(terminal != nullptr && std::string_view(terminal) == "dumb");
  style.color = color.value_or(wanted && ::isatty(style.fd) == 1);
  return style;
}

}  // namespace immure
