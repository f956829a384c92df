// The bytes of a file entry that come through a descriptor. Before clone only.
#pragma once

#include <string>

#include "base/error.h"

namespace immure {

// Reads to the end, from where the descriptor stands; at most 16 MiB. The descriptor stays open.
Result<std::string> read_content(int fd);

}  // namespace immure
