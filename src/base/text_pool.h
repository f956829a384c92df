// The texts of a constant table, one behind the other, for tables that hold no pointers. A pointer
// in a constant, and so a std::string_view, is written anew at each start, since a position
// independent program may be anywhere; and each page that holds one is then a copy of our own.
// Filled while compiling.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace immure {

// A text in a pool.
struct PooledText {
  std::uint16_t at = 0, size = 0;
};

template <std::size_t Bytes>
class TextPool {
 public:
  static_assert(Bytes <= UINT16_MAX);

  // More than there is room for does not compile.
  constexpr PooledText add(std::string_view text) {
    const PooledText added{static_cast<std::uint16_t>(used_),
                           static_cast<std::uint16_t>(text.size())};
    for (const char c : text) bytes_[used_++] = c;
    return added;
  }

  constexpr std::string_view operator[](PooledText text) const {
    return std::string_view(bytes_.data(), used_).substr(text.at, text.size);
  }

 private:
  std::array<char, Bytes> bytes_{};
  std::size_t used_ = 0;
};

}  // namespace immure
