#include <algorithm>

#include "base/text.h"
#include "commands/command.h"

namespace immure {
namespace {

void append_commands(std::string& out) {
  constexpr std::size_t width = 12;
  for (const CommandRow& row : command_table()) {
    if (row.run == nullptr) continue;
    std::string name(row.name);
    name.resize(std::max(width, name.size()), ' ');
    out += "  " + name + std::string(row.summary) + '\n';
  }
}

}  // namespace

std::string help_text(const CommandRow* row) {
  if (row == nullptr) {
    std::string out =
        "immure runs a program in a sandbox: it sees only what a profile shows it.\n\n"
        "  immure ./PROGRAM [ARG…]            the same as: immure run ./PROGRAM\n"
        "  immure -- COMMAND [ARG…]           the same as: immure run COMMAND\n"
        "  immure COMMAND [OPTIONS] …\n\n"
        "Commands:\n";
    append_commands(out);
    out += "\nOptions:\n" + describe_options(at_front | at_other) +
           "\nimmure help COMMAND shows the options of one command.\n";
    return out;
  }
  std::string out = "immure " + std::string(row->name);
  if (!row->arguments.empty()) out += ' ' + std::string(row->arguments);
  out += "\n\n" + std::string(row->summary) + "\n\nOptions:\n" + describe_options(row->places);
  if (row->places == at_run) {
    out +=
        "\nThe exit status is the command's; 128+N if signal N ended it; 124 after limits.wall,\n"
        "153 after limits.output; 125 if immure failed before it ran; 126 and 127 if it cannot be\n"
        "started or found.\n";
  }
  return out;
}

Outcome help_command(const Arguments& args, LogStyle& /*style*/) {
  if (args.rest.empty()) return print(help_text(nullptr));
  const std::string& topic = args.rest.front();
  const CommandRow* row = find_command(topic);
  if (row != nullptr && row->run != nullptr) return print(help_text(row));
  const bool known = row != nullptr;
  return Outcome{
      .status = 2,
      .errors = {Error{.code = known ? Code::not_supported : Code::usage,
                       .reason = known ? "immure " + topic + " is not supported by this version"
                                       : "there is no help about " + quote(topic),
                       .hint = "immure help"}}};
}

}  // namespace immure
