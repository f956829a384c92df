// Lists of names in our tables are texts with a space between the names. Pure.
#pragma once

#include <algorithm>
#include <string_view>

namespace immure {

// Calls `each` with every word.
template <class F>
void for_each_word(std::string_view words, F each) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    each(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

// Whether `word` is one of them.
inline bool has_word(std::string_view words, std::string_view word) {
  bool found = false;
  for_each_word(words, [&](std::string_view one) { found = found || one == word; });
  return found;
}

}  // namespace immure
