// `immure explain --allow NAME`: what an intent becomes on this host, in the words of a profile.
// Before clone only.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "config/options.h"
#include "config/variables.h"
#include "plan/host.h"

namespace immure {

// For each intent that the options allow, with those that it implies: its description, and the keys
// and entries it stands for; beside an entry, that the host has no such path.
Result<std::string> explain_intents(const std::vector<GivenOption>& options,
                                    const Circumstances& circumstances, const Host& host);

}  // namespace immure
