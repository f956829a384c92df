#include "commands/pager.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string>

#include "base/fd.h"

namespace immure {
namespace {

constexpr std::size_t usual_width = 80;
constexpr std::size_t most_width = 120;
constexpr int not_started = 127;  // of sh: no such command

winsize terminal() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

std::string pager_command() {
  for (const char* name : {"IMMURE_PAGER", "PAGER"}) {
    // An empty one says: none.
    if (const char* command = std::getenv(name)) return command;
  }
  return "less -FRX";
}

// False: it did not start, and nothing was shown.
bool page_through(const std::string& command, std::string_view text) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    if (::dup2(read_end.get(), STDIN_FILENO) < 0) ::_exit(not_started);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(not_started);
  }
  read_end.reset();
  // A pager that is left early is no failure of ours.
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  (void)write_all(write_end.get(), text);
  ::signal(SIGPIPE, old);
  write_end.reset();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return !(WIFEXITED(status) && WEXITSTATUS(status) == not_started);
}

}  // namespace

std::size_t page_width() {
  const std::size_t columns = terminal().ws_col;
  return columns == 0 ? usual_width : std::min(columns, most_width);
}

bool page_color(const Arguments& args) {
  // log_style() knows the rules, but looks at standard error.
  std::string wanted = "auto";
  for (const GivenOption& option : args.options) {
    if (option.id == OptionId::color) wanted = option.value;
  }
  if (wanted != "auto") return wanted == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') &&
         !(term != nullptr && std::string_view(term) == "dumb") && ::isatty(STDOUT_FILENO) == 1;
}

Outcome print_page(std::string_view text, int failure) {
  const std::size_t rows = terminal().ws_row;
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  if (rows != 0 && lines >= rows) {
    const std::string command = pager_command();
    if (!command.empty() && page_through(command, text)) return {};
  }
  return print(text, failure);
}

}  // namespace immure
