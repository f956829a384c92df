// The values of bubblewrap's options, as it reads them. Before clone.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace immure {

// All that a descriptor of the caller's gives, which is closed at its end. Without a bound: it is
// the caller's own command line. False: errno says why.
bool read_to_end(int fd, std::string& text);

// Words that end with NUL; the last may lack it.
std::vector<std::string> split_words(const std::string& text);

// As strtol(3) takes a whole word: blanks and a sign in front, digits to the end.
std::optional<long long> whole_number(const std::string& word, int base);

// The same, for a descriptor or an id: 0 to the largest int.
std::optional<int> small_number(const std::string& word);

constexpr std::uint64_t kLargestTmpfs = std::numeric_limits<std::size_t>::max() / 2;

// As strtoull(3) takes a word that begins with a digit, in the base that it shows; never 0.
std::optional<std::uint64_t> byte_count(const std::string& word);

// "ALL", in any case.
bool is_all(const std::string& name);

}  // namespace immure
