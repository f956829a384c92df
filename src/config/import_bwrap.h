// A profile out of a command line of bubblewrap: its operations come one after the other, and may
// cover each other; the profile says what is to be seen in the end. What a profile has by itself
// and bubblewrap has not, as the system call filter, stays. Before clone; reads descriptors that
// the command line names. Authority: bwrap(1), immure-profile(5).
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/bwrap_args.h"
#include "config/variables.h"
#include "spec/refusals.h"

namespace immure {

// What of this machine decides.
struct ImportHost {
  std::string cwd;  // what relative sources are relative to
  std::function<bool(const std::string& path)> is_link;
  std::function<bool(const std::string& path)> exists;
  // Where an open file is; empty: it is none. readlink of /proc/self/fd/N
  std::function<std::string(int fd)> place_of;
  // All that a descriptor gives, to its end. False: errno says why.
  std::function<bool(int fd, std::string& content)> read;
};

struct ImportedProfile {
  std::string text;                 // of the file
  std::vector<std::string> losses;  // "--sync-fd 3: …", what has no equal; escaped
  Errors warnings;                  // what the command line grants, which the profile acknowledges
};

// Errors: what can't stand in a profile, as names that are not UTF-8.
std::variant<ImportedProfile, Errors> import_bwrap(const BwrapArguments& arguments,
                                                   const ImportHost& host,
                                                   const Circumstances& circumstances,
                                                   const HostPlaces& places);

}  // namespace immure
