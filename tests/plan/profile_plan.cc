#include "profile_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "config/intents.h"
#include "config/write_profile.h"
#include "spec/check.h"
#include "spec/merge.h"

namespace immure {

std::string show_errors(const Errors& errors) {
  std::string out;
  for (const Error& error : errors) {
    out += format_error(error, {}) + "exit " + std::to_string(error.exit_code) + "\n";
  }
  return out;
}

std::variant<SandboxSpec, Errors> spec_of_layers(const std::vector<ProfileLayer>& layers,
                                                 const Circumstances& circumstances,
                                                 std::vector<std::string>& notes) {
  SandboxSpec asked;
  Errors warnings;
  bool cwd_is_keyed = false;
  for (const ProfileLayer& layer : layers) {
    merge(asked.allow, layer.spec.allow, warnings);
    cwd_is_keyed = cwd_is_keyed || std::any_of(layer.spec.mounts.begin(), layer.spec.mounts.end(),
                                               [&](const Mount& mount) {
                                                 return mount.target == circumstances.cwd;
                                               });
  }
  auto expanded = expand_intents(asked.allow, cwd_is_keyed, circumstances);
  if (auto* errors = std::get_if<Errors>(&expanded)) return std::move(*errors);
  auto& intents = std::get<ExpandedIntents>(expanded);
  SandboxSpec spec;
  for (const ExpandedIntent& intent : intents.intents) merge(spec, intent.spec, warnings);
  for (const ProfileLayer& layer : layers) merge(spec, layer.spec, warnings);
  spec.allow.clear();
  notes = std::move(intents.notes);
  return spec;
}

void write_and_read(SandboxSpec& spec, const HostPlaces& places,
                    const Circumstances& circumstances) {
  const Result<std::string> text = write_profile(spec, places);
  ASSERT_TRUE(text.ok()) << text.error().doing;
  const auto source =
      std::make_shared<const SourceFile>(SourceFile{.name = "again.toml", .text = text.value()});
  auto again = parse_profile(source, "/elsewhere", circumstances);
  const auto* errors = std::get_if<Errors>(&again);
  ASSERT_EQ(errors, nullptr) << show_errors(*errors) << text.value();
  const auto& layer = std::get<ProfileLayer>(again);
  EXPECT_EQ(layer.extends.value, std::vector<std::string>());
  auto expanded = expand_intents(layer.spec.allow, false, circumstances);
  ASSERT_TRUE(std::holds_alternative<ExpandedIntents>(expanded));
  spec = {};
  Errors warnings;
  for (const ExpandedIntent& intent : std::get<ExpandedIntents>(expanded).intents) {
    merge(spec, intent.spec, warnings);
  }
  merge(spec, layer.spec, warnings);
  spec.allow.clear();
  EXPECT_TRUE(warnings.empty());
  const Result<std::string> second = write_profile(spec, places);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second.value(), text.value());
}

std::variant<std::string, Errors> plan_text(SandboxSpec spec, const HostPlaces& places,
                                            const Request& request, const Host& host,
                                            const std::vector<std::string>& notes) {
  // What the pipeline reads from the host: a filter that allows all, but for one empty file.
  if (spec.seccomp.file.is_set() && *spec.seccomp.file.value != "/srv/empty.bpf") {
    constexpr std::string_view kAllowAll("\x06\0\0\0\0\0\xff\x7f", 8);
    spec.seccomp.file_bytes = std::string(kAllowAll);
  }
  auto checked = check(std::move(spec), places);
  if (auto* errors = std::get_if<Errors>(&checked)) return std::move(*errors);
  auto lowered = lower(std::get<CheckedSpec>(checked), request, host);
  if (auto* errors = std::get_if<Errors>(&lowered)) return std::move(*errors);
  auto& plan = std::get<LaunchPlan>(lowered);
  plan.notes.insert(plan.notes.begin(), notes.begin(), notes.end());
  return describe(plan);
}

std::string without_origins(std::string plan) {
  constexpr std::string_view kLead = "   [";
  for (std::size_t at = plan.find(kLead); at != plan.npos; at = plan.find(kLead, at + 1)) {
    const std::size_t end = std::min(plan.find('\n', at), plan.size());
    if (plan[end - 1] == ']') plan.erase(at, end - at);
  }
  return plan;
}

}  // namespace immure
