#include "config/bwrap_values.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace immure {

bool read_to_end(int fd, std::string& text) {
  std::array<char, 16384> part;
  for (;;) {
    const ssize_t length = ::read(fd, part.data(), part.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return false;
    if (length == 0) break;
    text.append(part.data(), static_cast<std::size_t>(length));
  }
  ::close(fd);
  return true;
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    words.emplace_back(text, at, end - at);
    at = end + 1;
  }
  return words;
}

std::optional<long long> whole_number(const std::string& word, int base) {
  if (word.empty()) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(word.c_str(), &end, base);
  if (errno != 0 || *end != '\0') return std::nullopt;
  return value;
}

std::optional<int> small_number(const std::string& word) {
  const auto value = whole_number(word, 10);
  if (!value || *value < 0 || *value > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<std::uint64_t> byte_count(const std::string& word) {
  if (word.empty() || std::isdigit(static_cast<unsigned char>(word[0])) == 0) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const unsigned long long value = std::strtoull(word.c_str(), &end, 0);
  if (errno != 0 || *end != '\0' || value == 0) return std::nullopt;
  return value;
}

bool is_all(const std::string& name) {
  constexpr std::string_view all = "ALL";
  return std::ranges::equal(
      name, all, [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
}

}  // namespace immure
