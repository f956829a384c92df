// Runs the built immure for end-to-end tests.
#pragma once

#include <initializer_list>
#include <string>

#include "support/run.h"

namespace immure::test {

// The binary under test.
std::string binary();

// `immure run OPTIONS -- COMMAND`.
Program immure_run(Argv options, const Argv& command);

// A shell script inside, started in `cwd` (which `default` shows read-only, `build` writable).
Program immure_sh(Argv options, const std::string& script, const std::string& cwd = {});

// The same, to its end.
Outcome in_sandbox(Argv options, const std::string& script, const std::string& cwd = {});

// Why no sandbox can be made here; empty if one can. Asked once.
const std::string& no_sandbox_here();

}  // namespace immure::test

#define IMMURE_REQUIRE_SANDBOX() \
  IMMURE_REQUIRE(::immure::test::no_sandbox_here().empty(), ::immure::test::no_sandbox_here())
