#include "manual/pages.h"

#include <cctype>
#include <utility>

#include "commands/command.h"
#include "config/bwrap_options.h"
#include "config/options.h"
#include "manual/roff.h"

namespace immure {
namespace {

constexpr std::string_view kRunStatus =
    ".TP\n0 to 255\nthe command\\(aqs own\n"
    ".TP\n128+N\nsignal N killed the command\n"
    ".TP\n124\nthe time of \\fBlimits.wall\\fR was up\n"
    ".TP\n153\nthe command wrote more than \\fBlimits.output\\fR\n"
    ".TP\n125\nimmure failed before the command ran\n"
    ".TP\n126\nthe command cannot be executed in the sandbox\n"
    ".TP\n127\nthe command is not found in the sandbox\n"
    ".PP\nA command can end with these numbers itself:\n"
    "\\fB\\-\\-status\\-fd\\fR of \\fBimmure\\-run\\fR(1) tells them apart.\n";
constexpr std::string_view kOtherStatus =
    ".TP\n0\nall went well\n.TP\n2\nwrong usage, or a failure\n";

constexpr std::string_view kBwrap = "immure-bwrap";

std::string options(OptionPlaces places) {
  std::string out;
  for (const OptionRow& row : option_table()) {
    if (!row.built || (row.places & places) == 0) continue;
    std::string tag;
    if (row.letter != 0) tag = roff_bold(std::string{'-', row.letter});
    if (!row.name.empty()) {
      if (!tag.empty()) tag += ", ";
      tag += roff_bold("--" + std::string(row.name));
    }
    if (!row.argument.empty()) tag += ' ' + roff_arguments(row.argument);
    out += roff_tagged(tag, roff(row.help) + '.');
  }
  return out;
}

std::string page_of(const CommandRow& row) { return "immure-" + std::string(row.name); }

std::string see_also(std::string_view page) {
  std::string out = roff_reference("immure", 1);
  for (const CommandRow& row : command_table()) {
    if (row.run != nullptr && page_of(row) != page) {
      out += ",\n" + roff_reference(page_of(row), 1);
    }
  }
  if (page != kBwrap) out += ",\n" + roff_reference(kBwrap, 1);
  if (page != "immure-profile") out += ",\n" + roff_reference("immure-profile", 5);
  return out + ",\n" + roff_reference("immure-security", 7) + '\n';
}

std::string commands() {
  std::string out;
  for (const CommandRow& row : command_table()) {
    if (row.run == nullptr) continue;
    out += roff_tagged(roff_bold(row.name) + ' ' + roff_arguments(row.arguments),
                       roff(row.summary) + ": " + roff_reference(page_of(row), 1));
  }
  return out;
}

// Of the drop-in for bubblewrap, whose texts are sentences of their own.
std::string bwrap_option_list() {
  std::string out;
  for (const BwrapRow& row : bwrap_options()) {
    std::string tag = roff_bold("--" + std::string(row.name));
    if (!row.values.empty()) tag += ' ' + roff_arguments(row.values);
    std::string text(row.help);
    text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    if (!text.ends_with('.')) text += '.';
    out += roff_tagged(tag, roff(text));
  }
  return out;
}

Page bwrap_page() {
  Page page{.name = std::string(kBwrap), .title = "the command line of bubblewrap"};
  page.sections["SYNOPSIS"] =
      roff_bold("bwrap") + ' ' + roff_arguments("[OPTION ...] [--] COMMAND [ARG ...]") + '\n';
  page.sections["OPTIONS"] = bwrap_option_list();
  page.sections["SEE ALSO"] = see_also(page.name);
  return page;
}

Page command_page(const CommandRow& row) {
  Page page{.name = page_of(row), .title = std::string(row.summary)};
  page.sections["SYNOPSIS"] =
      roff_bold("immure " + std::string(row.name)) + ' ' + roff_arguments(row.arguments) + '\n';
  page.sections["OPTIONS"] = options(row.places);
  page.sections["SEE ALSO"] = see_also(page.name);
  return page;
}

}  // namespace

std::vector<Page> manual_pages(const std::map<std::string, Sections>& parts) {
  const auto add = [&parts](Page& page, const std::string& part) {
    if (const auto found = parts.find(part); found != parts.end()) page.add(found->second);
  };
  std::vector<Page> pages;
  Page& all = pages.emplace_back(
      Page{.name = "immure", .title = "run a program in a sandbox, as an ordinary user"});
  all.sections["COMMANDS"] = commands();
  all.sections["OPTIONS"] = options(at_front | at_other);
  all.sections["EXIT STATUS"] = kRunStatus;
  all.sections["SEE ALSO"] = see_also("immure");
  add(all, "immure");
  add(all, "sandbox");

  for (const CommandRow& row : command_table()) {
    if (row.run == nullptr) continue;
    Page& page = pages.emplace_back(command_page(row));
    add(page, std::string(row.name));
    if ((row.places & (at_run | at_explain)) != 0) add(page, "sandbox");
    page.add({{"DESCRIPTION",
               roff_bold("immure " + std::string(row.name)) + ": " + roff(row.summary) + ".\n"},
              {"EXIT STATUS", std::string(row.places == at_run ? kRunStatus : kOtherStatus)}});
  }

  add(pages.emplace_back(bwrap_page()), "bwrap");

  Page& language = pages.emplace_back(
      Page{.name = "immure-profile", .section = 5, .title = "what a sandbox shows"});
  language.sections["KEYS"] = manual_keys();
  language.sections["SEE ALSO"] = see_also("immure-profile");
  add(language, "profile.5");
  return pages;
}

}  // namespace immure
