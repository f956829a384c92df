#include "spec/check.h"

#include <algorithm>
#include <utility>

#include "commands/circumstances.h"
#include "commands/command.h"
#include "commands/pipeline.h"
#include "config/profile_file.h"

namespace immure {
namespace {

constexpr int found_something = 1;
constexpr int failure = 2;

// What could not even be read is a failure of ours, not a finding about a profile.
bool is_unreadable(const Error& error) {
  const bool named_here = error.origin.file == nullptr;
  return error.code == Code::file_unreadable ||
         (error.code == Code::extends_not_found && named_here);
}

Errors errors_of(const std::string& profile, Circumstances& circumstances, Errors& warnings) {
  circumstances.name = plain_profile_name(profile);
  auto merged = merge_layers({profile}, {}, circumstances);
  if (auto* errors = std::get_if<Errors>(&merged)) return std::move(*errors);
  auto& result = std::get<Merged>(merged);
  warnings.insert(warnings.end(), result.warnings.begin(), result.warnings.end());
  auto checked = check(std::move(result.spec));
  if (auto* errors = std::get_if<Errors>(&checked)) return std::move(*errors);
  return {};
}

}  // namespace

Outcome check_command(const Arguments& args, LogStyle& style) {
  if (args.rest.empty()) {
    return Outcome{.status = failure,
                   .errors = {Error{.code = Code::usage,
                                    .reason = "immure check needs a profile",
                                    .hint = "immure check ./web.toml"}}};
  }
  const Host host = this_host(real_files());
  style.home = host.home;
  Circumstances circumstances = circumstances_of(host, "", {});
  Outcome outcome;
  Errors warnings;
  for (const std::string& profile : args.rest) {
    for (Error& error : errors_of(profile, circumstances, warnings)) {
      outcome.errors.push_back(std::move(error));
    }
  }
  for (const Error& warning : warnings) log_warning(warning, style);
  if (std::ranges::any_of(outcome.errors, is_unreadable)) {
    outcome.status = failure;
  } else if (!outcome.errors.empty() || !warnings.empty()) {
    outcome.status = found_something;
  }
  return outcome;
}

}  // namespace immure
