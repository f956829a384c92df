// The numbers that rules on arguments may call by name: "AF_UNIX", "O_CREAT", "TIOCSTI" … as the C
// library's headers have them. Constant data; build time and before clone.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace immure {

struct NamedNumber {
  std::string_view name;
  std::int64_t value;
};
std::vector<NamedNumber> named_numbers();

std::optional<std::int64_t> find_number(std::string_view name);

// The families of sockets by the names of `seccomp.sockets`: "inet6", "bluetooth".
std::span<const NamedNumber> socket_families();

}  // namespace immure
