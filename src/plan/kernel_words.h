// The words for namespaces and resources, as profiles have them. Constant.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace immure {

// Of the CLONE_NEW… flags that are set, in the order in which plans are shown: "user", "mount".
// See namespaces(7).
std::vector<std::string_view> namespace_words(std::uint64_t flags);

struct Resource {
  std::string_view word;  // "nofile"
  int number;             // RLIMIT_NOFILE
};

// All that can be limited. "nice" counts from 1 to 40 as the kernel does. See getrlimit(2).
std::span<const Resource> resources();

// The word for one of them.
std::string_view resource_word(int number);

}  // namespace immure
