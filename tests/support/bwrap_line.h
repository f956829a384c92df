// Command lines of the drop-in bwrap as one text, for the tests that read them without a launch.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/bwrap_args.h"

namespace immure::test {

// Split at blanks and line ends; `""` is an empty word.
inline std::vector<std::string> words_of_line(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) words.push_back(word == "\"\"" ? "" : word);
  return words;
}

struct ReadLine {
  std::variant<BwrapArguments, BwrapMistake> result;
  bool level_prefix = false;
  std::vector<std::string> warnings;

  // The message; empty: it was understood.
  std::string mistake() const {
    const auto* made = std::get_if<BwrapMistake>(&result);
    return made == nullptr ? "" : made->text;
  }
  // Of a line that was understood.
  const BwrapArguments& arguments() const { return std::get<BwrapArguments>(result); }
};

inline ReadLine read_words(const std::vector<std::string>& words, const BwrapCaller& caller = {}) {
  ReadLine line;
  line.result = parse_bwrap(words, caller, line.level_prefix,
                            [&line](const std::string& text) { line.warnings.push_back(text); });
  return line;
}

inline ReadLine read_line(const std::string& text, const BwrapCaller& caller = {}) {
  return read_words(words_of_line(text), caller);
}

// A descriptor from which `content` can be read; who is given it closes it. -1: none could be made.
inline int descriptor_of(std::string_view content) {
  const int fd = ::memfd_create("content", MFD_CLOEXEC);
  const auto length = static_cast<ssize_t>(content.size());
  if (fd < 0 || ::write(fd, content.data(), content.size()) != length) return -1;
  return ::lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

}  // namespace immure::test
