// One entry of [fs] as it was written, before it is known to make sense. Pure.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"
#include "spec/mount.h"

namespace immure {

// What an entry written as one text may be: "ACCESS[?][,OPTION…]".
inline constexpr auto kAccessWords =
    std::to_array<std::string_view>({"ro", "rw", "dev", "hide", "tmpfs", "dir", "overlay", "proc",
                                     "devfs", "mqueue", "sysfs", "cgroup", "none"});

// Those of its options; size and mode take "=VALUE".
inline constexpr auto kMountOptions = std::to_array<std::string_view>(
    {"noexec", "exec", "create", "norec", "follow", "size", "mode"});

class MountEntry {
 public:
  // Both outlive the entry.
  MountEntry(Reader& reader, std::string_view key) : reader_(reader), key_(key) {}

  std::string_view type;    // an access word, "bind", "file" or "symlink"; empty: implied
  std::string_view access;  // "ro" or "rw"; empty: not said
  bool optional = false;
  std::string why;
  std::optional<bool> create, exec, recursive, follow, devices;
  std::optional<std::uint64_t> size, inodes;
  std::optional<mode_t> mode;
  std::optional<std::string> source, content, target, upper;
  std::optional<int> content_fd;
  std::optional<std::vector<std::string>> lower;
  std::optional<Propagation> propagation;
  std::optional<KernelMount> proc;

  // Notes that `name` was given, at `place`. Always true.
  template <class T, class V>
  bool give(std::optional<T>& slot, V&& value, std::string_view name, Place place) {
    slot = std::forward<V>(value);
    given_.push_back(Given{std::string(name), place});
    return true;
  }
  void note(std::string_view name, Place place) {
    given_.push_back(Given{std::string(name), place});
  }

  // What it comes to. False: the reader has got the errors.
  bool build(Place place, decltype(Mount::what)& what);

 private:
  struct Given {
    std::string name;
    Place place;
  };

  std::string_view implied_type() const;
  bool only(std::string_view meaning, std::initializer_list<std::string_view> names);
  bool build_bind(Place place, decltype(Mount::what)& what);
  bool build_overlay(decltype(Mount::what)& what);
  bool build_file(Place place, decltype(Mount::what)& what);

  Reader& reader_;
  std::string_view key_;
  std::vector<Given> given_;
};

// "DEST" = { … }. `unset` as in Reader::expand_at.
bool read_mount_table(Reader& reader, MountEntry& entry, const Node& node, bool* unset);

}  // namespace immure
