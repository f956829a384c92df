#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr std::size_t longest_source_line = 160;
constexpr int first_lint_code = 700;

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

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t i = 1; i < number; ++i) {
    const std::size_t newline = text.find('\n');
    if (newline == std::string_view::npos) return {};
    text.remove_prefix(newline + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// How many columns of a terminal the text takes, if each character takes one.
std::size_t columns(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(
      utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

void append_source(std::string& out, const Origin& origin, const Colors& colors) {
  const std::string_view line = line_of(origin.file->text, origin.line);
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

void append_origin(std::string& out, const Origin& origin, const LogStyle& style,
                   const Colors& colors) {
  if (!origin.file && origin.flag.empty()) return;
  out += "  ";
  out += colors.mark;
  out += "-->";
  out += colors.end;
  out += ' ' + tilde(show(origin), style.home);
  if (origin.file && !origin.file->through.empty()) {
    out += ", " + printable(origin.file->through);
  }
  out += '\n';
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

std::string format(const Error& error, const LogStyle& style, const char* kind, char letter,
                   bool numbered, const char* color) {
  const Colors colors = colors_of(style, color);
  std::string out = "immure: ";
  out += colors.title;
  out += kind;
  if (numbered) {
    std::array<char, 16> code{};
    std::snprintf(code.data(), code.size(), "[%c%03d]", letter, static_cast<int>(error.code));
    out += code.data();
  }
  out += colors.end;
  out += ": " + sentence(error, style) + '\n';
  append_origin(out, error.origin, style, colors);
  append_hint(out, error.hint);
  return out;
}

// When standard error is closed or full there is nobody left to tell.
void to_standard_error(const std::string& text) { (void)write_all(STDERR_FILENO, text); }

}  // namespace

std::string format_error(const Error& error, const LogStyle& style) {
  return format(error, style, "error", 'E', true, red);
}

std::string format_warning(const Error& warning, const LogStyle& style) {
  const bool lint = static_cast<int>(warning.code) >= first_lint_code;
  return format(warning, style, "warning", 'W', lint, yellow);
}

std::string format_note(std::string_view text, const LogStyle& style) {
  const Colors colors = colors_of(style, bold);
  return std::string("immure: ") + colors.title + "note" + colors.end + ": " +
         printable(shorten_home(text, style.home)) + '\n';
}

void log_error(const Error& error, const LogStyle& style) {
  to_standard_error(format_error(error, style));
}

void log_warning(const Error& warning, const LogStyle& style) {
  if (!style.quiet) to_standard_error(format_warning(warning, style));
}

void log_note(std::string_view text, const LogStyle& style) {
  if (!style.quiet) to_standard_error(format_note(text, style));
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

}  // namespace immure
