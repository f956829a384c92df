// The names of this architecture's system calls, written down when immure was built, so that no
// library is needed for them. Constant data; may be used anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace immure {

// AUDIT_ARCH_… of the compiled filters.
std::uint32_t filter_arch();

// The number of "openat"; nothing for what is no call of this architecture.
std::optional<std::uint32_t> call_number(std::string_view name);

// All names, for suggestions: separated by spaces, in the order of their numbers; "-" is a gap.
std::string_view call_name_list();

}  // namespace immure
