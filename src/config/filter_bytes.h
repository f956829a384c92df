// What seccomp.file holds: read by the rules of profiles, as it decides as much. Before clone only.
#pragma once

#include <optional>

#include "base/error.h"
#include "config/variables.h"
#include "spec/security.h"

namespace immure {

// Into seccomp.file_bytes, if there is a file. A missing one is Code::file_unreadable.
std::optional<Error> read_filter_bytes(Seccomp& seccomp, const Circumstances& circumstances);

}  // namespace immure
