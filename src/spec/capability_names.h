// The capabilities by name, as capabilities(7) spells them. A constant table, so that start-up pays
// for no look-up in /proc; a test compares it with libcap-ng. Pure: may be used anywhere.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace immure {

// "CAP_CHOWN", "CAP_DAC_OVERRIDE" …: the index is the kernel's number.
std::span<const std::string_view> capability_names();

// The kernel's number of "CAP_NET_RAW"; nothing if there is no such capability.
std::optional<int> capability_number(std::string_view name);

}  // namespace immure
