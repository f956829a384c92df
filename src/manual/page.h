// One manual page: its sections, from the tables of the program and from a hand-written part, in
// the order that manual pages have. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace immure {

// Section name -> its roff. Of a file of manual/text, which is a sequence of ".SH NAME" and text.
using Sections = std::map<std::string, std::string, std::less<>>;

// Text before the first ".SH" and sections that no page has become the section "?".
Sections parse_sections(std::string_view text);

struct Page {
  std::string name;  // "immure-run"
  int section = 1;
  std::string title;  // for NAME: "run a command in a sandbox"
  Sections sections;

  // Puts in what the page does not have.
  void add(const Sections& more) { sections.insert(more.begin(), more.end()); }
  std::string file() const { return name + '.' + std::to_string(section); }
  // The whole page.
  std::string text(std::string_view version) const;
};

}  // namespace immure
