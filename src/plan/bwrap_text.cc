#include "base/shell.h"
#include "plan/as_bwrap.h"

namespace immure {

std::string shell_text(const BwrapCommand& command) {
  std::string out = "bwrap";
  for (const auto& [words, shell] : command.options) {
    out += " \\\n ";
    for (const std::string& word : words) out += ' ' + shell_word(word);
    if (!shell.empty()) out += ' ' + shell;
  }
  if (command.command.empty()) return out + '\n';
  out += " \\\n  --";
  for (const std::string& word : command.command) out += ' ' + shell_word(word);
  return out + '\n';
}

}  // namespace immure
