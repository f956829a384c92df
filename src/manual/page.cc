#include "manual/page.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "manual/roff.h"

namespace immure {
namespace {

// man-pages(7)
constexpr auto kOrder = std::to_array<std::string_view>(
    {"SYNOPSIS", "DESCRIPTION", "COMMANDS", "KEYS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT",
     "FILES", "NOTES", "SECURITY", "EXAMPLES", "SEE ALSO"});

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string manual_of(int section) {
  if (section == 1) return "User Commands";
  return section == 5 ? "File Formats" : "Miscellaneous";
}

}  // namespace

Sections parse_sections(std::string_view text) {
  constexpr std::string_view kHead = ".SH ";
  Sections sections;
  std::string name = "?";
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(kHead)) {
      const std::string_view known = line.substr(kHead.size());
      name = std::ranges::find(kOrder, known) == kOrder.end() ? "?" : std::string(known);
    } else {
      sections[name].append(line).append("\n");
    }
  }
  return sections;
}

std::string Page::text(std::string_view version) const {
  // No date: the same source makes the same bytes.
  std::string out = R"(.\" Made from the tables of immure, and from src/manual/text.
.TH )";
  out += upper(roff(name));
  out += ' ' + std::to_string(section) + R"( "" "immure )";
  out += roff(version);
  out += R"(" ")";
  out += manual_of(section);
  out += "\"\n.nh\n.ad l\n.SH NAME\n";
  out += roff(name);
  out += " \\- ";
  out += roff(title);
  out += '\n';
  for (const std::string_view head : kOrder) {
    const auto found = sections.find(head);
    if (found != sections.end()) out.append(".SH ").append(head).append("\n").append(found->second);
  }
  return out;
}

}  // namespace immure
