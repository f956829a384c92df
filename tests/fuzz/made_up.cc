#include "made_up.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "base/log.h"
#include "config/intents.h"
#include "config/profile_file.h"
#include "config/toml_profile.h"
#include "config/write_profile.h"
#include "plan/fake_host.h"
#include "plan/lower.h"
#include "plan/private_directory.h"
#include "plan_properties.h"
#include "require.h"
#include "spec/check.h"
#include "spec/lint.h"
#include "spec/merge.h"

namespace immure::fuzz {
namespace {

const HostPlaces kPlaces{.home = "/home/u", .runtime_dir = "/run/user/1000"};

// A descriptor of the fuzzer's own would be read, or waited for.
void read_no_descriptors(SandboxSpec& spec) {
  for (Mount& mount : spec.mounts) {
    auto* file = std::get_if<FileContent>(&mount.what);
    if (file != nullptr && file->content_fd >= 0) *file = {.content = "of a descriptor"};
  }
}

// Empty: some intent can't be had, and why has been looked at.
std::vector<SandboxSpec> merged(const std::vector<SandboxSpec>& layers) {
  Errors warnings;
  SandboxSpec asked;
  for (const SandboxSpec& layer : layers) merge(asked.allow, layer.allow, warnings);
  auto expanded = expand_intents(asked.allow, false, circumstances());
  if (const auto* errors = std::get_if<Errors>(&expanded)) {
    try_errors(*errors);
    return {};
  }
  SandboxSpec spec;
  for (const ExpandedIntent& intent : std::get<ExpandedIntents>(expanded).intents) {
    merge(spec, intent.spec, warnings);
  }
  for (const SandboxSpec& layer : layers) merge(spec, layer, warnings);
  spec.allow.clear();
  read_no_descriptors(spec);
  if (!warnings.empty()) try_errors(warnings);
  return {std::move(spec)};
}

// "" where it can't be planned, and why has been looked at.
std::string planned(const SandboxSpec& spec) {
  SandboxSpec copy = spec;
  auto checked = check(std::move(copy), kPlaces);
  if (const auto* errors = std::get_if<Errors>(&checked)) {
    try_errors(*errors);
    return {};
  }
  const auto& good = std::get<CheckedSpec>(checked);
  const Request request{.command = {"true"}};
  const auto lowered = lower(good, request, host());
  const auto again = lower(good, request, host());
  require(lowered.index() == again.index(), "the same plan twice");
  if (const auto* errors = std::get_if<Errors>(&lowered)) {
    try_errors(*errors);
    return {};
  }
  const auto& plan = std::get<LaunchPlan>(lowered);
  try_plan(good.get(), host(), plan);
  std::string shown = describe(plan);
  require(is_plain(shown, true), "a plan that can be shown", shown);
  require(describe(std::get<LaunchPlan>(again)) == shown, "the same plan twice", shown);
  return shown;
}

// As explain --as toml writes it, and as it is read again.
void try_rewritten(const SandboxSpec& spec, const std::string& plan) {
  const Result<std::string> text = write_profile(spec, kPlaces);
  if (!text.ok()) return try_errors({text.error()});
  const auto file =
      std::make_shared<const SourceFile>(SourceFile{.name = "again.toml", .text = text.value()});
  const auto parsed = parse_profile(file, "/elsewhere", circumstances());
  if (const auto* errors = std::get_if<Errors>(&parsed)) {
    require(false, "a profile that can be read", text.value() + format_error(errors->front(), {}));
    return;
  }
  const std::vector<SandboxSpec> spec_again = merged({std::get<ProfileLayer>(parsed).spec});
  require(!spec_again.empty(), "intents that can be had", text.value());
  const std::string again = planned(spec_again.front());
  const std::string first = without_origins(plan);
  require(without_origins(again) == first, "the same plan of what explain writes",
          text.value() + "\n--- first:\n" + first + "\n--- then:\n" + again);
}

FakeFiles& files() {
  static FakeFiles made;
  static const bool filled = [] {
    add_usual_files(made);
    made.add_program("/usr/bin/newuidmap");
    made.add_program("/usr/bin/newgidmap");
    return true;
  }();
  (void)filled;
  return made;
}

}  // namespace

const Host& host() {
  static const Host usual = [] {
    Host made = usual_host(files());
    made.subordinate_uids = {{{100000, 65536}}};
    made.subordinate_gids = {{{100000, 65536}}};
    made.groups = {{27, 1000}};
    return made;
  }();
  return usual;
}

const Circumstances& circumstances() {
  static const Circumstances usual{
      .home = host().home,
      .user = host().user_name,
      .cwd = host().cwd,
      .exe = "/usr/bin/true",
      .uid = host().uid,
      .gid = host().gid,
      .arch = "x86_64",
      .project = {host().cwd},
      .intents = {intent_names({.pure = true})},
      .why_private = [](const std::string& path) { return why_private(host(), path); },
      .environment = host().environment,
      .name = "fuzz",
      .pure = true};
  return usual;
}

void try_layers(const std::vector<SandboxSpec>& layers) {
  const std::vector<SandboxSpec> all = merged(layers);
  if (all.empty()) return;
  const SandboxSpec& spec = all.front();
  const Errors warnings = lint(spec, kPlaces);
  if (!warnings.empty()) try_errors(warnings);
  const std::string plan = planned(spec);
  if (!plan.empty()) try_rewritten(spec, plan);
}

}  // namespace immure::fuzz
