// Facts as a page to read: headings, paths that share a line of a profile together, the line at the
// right. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plan/facts.h"

namespace immure {

struct PageStyle {
  bool color = false;
  std::size_t width = 80;  // columns
  std::string home;        // shown as ~
};

std::string page_heading(std::string_view text, const PageStyle& style);

// One row: text wrapped to the width, the place that asked for it at the right, and the reason.
// `text` is escaped already.
std::string page_row(std::string_view text, const Origin& origin, std::string_view why,
                     const PageStyle& style);

// "web.toml:9", with the text of the line where it says more than a path: "web.toml:9 cwd = true".
std::string page_place(const Origin& origin, const PageStyle& style);

std::string page_of(const std::vector<Fact>& facts, const PageStyle& style);

// What the second sandbox grants, denies or changes against the first; empty: nothing.
std::string page_of_changes(const std::vector<Fact>& first, const std::vector<Fact>& second,
                            const PageStyle& style);

}  // namespace immure
