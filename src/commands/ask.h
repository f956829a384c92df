// A question to the user, on a terminal. Before clone only.
#pragma once

#include <string_view>

namespace immure {

// Whether standard input and standard error are a terminal: somebody can be asked.
bool can_ask();

// Writes the question to standard error and reads a line: "y" or "yes" is true, an empty line
// `otherwise`, and anything else, or the end of the input, false.
bool ask(std::string_view question, bool otherwise);

}  // namespace immure
