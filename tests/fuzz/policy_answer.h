// What a policy says of a call, read word by word from policy.h, without a program.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <span>

#include "seccomp/policy.h"

namespace immure::fuzz {

bool holds(const ArgTest& test, const seccomp_data& call);

// The SECCOMP_RET_… with its data; calls of an ABI without a policy end the process.
std::uint32_t answer(const Policy& policy, std::uint32_t number, const seccomp_data& call);
std::uint32_t answer(std::span<const Policy> policies, const seccomp_data& call);

}  // namespace immure::fuzz
