// All profiles that there are, for those who look for one. Before clone only.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "config/variables.h"

namespace immure {

struct CatalogueEntry {
  std::string name;                   // as -p takes it: "build", "system:build" for a hidden one
  std::string place;                  // "user", "etc", "system" or "built in"
  std::string path;                   // empty: built in
  std::string description;            // of the file itself, or of its last drop-in with one
  std::vector<std::string> drop_ins;  // paths, in the order in which they are laid
  Errors errors;                      // why the file, or a drop-in, can't be read
};

// Sorted by name; one that is hidden by another of its name comes after that.
std::vector<CatalogueEntry> list_profiles(const Circumstances& circumstances);

}  // namespace immure
