// The building blocks of a SandboxSpec: a value that may be unset, and a set that edits another.
// Pure values: no system call.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace immure {

// One scalar or list. Unset in a layer that says nothing of it; a later layer replaces it whole.
template <class T>
struct Setting {
  std::optional<T> value;
  Origin origin;

  bool is_set() const { return value.has_value(); }
  T get_or(T otherwise) const { return value ? *value : std::move(otherwise); }
  void set(T v, Origin o) {
    value = std::move(v);
    origin = std::move(o);
  }
  bool operator==(const Setting&) const = default;
};

// One entry of a set: "X" adds, "!X" removes an inherited X, "!*" removes all inherited ones.
struct SetItem {
  std::string text;  // without the "!"
  bool remove = false;
  Origin origin;
  std::uint32_t layer = 0;  // of a group of system calls: where two overlap, the higher decides
  bool operator==(const SetItem&) const = default;
};

// A set as one layer writes it. After merge() it holds additions only, in order of first mention.
struct SetEdit {
  std::vector<SetItem> items;
  bool operator==(const SetEdit&) const = default;
};

// A table whose entries are replaced by key.
template <class T>
using KeyedSettings = std::map<std::string, Setting<T>>;

}  // namespace immure
