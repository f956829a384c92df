// Takes a profile apart by its text, for tests that remove one thing at a time.
#pragma once

#include <string>
#include <vector>

namespace immure::test {

// The profile with one thing less.
struct Removal {
  std::string label;  // "[fs] "/srv"", "[allow] programs, item "gs"", "[fs] "/box", option noexec"
  std::string text;   // the whole profile without it
};

// One for every line that is a key with its value, for every item of an array, and for every option
// after the first word of "ACCESS,OPTION". `description` and `version` are no part of a sandbox.
// `mistake`: a line that this cannot take apart (a value of several lines, or an inline table).
std::vector<Removal> removals(const std::string& profile, std::string& mistake);

}  // namespace immure::test
