#include "spec/check.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "commands/bound_sockets.h"
#include "commands/circumstances.h"
#include "commands/command.h"
#include "commands/pipeline.h"
#include "config/filter_bytes.h"
#include "config/profile_file.h"
#include "plan/lower_filter.h"
#include "spec/lint.h"

namespace immure {
namespace {

constexpr int found_something = 1;
constexpr int failure = 2;

struct Findings {
  Errors errors, warnings;
};

// What could not even be read is a failure of ours, not a finding about a profile.
bool is_unreadable(const Error& error) {
  const bool named_here = error.origin.file == nullptr;
  return error.code == Code::file_unreadable ||
         (error.code == Code::extends_not_found && named_here);
}

// `host` null: nothing is asked of this one.
Findings look_at(const std::string& profile, Circumstances& circumstances, const Host* host) {
  circumstances.name = plain_profile_name(profile);
  Findings found;
  auto merged = merge_layers({profile}, {}, circumstances);
  if (auto* errors = std::get_if<Errors>(&merged)) {
    found.errors = std::move(*errors);
    return found;
  }
  auto& result = std::get<Merged>(merged);
  const HostPlaces places = places_of(circumstances);
  found.warnings = std::move(result.warnings);
  if (!circumstances.pure) {
    if (auto error = read_filter_bytes(result.spec.seccomp, circumstances)) {
      found.errors.push_back(std::move(*error));
    }
  }
  FilterFindings filter = check_filter(result.spec);
  std::ranges::move(filter.errors, std::back_inserter(found.errors));
  std::ranges::move(filter.warnings, std::back_inserter(found.warnings));
  drop_allowed(found.warnings, result.spec);
  for (Error& warning : lint(result.spec, places)) found.warnings.push_back(std::move(warning));
  if (host != nullptr) {
    std::ranges::move(bound_sockets(result.spec, *host, false), std::back_inserter(found.warnings));
  }
  auto checked = check(std::move(result.spec), places);
  if (auto* errors = std::get_if<Errors>(&checked)) {
    std::ranges::move(*errors, std::back_inserter(found.errors));
  }
  return found;
}

// Errors and warnings of one profile, as they stand in the file.
Errors in_order(Findings found) {
  Errors all = std::move(found.errors);
  std::ranges::move(found.warnings, std::back_inserter(all));
  sort_by_place(all);
  return all;
}

}  // namespace

Outcome check_command(const Arguments& args, LogStyle& style) {
  if (args.rest.empty()) {
    return failed(Error{.code = Code::usage,
                        .reason = "immure check needs a profile",
                        .hint = "immure check ./web.toml"});
  }
  std::optional<Host> host;  // outlives the circumstances
  Circumstances circumstances;
  if (args.has(OptionId::pure)) {
    circumstances = made_up_circumstances();
  } else {
    host = this_host(real_files());
    style.home = host->home;
    circumstances = circumstances_of(*host, "", {});
  }
  int status = 0;
  std::set<std::string> said;  // a profile that several extend is wrong only once
  std::string json;
  for (const std::string& profile : args.rest) {
    for (const Error& finding :
         in_order(look_at(profile, circumstances, host ? &*host : nullptr))) {
      const Severity severity = is_lint(finding.code) ? Severity::warning : Severity::error;
      const std::string message = json_message(finding, severity, style);
      if (!said.insert(message).second) continue;
      status = std::max(status, is_unreadable(finding) ? failure : found_something);
      if (args.has(OptionId::json)) {
        json += (json.empty() ? "\n" : ",\n") + message;
      } else if (severity == Severity::error) {
        log_error(finding, style);
      } else {
        log_warning(finding, style);
      }
    }
  }
  if (args.has(OptionId::json)) {
    Outcome printed = print('[' + json + (json.empty() ? "]\n" : "\n]\n"), failure);
    if (printed.status != 0) return printed;
  }
  return Outcome{.status = status};
}

}  // namespace immure
