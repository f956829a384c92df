// Text of limited length on the stack, for code that may not allocate. AFTER CLONE as well.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace immure {

// Always ends with NUL. What does not fit is left out, and overflowed() says so.
template <std::size_t Capacity>
class FixedText {
 public:
  FixedText() { data_[0] = '\0'; }

  const char* c_str() const { return data_.data(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool overflowed() const { return overflowed_; }
  std::string_view view() const { return {data_.data(), size_}; }

  FixedText& append(std::string_view text) {
    if (text.size() >= Capacity - size_) {
      overflowed_ = true;
      return *this;
    }
    std::memcpy(data_.data() + size_, text.data(), text.size());
    size_ += text.size();
    data_[size_] = '\0';
    return *this;
  }

  // In digits of this base, 2 to 10.
  FixedText& append_number(std::uint64_t value, unsigned base = 10) {
    std::array<char, 64> digits;
    std::size_t first = digits.size();
    do {
      digits[--first] = static_cast<char>('0' + value % base);
      value /= base;
    } while (value != 0);
    return append({digits.data() + first, digits.size() - first});
  }

  // Cuts the text to this length, which must not be more than size().
  void shorten(std::size_t size) {
    size_ = size;
    data_[size_] = '\0';
  }

 private:
  std::array<char, Capacity> data_;
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

using PathText = FixedText<4096>;  // PATH_MAX, with its NUL
using NumberText = FixedText<24>;

// "/proc/self/fd/N": the path by which calls that want one reach an open file.
inline FixedText<32> proc_fd_path(int fd) {
  FixedText<32> path;
  path.append("/proc/self/fd/").append_number(static_cast<std::uint64_t>(fd));
  return path;
}

}  // namespace immure
