// `immure doctor`: what this machine allows, what is lost where it does not, and the one command
// that mends it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "commands/doctor_findings.h"

namespace immure {

// The findings as text, with a last line that says whether `default` can run. Pure.
std::string report(const std::vector<Finding>& findings);

// Prints the report to standard output. `args`: what follows the word "doctor"; none are known.
// 0: `default` can run, 1: it cannot, 2: usage.
int doctor_command(std::span<char*> args, const LogStyle& style);

}  // namespace immure
