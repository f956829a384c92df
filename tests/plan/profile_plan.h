// From layers to the text of a plan, and round by `explain --as toml`, for the tests of this
// folder.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/toml_profile.h"
#include "plan/lower.h"

namespace immure {

// Every error as it is printed, with its exit code.
std::string show_errors(const Errors& errors);

// All layers on top of each other, the intents lowest. `notes` gets those of the intents.
std::variant<SandboxSpec, Errors> spec_of_layers(const std::vector<ProfileLayer>& layers,
                                                 const Circumstances& circumstances,
                                                 std::vector<std::string>& notes);

// The spec once more, from the profile that it is written as. Fails the test where that profile
// can't be read, or is written otherwise the second time.
void write_and_read(SandboxSpec& spec, const HostPlaces& places,
                    const Circumstances& circumstances);

// The plan as printed, or all errors of check() and lower(). `notes` stand before those of the
// plan.
std::variant<std::string, Errors> plan_text(SandboxSpec spec, const HostPlaces& places,
                                            const Request& request, const Host& host,
                                            const std::vector<std::string>& notes);

// Without the places that asked for the steps.
std::string without_origins(std::string plan);

}  // namespace immure
