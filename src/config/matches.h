// The profile whose `match` names a program. Before clone only. Made for every start: it reads no
// shipped profile (their `match` is an index made at build time), and others only where there are
// any.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "config/variables.h"

namespace immure {

// The name of the profile for the program circumstances.exe, or empty. An item of `match` without
// '/' is the program's name, one with '/' its path; either that it was found by, or the one it has
// when all links are followed. Names count only as far as they are root's to give: the file, all
// links that lead to it, and the directories of these belong to root, and we can't write them.
// First hit: profiles of the user, then of /etc, of the data directory, and those built in; of one
// place in bytewise order. Drop-ins add to and take from their profile's `match`. A profile that
// cannot be read or parsed is passed over, and said in `warnings`.
std::string find_match(const Circumstances& circumstances, Errors& warnings);

// What root has named this program, its real path last; empty: it is not root's.
std::vector<std::string> names_by_root(const std::string& program);

}  // namespace immure
