// Writes small files of the user's whole: whoever reads sees the old text or the new one, never a
// part, also after a power cut. Before clone only.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace immure {

// Makes the directory and those above it that are missing, mode 0700. Nothing: it is there.
std::optional<Error> make_directories(const std::string& path);

// Puts a new file of this mode (the umask does not count) at `path`, in a directory that exists. A
// file that is there is replaced; a symlink is replaced too, and its target left alone.
std::optional<Error> write_file(const std::string& path, std::string_view text, mode_t mode);

}  // namespace immure
