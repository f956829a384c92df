// JSON as immure writes it: ASCII only, so that nothing foreign in it can steer a terminal. Bytes
// that are not UTF-8 become U+FFFD. Before clone, and in the launcher.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "commands/pipeline.h"

namespace immure {

using Json = nlohmann::ordered_json;

// One line, with the newline.
std::string json_line(const Json& value);

// [{"name":…,"path":…}]
Json json_profiles(const std::vector<LoadedProfile>& profiles);

// What `explain --as json` prints:
//   v            1
//   profiles     [{name, path}], lowest first
//   command      {argv, candidates, shown}
//   namespaces   ["user", "mount", …]: those made for the sandbox
//   uid_map, gid_map   as written to /proc/PID/
//   steps        [{step, by, origin}]: in order; by "immure" (on the host), "init" or "command"
//   environment  {NAME: value}; the values of secret variables are masked
//   limits       {wall_ms: 0 if there is none, output, grace_ms, rlimits: {name: {soft, hard}}};
//                null: unlimited
//   init, wait   "reaper" or "target"; "command" or "all"
//   pass_fds     [3, …]
//   notes        [text]
//   warnings     [text]
std::string json_plan(const Prepared& prepared);

}  // namespace immure
