// What a sequence of operations leaves to be seen: the entries of [fs] that come to the same, each
// with the option that made it. Internal to import_bwrap.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/import_bwrap.h"
#include "spec/mount.h"

namespace immure {

struct PictureEntry {
  Mount mount;
  std::string option;     // "--ro-bind /usr /usr"; one line, escaped
  bool in_place = false;  // a file of the file system it lies on, not one that is bound there
};

struct FinalPicture {
  std::map<std::string, PictureEntry> entries;                     // by target
  std::optional<std::pair<mode_t, std::string>> root_mode;         // and its option
  std::optional<std::pair<std::uint64_t, std::string>> root_size;  // the same
  std::string root_locked;                                         // the option; empty: writable
  std::optional<std::pair<std::string, std::string>> hostname;     // and its option
  std::vector<std::string> losses;
};

// `own_pids`: there is a pid namespace to mount a /proc of.
FinalPicture final_picture(const std::vector<Operation>& operations, bool own_pids,
                           const ImportHost& host);

}  // namespace immure
