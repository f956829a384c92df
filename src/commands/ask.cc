#include "commands/ask.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "base/log.h"

namespace immure {

bool can_ask() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

bool ask(std::string_view question, bool otherwise) {
  (void)write_all(STDERR_FILENO, std::string(question) + (otherwise ? " [Y/n] " : " [y/N] "));
  std::string answer;
  for (char c = 0; c != '\n'; answer += c) {
    if (::read(STDIN_FILENO, &c, 1) != 1) return false;
  }
  std::erase_if(answer, [](unsigned char c) { return std::isspace(c) != 0; });
  std::ranges::transform(answer, answer.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (answer.empty()) return otherwise;
  return answer == "y" || answer == "yes";
}

}  // namespace immure
