// Runs a classic BPF filter on the description of one system call, as the kernel would. Pure.
// See seccomp(2), and Documentation/networking/filter.rst for the instructions.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace immure {

// The value that the filter returns: a SECCOMP_RET_… with its data. Nothing for a program that the
// kernel would not take: an instruction it does not know, a jump or a load outside, no return.
std::optional<std::uint32_t> evaluate(std::span<const sock_filter> program,
                                      const seccomp_data& call);

// "allow", "kill the process", "EPERM", …
std::string show_action(std::uint32_t value);

}  // namespace immure
