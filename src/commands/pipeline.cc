#include "commands/pipeline.h"

#include <fnmatch.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "commands/circumstances.h"
#include "commands/planted_profiles.h"
#include "config/filter_bytes.h"
#include "config/flag_layer.h"
#include "config/own_files.h"
#include "config/profile_file.h"
#include "config/project.h"
#include "config/protected_names.h"
#include "config/reset_key.h"
#include "plan/lower.h"
#include "plan/lower_filter.h"
#include "spec/check.h"
#include "spec/lint.h"
#include "spec/merge.h"

namespace immure {
namespace {

Error no_command() {
  return Error{.code = Code::no_command,
               .reason = "no command is given, and the profile names none in process.command",
               .hint = "immure run COMMAND [ARG…]"};
}

std::vector<std::string> secrets_of(const Environment& rules) {
  std::vector<std::string> names;
  for (const auto& [name, rule] : rules) {
    if (rule.value && rule.value->secret) names.push_back(name);
  }
  return names;
}

// Intents are weaker than whatever else is said, in whichever layer: they are the lowest.
Errors lay_intents(const std::vector<ProfileLayer>& profiles, const std::vector<FlagLayer>& options,
                   const Circumstances& circumstances, Merged& merged) {
  const bool none =
      std::ranges::all_of(profiles, [](const auto& layer) { return layer.spec.allow.empty(); }) &&
      std::ranges::all_of(options, [](const auto& layer) { return layer.spec.allow.empty(); });
  if (none) return {};
  const auto asked = std::make_unique<SandboxSpec>();  // too large for the stack of every start
  bool cwd_is_keyed = false;
  Errors warnings;  // given again when all else is merged
  const auto look_at = [&](const SandboxSpec& layer) {
    merge(asked->allow, layer.allow, warnings);
    cwd_is_keyed = cwd_is_keyed || std::ranges::any_of(layer.mounts, [&](const Mount& mount) {
                     return mount.target == circumstances.cwd;
                   });
  };
  for (const ProfileLayer& layer : profiles) look_at(layer.spec);
  for (const FlagLayer& layer : options) {
    if (layer.reset) (void)reset_key(*asked, layer.reset->key, circumstances, {});
    look_at(layer.spec);
  }
  auto expanded = expand_intents(asked->allow, cwd_is_keyed, circumstances);
  if (auto* errors = std::get_if<Errors>(&expanded)) return std::move(*errors);
  auto& result = std::get<ExpandedIntents>(expanded);
  for (const ExpandedIntent& intent : result.intents) merge(merged.spec, intent.spec, warnings);
  merged.intents = std::move(result.intents);
  merged.notes = std::move(result.notes);
  return {};
}

void append(Errors& all, Errors more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// A file system that does not answer is met before the file is opened.
std::optional<Error> read_filter(Seccomp& seccomp, const Circumstances& circumstances,
                                 const Host& host) {
  if (!seccomp.file.is_set()) return std::nullopt;
  auto found = host.files->resolve(*seccomp.file.value);
  if (!found.ok()) {
    found.error().origin = seccomp.file.origin;
    return std::move(found.error());
  }
  return read_filter_bytes(seccomp, circumstances);
}

// Names of calls that only other architectures have. A start that names none looks at nothing.
Errors odd_calls(const SandboxSpec& spec) {
  const Seccomp& seccomp = spec.seccomp;
  if (seccomp.allow.items.empty() && seccomp.deny.items.empty() && seccomp.rules.empty()) return {};
  return filter_model(spec, false).warnings;
}

Circumstances circumstances_of(const Arguments& args, Purpose purpose, const Host& host) {
  const std::string shell = purpose == Purpose::shell ? host.shell : std::string();
  return circumstances_of(host, args.rest.empty() ? shell : args.rest.front(), args.rest);
}

std::variant<Prepared, Errors> prepare(const Choice& choice, const Arguments& args, Purpose purpose,
                                       const Host& host, Circumstances circumstances) {
  circumstances.name =
      choice.names.empty() ? choice.project->project : plain_profile_name(choice.names.back());
  Request request{.command = args.rest, .shell = purpose == Purpose::shell};
  auto name = given_name(args.options);
  if (!name.ok()) return Errors{std::move(name.error())};
  if (!name.value().empty()) request.name = std::move(name.value());
  auto layers = merge_layers(choice.names, args.options, circumstances,
                             choice.project ? &*choice.project : nullptr);
  if (auto* errors = std::get_if<Errors>(&layers)) return std::move(*errors);
  auto& merged = std::get<Merged>(layers);
  if (auto error = read_filter(merged.spec.seccomp, circumstances, host)) {
    return Errors{std::move(*error)};
  }
  append(merged.warnings, odd_calls(merged.spec));
  Errors writable = keep_own_files_read_only(merged.spec, merged.profiles, circumstances);
  if (!writable.empty()) return writable;
  Unprotected unprotected = protect_names(merged.spec, circumstances);
  if (!unprotected.refused.empty()) return std::move(unprotected.refused);
  if (is_allowed(merged.spec, Code::planted)) unprotected = {};
  merged.warnings.insert(merged.warnings.begin(), choice.warnings.begin(), choice.warnings.end());

  if (request.command.empty() && !request.shell && !merged.spec.process.command.is_set()) {
    if (purpose == Purpose::run) return Errors{no_command()};
    request.shell = true;
  }
  std::vector<std::string> secrets = secrets_of(merged.spec.env);
  const HostPlaces places = places_of(circumstances);
  drop_allowed(merged.warnings, merged.spec);
  // A run says nothing of what was granted on purpose; explain is there to say it.
  if (purpose == Purpose::explain) append(merged.warnings, lint(merged.spec, places));
  auto checked = check(std::move(merged.spec), places);
  if (auto* errors = std::get_if<Errors>(&checked)) return std::move(*errors);
  const CheckedSpec& spec = std::get<CheckedSpec>(checked);
  auto lowered = lower(spec, request, host);
  if (auto* errors = std::get_if<Errors>(&lowered)) return std::move(*errors);
  std::vector<std::string>& notes = std::get<LaunchPlan>(lowered).notes;
  notes.insert(notes.begin(), merged.notes.begin(), merged.notes.end());
  auto planted = find_planted(merged.profiles, std::get<LaunchPlan>(lowered), host);
  if (!planted.empty()) return planted;

  return Prepared{.profiles = std::move(merged.profiles),
                  .plan = std::move(std::get<LaunchPlan>(lowered)),
                  .secrets = std::move(secrets),
                  .spec = spec,
                  .places = purpose == Purpose::explain ? places : HostPlaces{},
                  .warnings = std::move(merged.warnings),
                  .unprotected = std::move(unprotected)};
}

Errors lay_layers(LoadedLayers& profiles, const std::vector<FlagLayer>& options,
                  const Circumstances& circumstances, Merged& merged) {
  merged.profiles = std::move(profiles.profiles);
  Errors errors = lay_intents(profiles.layers, options, circumstances, merged);
  if (!errors.empty()) return errors;
  for (const ProfileLayer& layer : profiles.layers) {
    merge(merged.spec, layer.spec, merged.warnings);
  }
  for (const FlagLayer& layer : options) {
    if (layer.reset) {
      auto reset = reset_key(merged.spec, layer.reset->key, circumstances, layer.reset->origin);
      if (auto* error = std::get_if<Error>(&reset)) errors.push_back(std::move(*error));
    }
    merge(merged.spec, layer.spec, merged.warnings);
  }
  merged.spec.allow.clear();
  return errors;
}

// What [state] of all layers says of ${STATE}.
std::string state_directory(const State& state, const Circumstances& circumstances) {
  std::string directory =
      state.dir.is_set()
          ? *state.dir.value
          : usual_state_directory(circumstances, state.name.get_or(circumstances.name));
  if (!directory.empty() && state.scope.get_or(StateScope::profile) == StateScope::project) {
    directory += '/' + project_state_name(circumstances.project.get());
  }
  return directory;
}

// ${STATE} is expanded while the layers are read, but where it is they say only together. Where
// that is not the usual place they are read a second time.
std::variant<Merged, Errors> merge_with_state(const std::vector<std::string>& names,
                                              const std::vector<GivenOption>& options,
                                              Circumstances& here, const ProfileText* project) {
  const bool& asked = *here.asked_for_state;
  if (here.name.empty() && !names.empty()) here.name = plain_profile_name(names.back());
  here.state = usual_state_directory(here, here.name);
  auto layers = merge_loaded(load_profiles(names, here, project), options, here);
  auto* merged = std::get_if<Merged>(&layers);
  if (merged == nullptr || !(asked || merged->spec.state.lock.is_set())) return layers;
  const std::string directory = state_directory(merged->spec.state, here);
  if (asked && directory != here.state) {
    here.state = directory;
    layers = merge_loaded(load_profiles(names, here, project), options, here);
    merged = std::get_if<Merged>(&layers);
    if (merged == nullptr) return layers;
    if (state_directory(merged->spec.state, here) != directory) {
      const Origin origin = merged->spec.state.dir.origin;
      layers = Errors{{.code = Code::variable,
                       .doing = "state.dir can't be made of ${STATE}, which it says the place of",
                       .origin = origin}};
      return layers;
    }
  }
  merged->spec.state.used = directory;
  return layers;
}

}  // namespace

LaunchPlan shown_plan(const Prepared& prepared) {
  LaunchPlan shown = prepared.plan;
  for (std::string& variable : shown.command.environment) {
    const std::size_t equals = variable.find('=');
    const bool secret = std::ranges::any_of(prepared.secrets, [&](const std::string& pattern) {
      return ::fnmatch(pattern.c_str(), variable.substr(0, equals).c_str(), 0) == 0;
    });
    if (secret) variable.replace(equals + 1, std::string::npos, "(secret)");
  }
  return shown;
}

Result<std::string> given_name(const std::vector<GivenOption>& options) {
  constexpr std::size_t kLongest = 64;
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  std::string name;
  for (const GivenOption& option : options) {
    if (option.id != OptionId::name) continue;
    name = option.value;
    const bool good = !name.empty() && name.size() <= kLongest && name.front() != '-' &&
                      name.front() != '.' && name.find_first_not_of(kLetters) == std::string::npos;
    if (good) continue;
    return Error{.code = Code::usage,
                 .reason = quote(name) + " can't be the name of a sandbox",
                 .origin = Origin{.flag = option.flag},
                 .hint = "1 to 64 letters, digits, '.', '_' and '-', the first no '.' or '-'"};
  }
  return name;
}

std::variant<Choice, Errors> choose_profiles(const std::vector<GivenOption>& options,
                                             const Circumstances& circumstances) {
  std::vector<std::string> names;
  ProjectUse project = ProjectUse::if_trusted;
  for (const GivenOption& option : options) {
    if (option.id == OptionId::profile) names.push_back(option.value);
    if (option.id == OptionId::project) project = ProjectUse::required;
    if (option.id == OptionId::no_project) project = ProjectUse::never;
  }
  return choose_profiles(names, project, circumstances);
}

std::variant<Merged, Errors> merge_layers(const std::vector<std::string>& names,
                                          const std::vector<GivenOption>& options,
                                          Circumstances& circumstances,
                                          const ProfileText* project) {
  bool asked = false;
  circumstances.asked_for_state = &asked;
  auto layers = merge_with_state(names, options, circumstances, project);
  circumstances.asked_for_state = nullptr;
  return layers;
}

std::variant<Merged, Errors> merge_loaded(std::variant<LoadedLayers, Errors> loaded,
                                          const std::vector<GivenOption>& options,
                                          const Circumstances& circumstances) {
  auto flags = flag_layers(options, circumstances);
  std::variant<Merged, Errors> result;  // filled in place: a spec is large
  Errors errors;
  if (auto* failed = std::get_if<Errors>(&loaded)) append(errors, std::move(*failed));
  if (auto* failed = std::get_if<Errors>(&flags)) append(errors, std::move(*failed));
  if (errors.empty()) {
    errors = lay_layers(std::get<LoadedLayers>(loaded), std::get<std::vector<FlagLayer>>(flags),
                        circumstances, std::get<Merged>(result));
  }
  if (!errors.empty()) result = std::move(errors);
  return result;
}

std::variant<Prepared, Errors> prepare(const Arguments& args, Purpose purpose, const Host& host) {
  Circumstances circumstances = circumstances_of(args, purpose, host);
  auto choice = choose_profiles(args.options, circumstances);
  if (auto* errors = std::get_if<Errors>(&choice)) return std::move(*errors);
  return prepare(std::get<Choice>(choice), args, purpose, host, std::move(circumstances));
}

std::variant<Prepared, Errors> prepare(const Choice& choice, const Arguments& args, Purpose purpose,
                                       const Host& host) {
  return prepare(choice, args, purpose, host, circumstances_of(args, purpose, host));
}

void log_prepared(const Prepared& prepared, const Arguments& args, const LogStyle& style) {
  for (const Error& warning : prepared.warnings) log_warning(warning, style);
  for (const std::string& note : prepared.plan.notes) log_note(note, style);
  const auto loudness = std::ranges::count(args.options, OptionId::verbose, &GivenOption::id);
  if (loudness >= 1) {
    log_lines(describe_profiles(prepared.profiles), style);
  }
  if (loudness >= 2) log_lines(describe(shown_plan(prepared)), style);
}

std::string describe_profiles(const std::vector<LoadedProfile>& profiles) {
  std::string out;
  for (const LoadedProfile& profile : profiles) {
    out += "profile " + escape(profile.name) + ": " + escape(profile.path) + '\n';
  }
  return out;
}

}  // namespace immure
