// Long text for a person. Before clone only.
#pragma once

#include <cstddef>
#include <string_view>

#include "commands/command.h"

namespace immure {

// Columns of the terminal that standard output is; 80 if it is none, or does not say. At most 120.
std::size_t page_width();

// Colour in text on standard output: --color, then NO_COLOR and TERM, and only on a terminal.
bool page_color(const Arguments& args);

// To standard output; through $IMMURE_PAGER, else $PAGER, else less -FRX, when standard output is a
// terminal that is not high enough. A pager that cannot be started is done without.
Outcome print_page(std::string_view text, int failure);

}  // namespace immure
