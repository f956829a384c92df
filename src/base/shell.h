// Text as it may be pasted into bash(1). What it gives is printable ASCII, or printable UTF-8 in
// single quotes: a terminal that shows it is not steered by it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace immure {

// One word of a command line; quoted only where that is needed.
std::string shell_word(std::string_view word);

// What printf(1) gives exactly these bytes for, NUL among them: its format, quoted.
std::string shell_format(std::string_view bytes);

}  // namespace immure
