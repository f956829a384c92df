// The filter that keeps the time stamp counter closed: loaded beside any other, of which the
// strictest decides, so that no `seccomp.allow` opens it again. Constant data; may be used
// anywhere.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>

namespace immure {

// Refuses prctl(PR_SET_TSC) with EPERM in every ABI of a processor of this architecture, and allows
// all else. Empty: it has no such counter.
std::span<const sock_filter> tsc_filter(std::uint32_t arch);

}  // namespace immure
