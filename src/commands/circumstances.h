// From what the host says to what the variables of profiles are made of. Before clone only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/variables.h"
#include "plan/host.h"
#include "spec/refusals.h"

namespace immure {

// Where the caller's shell would find the program: below PATH, or the path itself made absolute.
// Empty: nowhere.
std::string find_program(std::string_view word, const Host& host);

// `program` is the first word of the command, or empty; `command` the words of the command line.
// `host` must outlive what is returned.
Circumstances circumstances_of(const Host& host, std::string_view program,
                               const std::vector<std::string>& command);

// The same on every host: for profiles that are checked without a look at this one. Only `cwd` is
// ours, since the names of the files to check are relative to it.
Circumstances made_up_circumstances();

// What the rules about places of the host need to know.
HostPlaces places_of(const Circumstances& circumstances);

}  // namespace immure
