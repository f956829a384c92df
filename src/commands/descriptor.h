// Descriptors that the caller names by their numbers: --status-fd, --args-fd … Before clone.
#pragma once

#include <string>

#include "base/error.h"
#include "config/options.h"

namespace immure {

enum class Direction : bool { read, write };

// The number, if it is one of an open descriptor that can be read or written. An Error (usage)
// names the option.
Result<int> open_descriptor(const GivenOption& option, Direction direction);

// A copy with a number above 2, closed on exec. Errors as above.
Result<int> copy_of_descriptor(const GivenOption& option, Direction direction);

// Where an open file or directory is; empty: errno says why. readlink of /proc/self/fd/N
std::string place_of(int fd);

}  // namespace immure
