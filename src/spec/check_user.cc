#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "spec/check_parts.h"
#include "spec/scheduling.h"

namespace immure {
namespace {

constexpr std::int64_t kLastId = 4'294'967'294;

// What useradd(8) takes on most systems. It stands in passwd(5), where ':' would end it.
bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > 32 || name.front() == '-') return false;
  return std::ranges::all_of(name, is_name_character);
}

bool overlap(std::int64_t a, std::int64_t b, const IdRange& first, const IdRange& second) {
  return a < b + second.count && b < a + first.count;
}

std::string show_range(const IdRange& range) {
  return "{ inside = " + std::to_string(range.inside) +
         ", outside = " + std::to_string(range.outside) +
         ", count = " + std::to_string(range.count) + " }";
}

void check_map(std::string_view key, const Setting<IdMap>& map, Problems& problems) {
  if (!map.is_set()) return;
  const std::vector<IdRange>& ranges = map.value->ranges;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const IdRange& range = ranges[i];
    if (range.count > kLastId + 1 - std::max(range.inside, range.outside)) {
      problems.add(Code::id_map, map.origin,
                   std::string(key) + ": " + show_range(range) + " goes beyond the last id",
                   "ids go from 0 to 4294967294");
    }
    for (std::size_t j = 0; j < i; ++j) {
      const bool inside = overlap(ranges[j].inside, range.inside, ranges[j], range);
      if (!inside && !overlap(ranges[j].outside, range.outside, ranges[j], range)) continue;
      problems.add(Code::id_map, map.origin,
                   std::string(key) + ": " + show_range(ranges[j]) + " and " + show_range(range) +
                       " overlap " + (inside ? "inside" : "outside"),
                   "each id can stand for one other only");
    }
  }
}

}  // namespace

void check_user(const User& user, Problems& problems) {
  if (user.name.is_set() && !is_user_name(*user.name.value)) {
    problems.add(Code::id_map, user.name.origin,
                 quote(*user.name.value) + " can't be the name of a user",
                 "1 to 32 letters, digits, '-', '.' and '_', the first not '-'");
  }
  check_map("user.uid_map", user.uid_map, problems);
  check_map("user.gid_map", user.gid_map, problems);
}

void check_state(const State& state, Problems& problems) {
  if (!state.name.is_set()) return;
  const std::string& name = *state.name.value;
  const bool one_part = !name.empty() && name.size() <= 128 && name.front() != '.' &&
                        name.find_first_of(std::string_view("/\n\0", 3)) == std::string::npos;
  if (one_part) return;
  problems.add(Code::bad_enum, state.name.origin, quote(name) + " can't be the name of a state",
               "it becomes the name of a directory: no '/', and no '.' at its beginning");
}

void check_scheduling(const Process& process, Problems& problems) {
  if (process.sched.is_set() && !parse_scheduling(*process.sched.value)) {
    problems.add(Code::bad_enum, process.sched.origin,
                 "process.sched can't be " + quote(*process.sched.value),
                 R"(write "other", "batch", "idle", or "fifo:N" or "rr:N" with N from 1 to 99)");
  }
  if (process.io_priority.is_set() && !parse_io_priority(*process.io_priority.value)) {
    problems.add(Code::bad_enum, process.io_priority.origin,
                 "process.io_priority can't be " + quote(*process.io_priority.value),
                 R"(write "idle", or "best-effort:N" or "realtime:N" with N from 0 (first) to 7)");
  }
}

}  // namespace immure
