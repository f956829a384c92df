#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr std::size_t longest_source_line = 160;

struct Colors {
  const char *title, *mark, *end;
};

Colors colors_of(const LogStyle& style, const char* title) {
  return style.color ? Colors{title, "\x1b[34m", "\x1b[0m"} : Colors{"", "", ""};
}
constexpr const char* red = "\x1b[1;31m";
constexpr const char* yellow = "\x1b[1;33m";
constexpr const char* bold = "\x1b[1m";

// Quoted paths below the home directory are shown with "~".
std::string shorten_home(std::string_view text, const std::string& home) {
  if (home.size() < 2) return std::string(text);
  std::string out;
  std::string start("\"");
  start += home;
  for (std::size_t at = text.find(start); at != std::string_view::npos; at = text.find(start)) {
    out += text.substr(0, at + 1);
    text.remove_prefix(at + 1);
    const std::string_view after = text.substr(home.size());
    if (after.starts_with('/') || after.starts_with('"')) {
      out += '~';
      text = after;
    }
  }
  out += text;
  return out;
}

std::string sentence(const Error& error, const LogStyle& style) {
  std::string out;
  if (error.errnum != 0) {
    out = "can't " + error.doing + ": " + errno_words(error.errnum);
    if (!error.reason.empty()) out += " (" + error.reason + ')';
  } else if (error.doing.empty() || error.reason.empty()) {
    out = error.doing + error.reason;
  } else {
    out = error.doing + ": " + error.reason;
  }
  return printable(shorten_home(out, style.home));
}

void append_source(std::string& out, const Origin& origin, const Colors& colors) {
  const std::string_view line = line_of(*origin.file, origin.line);
  if (line.empty()) return;
  std::size_t column = origin.column == 0 ? 0 : origin.column - 1U;
  column = std::min(column, line.size());
  const std::size_t begin = column > longest_source_line / 2 ? column - longest_source_line / 2 : 0;
  const std::string before = printable(line.substr(begin, column - begin));
  const std::string after = printable(line.substr(column, longest_source_line - (column - begin)));

  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "%4u", origin.line);
  const std::string_view digits(number.data());
  out += colors.mark;
  out += digits;
  out += " | ";
  out += colors.end;
  out += before + after + '\n';
  if (origin.column == 0) return;
  out += colors.mark;
  out += std::string(digits.size(), ' ') + " | ";
  out += std::string(columns(before), ' ') + '^';
  out += colors.end;
  out += '\n';
}

// "~/web.toml:9:1, through -p web", "--ro"; empty: nobody asked for it.
std::string place_of(const Origin& origin, const LogStyle& style) {
  if (!origin.file && origin.flag.empty()) return {};
  std::string place = tilde(show(origin), style.home);
  if (origin.file && !origin.file->through.empty()) {
    place += ", " + printable(origin.file->through);
  }
  return place;
}

void append_origin(std::string& out, const Origin& origin, const LogStyle& style,
                   const Colors& colors) {
  const std::string place = place_of(origin, style);
  if (place.empty()) return;
  out += "  ";
  out += colors.mark;
  out += "-->";
  out += colors.end;
  out += ' ' + place + '\n';
  if (origin.file && origin.line > 0) append_source(out, origin, colors);
}

// The first line is "help:"; one that begins with "more:" keeps its own word.
void append_hint(std::string& out, std::string_view hint) {
  bool first = true;
  while (!hint.empty()) {
    const std::string_view line = hint.substr(0, hint.find('\n'));
    hint.remove_prefix(std::min(hint.size(), line.size() + 1));
    if (line.starts_with("more: ")) {
      out += "  ";
    } else {
      out += first ? "  help: " : "        ";
    }
    out += printable(line) + '\n';
    first = false;
  }
}

const char* word_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
    case Severity::info:
      return "info";
  }
  return "";
}

const char* color_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return red;
    case Severity::warning:
      return yellow;
    case Severity::note:
    case Severity::info:
      return bold;
  }
  return bold;
}

// "E301", "W710"; empty for what has no number: notes, and warnings of no rule.
std::string number_of(const Error& error, Severity severity) {
  const int code = static_cast<int>(error.code);
  const bool warning = severity == Severity::warning && is_lint(error.code);
  if (severity != Severity::error && !warning) return {};
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%c%03d", warning ? 'W' : 'E', code);
  return text.data();
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines.push_back(printable(line));
  }
  return lines;
}

std::string human(const Error& error, Severity severity, const LogStyle& style) {
  const Colors colors = colors_of(style, color_of(severity));
  std::string out = "immure: ";
  out += colors.title + message_title(error, severity) + colors.end;
  out += ": " + sentence(error, style) + '\n';
  append_origin(out, error.origin, style, colors);
  append_hint(out, error.hint);
  return out;
}

std::string one_line(const Error& error, Severity severity, const LogStyle& style) {
  std::string out = "immure: " + message_title(error, severity) + ": " + sentence(error, style);
  const std::string place = place_of(error.origin, style);
  if (!place.empty()) out += " --> " + place;
  const char* before = "; help: ";
  for (const std::string& line : lines_of(error.hint)) {
    out += before + line;
    before = "; ";
  }
  return out + '\n';
}

std::string format(const Error& error, Severity severity, const LogStyle& style) {
  switch (style.format) {
    case LogFormat::human:
      return human(error, severity, style);
    case LogFormat::short_:
      return one_line(error, severity, style);
    case LogFormat::json:
      return json_message(error, severity, style) + '\n';
    case LogFormat::syslog:
      return '<' + std::to_string(static_cast<int>(severity)) + '>' +
             one_line(error, severity, style);
  }
  return {};
}

// When there is no reader there is nobody left to tell.
void to_log(const std::string& text, const LogStyle& style) {
  (void)write_unless_closed(style.fd, text);
}

std::string number_or_null(std::uint32_t number) {
  return number == 0 ? "null" : std::to_string(number);
}

std::string string_or_null(const std::string& text) {
  return text.empty() ? "null" : json_string(text);
}

}  // namespace

std::string message_title(const Error& error, Severity severity) {
  const std::string number = number_of(error, severity);
  return word_of(severity) + (number.empty() ? std::string() : '[' + number + ']');
}

std::string format_error(const Error& error, const LogStyle& style) {
  return format(error, Severity::error, style);
}

std::string format_warning(const Error& warning, const LogStyle& style) {
  return format(warning, Severity::warning, style);
}

std::string format_note(std::string_view text, const LogStyle& style) {
  return format(Error{.reason = std::string(text)}, Severity::note, style);
}

std::string json_message(const Error& error, Severity severity, const LogStyle& style) {
  const Origin& origin = error.origin;
  std::string file = origin.file ? origin.file->name : "";
  // Names are absolute, but for the home in front of them.
  if (file.starts_with("~/") && !style.home.empty()) file = style.home + file.substr(1);
  std::string help;
  for (const std::string& line : lines_of(error.hint)) {
    if (!help.empty()) help += ',';
    help += json_string(line);
  }
  std::string out = "{\"code\":" + string_or_null(number_of(error, severity));
  out += ",\"severity\":" + json_string(word_of(severity));
  out += ",\"message\":" + json_string(sentence(error, {}));
  out += ",\"file\":" + string_or_null(file);
  out += ",\"line\":" + number_or_null(origin.file ? origin.line : 0);
  out += ",\"column\":" + number_or_null(origin.file ? origin.column : 0);
  out += ",\"help\":[" + help + ']';
  out += ",\"through\":" + string_or_null(origin.file ? printable(origin.file->through) : "");
  if (!origin.file && !origin.flag.empty()) out += ",\"flag\":" + json_string(origin.flag);
  return out + '}';
}

void log_error(const Error& error, const LogStyle& style) {
  to_log(format_error(error, style), style);
}

void log_warning(const Error& warning, const LogStyle& style) {
  if (!style.quiet) to_log(format_warning(warning, style), style);
}

void log_note(std::string_view text, const LogStyle& style) {
  if (!style.quiet) to_log(format_note(text, style), style);
}

void log_lines(std::string_view lines, const LogStyle& style) {
  if (style.format == LogFormat::human) return to_log(std::string(lines), style);
  std::string out;
  for (std::string& line : lines_of(lines)) {
    out += format(Error{.reason = std::move(line)}, Severity::info, style);
  }
  to_log(out, style);
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
      if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool write_unless_closed(int fd, std::string_view text) {
  sigset_t pipe{};
  sigset_t before{};
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const bool done = write_all(fd, text);
  const int problem = errno;
  if (!done && problem == EPIPE) {
    constexpr timespec now{};
    (void)::sigtimedwait(&pipe, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = problem;
  return done;
}

}  // namespace immure
