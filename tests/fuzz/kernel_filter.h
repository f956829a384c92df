// What the kernel makes of a program, without a process that has to live with it: as the filter of
// a socket, whose packets are descriptions of system calls. See socket(7), SO_ATTACH_FILTER.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <span>

namespace immure::fuzz {

// Whether the kernel takes it as a classic program at all. (What a filter of system calls may not
// have besides is not looked at.)
bool kernel_takes(std::span<const sock_filter> program);

// Whether the kernel, too, comes to `answer` for this call. The program is one that it takes.
bool kernel_answers(std::span<const sock_filter> program, const seccomp_data& call,
                    std::uint32_t answer);

}  // namespace immure::fuzz
