// --args-fd: options that a program hands over on a descriptor, since a command line is too short
// for them, or seen by all. Before clone.
#pragma once

#include <string>
#include <vector>

#include "config/options.h"

namespace immure {

// Reads to the end of the descriptor, and closes it unless it is one of 0 to 2. Each word ends with
// a NUL byte; the last one need not. Errors (usage): a descriptor that can't be read, or more than
// 16 MiB.
Result<std::vector<std::string>> read_args_fd(const GivenOption& option);

}  // namespace immure
