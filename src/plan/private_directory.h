// Directories that are not shared just because somebody stood in them, or named them: the home,
// what holds it, and the kernel's own. Before clone only.
#pragma once

#include <string>

#include "plan/host.h"

namespace immure {

// Why an intent leaves `path` out, as the rest of a sentence: "is your home, so it isn't shared;
// …". Empty: it may be shared.
std::string why_private(const Host& host, const std::string& path);

}  // namespace immure
