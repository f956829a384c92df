// --unset: a key of the language goes back to its default. Pure.
#pragma once

#include <string_view>

#include "base/error.h"
#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

// `key` as in a profile: `limits.nofile`, `fs."~/.cache"`, `env.LANG`. The variant's Error says
// that there is no such key; a key that was not set is fine.
std::variant<std::monostate, Error> reset_key(SandboxSpec& spec, std::string_view key,
                                              const Circumstances& circumstances,
                                              const Origin& origin);

}  // namespace immure
