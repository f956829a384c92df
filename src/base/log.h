// Prints messages, to standard error or where --log-fd says, in the form of --log-format. Only
// main, the monitor and the commands print; everything else returns. Before clone, and in the
// monitor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace immure {

enum class LogFormat : std::uint8_t {
  human,   // with the line of the source, a caret and the help below it
  short_,  // one line for each message
  json,    // one object for each message, ASCII only: see json_message()
  syslog,  // one line that begins with its priority, "<3>": sd-daemon(3)
};

// What weight a message has; the value is its priority of syslog(3).
enum class Severity : std::uint8_t { error = 3, warning = 4, note = 5, info = 6 };

struct LogStyle {
  bool color = false;  // LogFormat::human
  bool quiet = false;  // no notes and warnings
  std::string home;    // shown as ~
  LogFormat format = LogFormat::human;
  int fd = 2;  // where messages go; not owned
};

// A message as the style's format has it. Ends with a newline. Everything foreign is escaped.
std::string format_error(const Error& error, const LogStyle& style);
std::string format_warning(const Error& warning, const LogStyle& style);
std::string format_note(std::string_view text, const LogStyle& style);

// "error[E301]", "warning[W710]"; without a number for what has none.
std::string message_title(const Error& error, Severity severity);

// One object without a newline, the same in --log-format json and in check --json; these members,
// in this order, will stay, and readers must ignore others:
//   code      "E301", "W710"; null for what has no number
//   severity  "error", "warning", "note" or "info"
//   message   a sentence; what is foreign in it is escaped
//   file      the profile's absolute path, "NAME.toml (built in)"; null: not asked for by a file
//   line, column   from 1, in bytes; null: about the file as a whole, or no file
//   help      a list of lines that say what to do; may be empty
//   through   how the file came in, as "through -p web"; null: it was named itself
//   flag      only if a flag of the command line asked for it: "--ro"
std::string json_message(const Error& error, Severity severity, const LogStyle& style);

// The same, written to the style's descriptor in one go. A reader that is gone ends nothing.
void log_error(const Error& error, const LogStyle& style);
void log_warning(const Error& warning, const LogStyle& style);
void log_note(std::string_view text, const LogStyle& style);

// Lines that were asked for, as by -v: as they are for people, else each a message of its own.
void log_lines(std::string_view lines, const LogStyle& style);

// Writes all of `text`, going on after short writes and EINTR. False: errno says why.
bool write_all(int fd, std::string_view text);

// The same, but a pipe that nobody reads any more is an error instead of our death by SIGPIPE.
bool write_unless_closed(int fd, std::string_view text);

}  // namespace immure
