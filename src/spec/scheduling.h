// The values of process.sched and process.io_priority taken apart. Pure. Authority: sched(7),
// ioprio_set(2).
#pragma once

#include <optional>
#include <string_view>

namespace immure {

struct Scheduling {
  int policy = 0;    // SCHED_…
  int priority = 0;  // of the real-time policies, 1 to 99
};

// "other", "batch", "idle", "fifo:10", "rr:10".
std::optional<Scheduling> parse_scheduling(std::string_view text);

// "idle", "best-effort:4", "realtime:0" as the kernel's one number: class << 13 | level.
std::optional<int> parse_io_priority(std::string_view text);

}  // namespace immure
