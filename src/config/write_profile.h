// A spec as the text of a profile that stands by itself: `extends = []`, variables expanded,
// intents gone. Read again, it makes the same spec but for the places that asked. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "spec/refusals.h"
#include "spec/sandbox_spec.h"

namespace immure {

// `spec` is merged, its intents expanded. Values of secret variables are left out. `places` are
// those of check(): what the entries of intents would be refused for is acknowledged. An Error when
// a text in it cannot stand in TOML: bytes that are not UTF-8.
Result<std::string> write_profile(const SandboxSpec& spec, const HostPlaces& places);

// lint.allow with all that the spec is refused without, once its intents are entries of [fs].
SetEdit acknowledgements(const SandboxSpec& spec, const HostPlaces& places);

// The lines of [fs].
std::string write_mounts(const std::vector<Mount>& mounts);

}  // namespace immure
