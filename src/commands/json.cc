#include "commands/json.h"

#include <sched.h>
#include <sys/resource.h>

#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "plan/kernel_words.h"

namespace immure {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

template <class T>
const T* find_step(const std::vector<PlannedStep>& steps) {
  for (const PlannedStep& step : steps) {
    if (const T* found = std::get_if<T>(&step.what)) return found;
  }
  return nullptr;
}

Json namespaces(const LaunchPlan& plan) {
  std::uint64_t flags = plan.namespaces;
  if (find_step<NewTimeNamespace>(plan.setup) != nullptr) flags |= CLONE_NEWTIME;
  Json out = Json::array();
  for (const std::string_view word : namespace_words(flags)) out.push_back(std::string(word));
  return out;
}

Json steps(const LaunchPlan& plan) {
  Json out = Json::array();
  const auto add = [&out](std::string step, const char* by, const Origin& origin) {
    Json row;
    row["step"] = std::move(step);
    row["by"] = by;
    row["origin"] = show(origin);
    out.push_back(std::move(row));
  };
  for (const HostDirectory& directory : plan.host_directories) {
    add((directory.is_file ? "make host file " : "make host directory ") + escape(directory.path),
        "immure", directory.origin);
  }
  for (const PlannedStep& step : plan.setup) add(describe(step.what), "init", step.origin);
  for (const PlannedStep& step : plan.command_setup) {
    add(describe(step.what), "command", step.origin);
  }
  return out;
}

Json environment(const LaunchPlan& plan) {
  Json out = Json::object();
  for (const std::string& variable : plan.command.environment) {
    const std::size_t equals = variable.find('=');
    out[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return out;
}

Json amount(rlim_t value) { return value == RLIM_INFINITY ? Json(nullptr) : Json(value); }

Json limits(const LaunchPlan& plan) {
  Json out;
  out["wall_ms"] = plan.wall_ns / ns_per_ms;
  out["output"] = plan.output_bytes ? Json(*plan.output_bytes) : Json();
  out["grace_ms"] = plan.grace_ns / ns_per_ms;
  out["rlimits"] = Json::object();
  for (const PlannedStep& step : plan.command_setup) {
    const auto* limit = std::get_if<SetRlimit>(&step.what);
    if (limit == nullptr) continue;
    Json& value = out["rlimits"][std::string(resource_word(limit->resource))];
    value["soft"] = amount(limit->soft);
    value["hard"] = amount(limit->hard);
  }
  return out;
}

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', true, Json::error_handler_t::replace) + '\n';
}

}  // namespace

std::string json_line(const Json& value) { return dump(value, -1); }

Json json_profiles(const std::vector<LoadedProfile>& profiles) {
  Json out = Json::array();
  for (const LoadedProfile& profile : profiles) {
    Json row;
    row["name"] = profile.name;
    row["path"] = profile.path;
    out.push_back(std::move(row));
  }
  return out;
}

std::string json_plan(const Prepared& prepared) {
  const LaunchPlan plan = shown_plan(prepared);
  Json out;
  out["v"] = 1;
  out["profiles"] = json_profiles(prepared.profiles);
  out["command"]["argv"] = plan.command.argv;
  out["command"]["candidates"] = plan.command.candidates;
  out["command"]["shown"] = plan.command.shown;
  out["namespaces"] = namespaces(plan);
  out["uid_map"] = plan.uid_map;
  out["gid_map"] = plan.gid_map;
  out["joined"] = Json::object();
  for (const JoinedNamespace& joined : plan.join) out["joined"][joined.kind] = shown_source(joined);
  out["groups_kept"] = plan.kept_groups.get();
  out["state"] = plan.state.path.empty() ? Json(nullptr) : Json(plan.state.path);
  out["steps"] = steps(plan);
  out["environment"] = environment(plan);
  out["limits"] = limits(plan);
  out["init"] = plan.reaper ? "reaper" : "target";
  out["wait"] = plan.wait_for_all ? "all" : "command";
  out["pass_fds"] = plan.pass_fds;
  out["without"] = Json::array();
  for (const Without& lost : plan.without) out["without"].push_back(lost.what);
  out["notes"] = plan.notes;
  out["warnings"] = Json::array();
  for (const Error& warning : prepared.warnings) {
    out["warnings"].push_back(format_warning(warning, {}));
  }
  return dump(out, 2);
}

}  // namespace immure
