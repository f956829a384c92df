// Profiles made by chance from the rows of the schema, so that a key that is added to the table is
// in them without another word. The same seed makes the same ones.
#pragma once

#include <initializer_list>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace immure::testing {

// One line of a profile, with the whole key in front: `process.nice = 5`. The items of a set stand
// apart, so that they can be put in another order.
struct ProfileLine {
  std::string key;
  std::string value;               // not of a set
  std::vector<std::string> items;  // of a set, written in TOML
  bool is_set = false;

  std::string text() const;
};

std::string text_of(const std::vector<ProfileLine>& lines);

class RandomProfile {
 public:
  explicit RandomProfile(unsigned seed) : random_(seed) {}

  // Nothing takes away what an earlier layer has: no "!item", no "none".
  void only_add() { only_add_ = true; }

  // Each key of the language is in it once in `one_in` times; the order is by chance, too.
  std::vector<ProfileLine> lines(unsigned one_in);

  // A line of this row, which says_something(), and of this name where its key ends in "*".
  ProfileLine line(const SchemaRow& row, std::string_view name = {});

  // The same lines, and the items of their sets, in another order.
  std::vector<ProfileLine> reordered(std::vector<ProfileLine> lines);

  // Names for a row whose key ends in "*".
  static std::vector<std::string_view> names_for(const SchemaRow& row);

  // Rows, also those of the parts of an entry, that have been used so far.
  const std::set<std::string_view>& used() const { return used_; }

 private:
  unsigned number(unsigned below);
  bool once_in(unsigned times) { return number(times) == 0; }
  bool chance() { return once_in(2); }
  template <class T>
  const T& one_of(const std::vector<T>& values) {
    return values.at(number(static_cast<unsigned>(values.size())));
  }
  std::string quoted(std::initializer_list<const char*> texts);  // one of them
  std::vector<std::string> some(const std::vector<std::string>& items);
  std::vector<std::string> items_of(const SchemaRow& row);
  std::string value_of(const SchemaRow& row);
  std::string text_value(const SchemaRow& row);
  std::string number_value(const SchemaRow& row);
  std::string word_of(const SchemaRow& row);
  std::string part(std::string_view key);
  std::string mount();
  std::string mount_table();
  std::string variable();

  std::mt19937 random_;
  bool only_add_ = false;
  std::set<std::string_view> used_;
};

// Whether the row's key is one that a sandbox is made of: built, no table, no part of an entry, and
// not about the file itself.
bool says_something(const SchemaRow& row);

}  // namespace immure::testing
