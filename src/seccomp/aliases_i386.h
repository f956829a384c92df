// Calls of i386 by the name of the one they stand for: who refuses `stat` means stat64 as well.
// Constant data; build time and before clone.
#pragma once

#include <span>
#include <string_view>

namespace immure {

struct CallAlias {
  std::string_view call;   // as both ABIs know it
  std::string_view names;  // separated by spaces
};
std::span<const CallAlias> aliases_i386();

// The calls that ipc(2) of i386 makes, by its first argument: refused with any of these, but not
// opened with one.
std::string_view calls_of_ipc();

}  // namespace immure
