// What the fuzz targets share: properties that end the run, so that the fuzzer keeps the input.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace immure::fuzz {

// Says what was expected, and of what, and aborts, unless it holds.
void require(bool holds, std::string_view expected, std::string_view of = {});

// UTF-8 that shows every character that it has, in the order that they stand in: no control
// character, no mark that turns the direction or hides. Newlines only where `lines`.
bool is_plain(std::string_view text, bool lines = false);

// There is one, and each can be shown.
void try_errors(const Errors& errors);

}  // namespace immure::fuzz
