// The way from arguments to a plan, the same for run, shell and explain:
// options -> profiles -> layers -> merge -> check -> lower. Before clone only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "config/choose.h"
#include "config/intents.h"
#include "config/options.h"
#include "config/profiles.h"
#include "config/protected_names.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/check.h"
#include "spec/refusals.h"
#include "spec/sandbox_spec.h"

namespace immure {

enum class Purpose : std::uint8_t { run, shell, explain };

struct Prepared {
  std::vector<LoadedProfile> profiles;
  LaunchPlan plan;
  std::vector<std::string> secrets;  // names of variables whose values are not to be shown
  std::optional<CheckedSpec> spec;   // what the plan was made of
  HostPlaces places;                 // that it was checked with; Purpose::explain only
  Errors warnings;
  Unprotected unprotected;  // what the command should not make
};

// The plan with the values of secret variables masked: for all that prints.
LaunchPlan shown_plan(const Prepared& prepared);

// The profiles to use, by -p, --project and --no-project; see config/choose.
std::variant<Choice, Errors> choose_profiles(const std::vector<GivenOption>& options,
                                             const Circumstances& circumstances);

// The name of the sandbox, by --name; not given: empty. An Error (usage) for what is no name.
Result<std::string> given_name(const std::vector<GivenOption>& options);

// All layers on top of each other. `warnings` gets what merging found odd.
struct Merged {
  SandboxSpec spec;                     // without `allow`, which is expanded
  std::vector<ExpandedIntent> intents;  // what it was expanded to
  std::vector<std::string> notes;
  std::vector<LoadedProfile> profiles;
  Errors warnings;
};
// Sets the place of ${STATE} in `circumstances`.
std::variant<Merged, Errors> merge_layers(const std::vector<std::string>& names,
                                          const std::vector<GivenOption>& options,
                                          Circumstances& circumstances,
                                          const ProfileText* project = nullptr);

// The same for profiles that are loaded already, or the errors of that.
std::variant<Merged, Errors> merge_loaded(std::variant<LoadedLayers, Errors> loaded,
                                          const std::vector<GivenOption>& options,
                                          const Circumstances& circumstances);

// `args.rest` is the command. All problems found, or all that a launch needs.
std::variant<Prepared, Errors> prepare(const Arguments& args, Purpose purpose, const Host& host);

// The same for profiles that are chosen already.
std::variant<Prepared, Errors> prepare(const Choice& choice, const Arguments& args, Purpose purpose,
                                       const Host& host);

// Warnings of the pipeline and notes of the plan; -v: the profiles, -vv: the whole plan.
void log_prepared(const Prepared& prepared, const Arguments& args, const LogStyle& style);

// One line for each profile, lowest first.
std::string describe_profiles(const std::vector<LoadedProfile>& profiles);

}  // namespace immure
