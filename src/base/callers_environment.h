// The variables that a process was given; environ(7). A start asks for a few of them, so they stay
// a list, and none is copied. Before clone only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace immure {

class CallersEnvironment {
 public:
  using Variable = std::pair<std::string_view, std::string_view>;  // name, value
  using Iterator = std::vector<Variable>::const_iterator;

  CallersEnvironment() = default;
  // All texts must outlive this and its copies.
  CallersEnvironment(std::initializer_list<Variable> variables) : variables_(variables) {}

  void reserve(std::size_t count) { variables_.reserve(count); }
  void add(std::string_view name, std::string_view value) { variables_.emplace_back(name, value); }

  // The first of that name, like getenv(3); none: end().
  Iterator find(std::string_view name) const {
    return std::ranges::find(variables_, name, &Variable::first);
  }
  bool contains(std::string_view name) const { return find(name) != end(); }

  // All that were given: a name may be among them twice, of which the first counts.
  Iterator begin() const { return variables_.begin(); }
  Iterator end() const { return variables_.end(); }

 private:
  std::vector<Variable> variables_;
};

}  // namespace immure
