// All manual pages: one of immure, one of each command, the drop-in for bubblewrap, and the profile
// language. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "manual/page.h"

namespace immure {

// `parts`: the hand-written parts by name: "immure", "run", "profile"; "sandbox" is for all
// commands that take the options of a sandbox.
std::vector<Page> manual_pages(const std::map<std::string, Sections>& parts);

// The section KEYS of immure-profile(5), from the schema table.
std::string manual_keys();

}  // namespace immure
