#include "spec/scheduling.h"

#include <sched.h>

#include <charconv>

namespace immure {
namespace {

// The N of "fifo:N" between these; nothing: it is not there, or not such a number.
std::optional<int> number_after(std::string_view text, std::string_view prefix, int low, int high) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  int number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || number < low || number > high) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

std::optional<Scheduling> parse_scheduling(std::string_view text) {
  if (text == "other") return Scheduling{.policy = SCHED_OTHER};
  if (text == "batch") return Scheduling{.policy = SCHED_BATCH};
  if (text == "idle") return Scheduling{.policy = SCHED_IDLE};
  if (const auto n = number_after(text, "fifo:", 1, 99)) return Scheduling{SCHED_FIFO, *n};
  if (const auto n = number_after(text, "rr:", 1, 99)) return Scheduling{SCHED_RR, *n};
  return std::nullopt;
}

std::optional<int> parse_io_priority(std::string_view text) {
  constexpr int shift = 13;
  constexpr int realtime = 1;
  constexpr int best_effort = 2;
  constexpr int idle = 3;
  if (text == "idle") return idle << shift;
  if (const auto n = number_after(text, "best-effort:", 0, 7)) return best_effort << shift | *n;
  if (const auto n = number_after(text, "realtime:", 0, 7)) return realtime << shift | *n;
  return std::nullopt;
}

}  // namespace immure
