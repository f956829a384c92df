#include "plan/lower_ids.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace immure {
namespace {

// What differs between users and groups.
struct Kind {
  std::string_view key;      // "user.uid_map"
  std::string_view id_key;   // "user.uid"
  std::string_view what;     // "user"
  std::string_view file;     // "/etc/subuid"
  std::string_view program;  // "newuidmap"
  std::string_view option;   // of usermod(8)
  const Setting<IdMap>& map;
  const Setting<std::int64_t>& id;
  std::int64_t own;
  const OnDemand<std::vector<IdSpan>>& subordinate;
};

// Where systems have it. Not from PATH: it runs with more rights than we have.
constexpr std::array<std::string_view, 3> kProgramDirectories = {"/usr/bin/", "/bin/",
                                                                 "/usr/local/bin/"};

struct Lowered {
  std::string map, helper;
};

std::string line(std::int64_t inside, std::int64_t outside, std::int64_t count) {
  return std::to_string(inside) + ' ' + std::to_string(outside) + ' ' + std::to_string(count) +
         '\n';
}

std::string usermod(const Kind& kind, const Host& host, std::int64_t first, std::int64_t count) {
  const std::string user = host.user_name.empty() ? std::to_string(host.uid) : host.user_name;
  return "sudo usermod " + std::string(kind.option) + ' ' + std::to_string(first) + '-' +
         std::to_string(first + count - 1) + ' ' + user;
}

// Ours stands where user.uid says, the subordinate ones fill the ids around it, from 0 on.
std::string subordinate_map(const Kind& kind) {
  const std::int64_t inside = kind.id.get_or(kind.own);
  std::string map;
  std::int64_t next = 0;
  bool placed = false;
  const auto place_own = [&] {
    map += line(inside, kind.own, 1);
    placed = true;
    next = inside + 1;
  };
  for (const IdSpan& span : kind.subordinate.get()) {
    auto first = static_cast<std::int64_t>(span.first);
    auto left = static_cast<std::int64_t>(span.count);
    while (left > 0) {
      if (next == inside) place_own();
      const std::int64_t count = next < inside ? std::min(left, inside - next) : left;
      map += line(next, first, count);
      next += count;
      first += count;
      left -= count;
    }
  }
  if (!placed) place_own();
  return map;
}

bool is_own(const IdRange& range, const Kind& kind) {
  return range.outside == kind.own && range.count == 1;
}

bool is_given(const IdRange& range, const Kind& kind) {
  const auto first = static_cast<std::uint64_t>(range.outside);
  const auto count = static_cast<std::uint64_t>(range.count);
  const std::vector<IdSpan>& spans = kind.subordinate.get();
  return std::any_of(spans.begin(), spans.end(), [&](const IdSpan& span) {
    return first >= span.first && count <= span.count && first - span.first <= span.count - count;
  });
}

// The ranges as they stand: ours among them, all others given to us.
std::optional<std::string> listed_map(const Kind& kind, const Host& host, Errors& errors) {
  const auto fail = [&](std::string what, std::string hint) {
    errors.push_back({.code = Code::id_map,
                      .doing = std::move(what),
                      .origin = kind.map.origin,
                      .hint = std::move(hint)});
  };
  std::string map;
  bool has_own = false;
  const std::size_t before = errors.size();
  for (const IdRange& range : kind.map.value->ranges) {
    map += line(range.inside, range.outside, range.count);
    if (is_own(range, kind)) {
      has_own = true;
      if (kind.id.is_set() && *kind.id.value != range.inside) {
        fail(std::string(kind.id_key) + " is " + std::to_string(*kind.id.value) + ", but " +
                 std::string(kind.key) + " makes our id " + std::to_string(range.inside),
             "take " + std::string(kind.id_key) + " away, or make it the same");
      }
    } else if (!is_given(range, kind)) {
      fail(std::string(kind.key) + ": " + std::string(kind.what) + " ids " +
               std::to_string(range.outside) + " to " +
               std::to_string(range.outside + range.count - 1) + " are not given to us in " +
               std::string(kind.file),
           usermod(kind, host, range.outside, range.count) +
               "     (our own id stands in a range by itself)");
    }
  }
  if (!has_own) {
    const std::string own = std::to_string(kind.own);
    fail(
        std::string(kind.key) + " leaves out our own id, " + own,
        "add { inside = " + std::to_string(kind.id.get_or(kind.own)) + ", outside = " + own + " }");
  }
  if (errors.size() != before) return std::nullopt;
  return map;
}

std::string find_helper(const Kind& kind, const Host& host, Errors& errors) {
  for (const std::string_view directory : kProgramDirectories) {
    std::string path = std::string(directory) + std::string(kind.program);
    if (host.files->executable(path)) return path;
  }
  errors.push_back({.code = Code::id_map_helper,
                    .doing = std::string(kind.key) + " needs the program " + quote(kind.program) +
                             ", which is not installed",
                    .origin = kind.map.origin,
                    .hint = "sudo apt install uidmap     (shadow-utils, or shadow, elsewhere)"});
  return {};
}

Lowered lower_map(const Kind& kind, const Host& host, Errors& errors) {
  if (!kind.map.is_set()) return {line(kind.id.get_or(kind.own), kind.own, 1), {}};
  std::optional<std::string> map;
  if (!kind.map.value->subordinate) {
    map = listed_map(kind, host, errors);
    const std::vector<IdRange>& ranges = kind.map.value->ranges;
    if (map && std::all_of(ranges.begin(), ranges.end(),
                           [&](const IdRange& range) { return is_own(range, kind); })) {
      return {*map, {}};
    }
  } else if (!kind.subordinate.get().empty()) {
    map = subordinate_map(kind);
  } else {
    constexpr std::int64_t first = 100000;
    constexpr std::int64_t count = 65536;
    errors.push_back({.code = Code::id_map,
                      .doing = std::string(kind.key) + " = \"subid\", but " +
                               std::string(kind.file) + " gives us no " + std::string(kind.what) +
                               " ids",
                      .origin = kind.map.origin,
                      .hint = usermod(kind, host, first, count)});
  }
  if (!map) return {};
  return {*map, find_helper(kind, host, errors)};
}

}  // namespace

void lower_id_maps(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors) {
  if (spec.namespaces.user.value == NamespaceChoice::joined) return;  // they are there
  const User& user = spec.user;
  const Kind users{.key = "user.uid_map",
                   .id_key = "user.uid",
                   .what = "user",
                   .file = "/etc/subuid",
                   .program = "newuidmap",
                   .option = "--add-subuids",
                   .map = user.uid_map,
                   .id = user.uid,
                   .own = host.uid,
                   .subordinate = host.subordinate_uids};
  const Kind groups{.key = "user.gid_map",
                    .id_key = "user.gid",
                    .what = "group",
                    .file = "/etc/subgid",
                    .program = "newgidmap",
                    .option = "--add-subgids",
                    .map = user.gid_map,
                    .id = user.gid,
                    .own = host.gid,
                    .subordinate = host.subordinate_gids};
  Lowered uids = lower_map(users, host, errors);
  Lowered gids = lower_map(groups, host, errors);
  plan.uid_map = std::move(uids.map);
  plan.gid_map = std::move(gids.map);
  plan.uid_map_helper = std::move(uids.helper);
  plan.gid_map_helper = std::move(gids.helper);
  plan.uid_map_origin = user.uid_map.origin;
  plan.gid_map_origin = user.gid_map.origin;
  plan.deny_setgroups = plan.gid_map_helper.empty();
  if (plan.join.empty() || (plan.uid_map_helper.empty() && plan.gid_map_helper.empty())) return;
  errors.push_back({.code = Code::namespace_value,
                    .doing = "a joined namespace can't be combined with more ids than our own",
                    .origin = plan.join.front().origin,
                    .hint = "its user namespace decides which ids there are: take user.uid_map "
                            "and user.gid_map away"});
}

}  // namespace immure
