// The paths that a pattern means, as the file system has them now. Not by glob(3), which for "~"
// links the name services, and with them DNS, into a static binary. Before clone only: it waits for
// a file system that does not answer. Authority: glob(7).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace immure {

// `pattern` is absolute; * ? and [ match within a component, and no dot that it begins with; "."
// and ".." match nothing. In no order; what may not be listed holds nothing.
std::vector<std::string> matching_paths(std::string_view pattern);

}  // namespace immure
