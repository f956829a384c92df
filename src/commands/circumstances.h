// From what the host says to what the variables of profiles are made of. Before clone only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/variables.h"
#include "plan/host.h"

namespace immure {

// Where the caller's shell would find the program: below PATH, or the path itself made absolute.
// Empty: nowhere.
std::string find_program(std::string_view word, const Host& host);

// `program` is the first word of the command, or empty; `command` the words of the command line.
// `host` must outlive what is returned.
Circumstances circumstances_of(const Host& host, std::string_view program,
                               const std::vector<std::string>& command);

}  // namespace immure
