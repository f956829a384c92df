// Prints messages to standard error, in the one form that they have. Only main, the monitor and the
// commands print; everything else returns. Before clone, and in the monitor.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace immure {

struct LogStyle {
  bool color = false;
  bool quiet = false;  // no notes and warnings
  std::string home;    // shown as ~
};

// "immure: error[E301]: …", the place with its line and a caret, the help. Ends with a newline.
// Everything foreign is escaped.
std::string format_error(const Error& error, const LogStyle& style);
std::string format_warning(const Error& warning, const LogStyle& style);
std::string format_note(std::string_view text, const LogStyle& style);

// The same, written to standard error in one write(2).
void log_error(const Error& error, const LogStyle& style);
void log_warning(const Error& warning, const LogStyle& style);
void log_note(std::string_view text, const LogStyle& style);

// Writes all of `text`, going on after short writes and EINTR. False: errno says why.
bool write_all(int fd, std::string_view text);

}  // namespace immure
