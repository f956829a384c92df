#include "config/choose.h"

#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/matches.h"
#include "config/project.h"
#include "config/trust.h"

namespace immure {
namespace {

Error untrusted(const std::string& path, ProjectTrust trust, const Circumstances& circumstances) {
  const std::string directory = tilde(parent_of(path), circumstances.home);
  return Error{.code = Code::project_untrusted,
               .doing = "project file " + quote(tilde(path, circumstances.home)) +
                        (trust == ProjectTrust::changed ? " has changed since it was trusted"
                                                        : " is not trusted"),
               .hint = "immure trust " + escape(directory)};
}

// One line: what is wrong, and what to do about it.
Error as_warning(Error error) {
  error.reason = "not used";
  if (!error.hint.empty()) error.reason += " (" + error.hint + ")";
  error.hint.clear();
  return error;
}

// A trusted file decides what a start may do. It may be that a sandbox, started in the directory
// above or in one below, took it away or put another in front of it: that must not go unnoticed.
// `found`: the nearest file that is there.
std::optional<Error> lost_trust(const std::string& found, const TrustedFiles& trusted,
                                const Circumstances& circumstances) {
  const std::string kept = find_trusted_file(circumstances.cwd, trusted, circumstances);
  if (kept.empty() || kept == found) return std::nullopt;
  const auto shown = [&](std::string_view path) { return tilde(path, circumstances.home); };
  Error error{.code = Code::project_untrusted};
  if (!found.empty() && depth(found) > depth(kept)) {
    const std::string directory = escape(shown(parent_of(found)));
    error.doing = "project file " + quote(shown(found)) + " is not trusted, and stands before " +
                  quote(shown(kept)) + ", which is";
    error.hint = "look at it, then remove it, or: immure trust " + directory;
  } else {
    error.doing = "project file " + quote(shown(kept)) + " is trusted, but gone";
    error.hint =
        "put it back, or, if it is to be gone: immure untrust " + escape(shown(parent_of(kept)));
  }
  error.hint += "\nto start without it all the same: --no-project, or -p PROFILE";
  return error;
}

std::variant<Choice, Errors> require_project(const std::vector<std::string>& asked,
                                             const Circumstances& circumstances) {
  const Origin origin{.flag = "--project"};
  const auto fail = [&](Error error) {
    error.origin = origin;
    return Errors{std::move(error)};
  };
  const std::string path = find_project_file(circumstances.cwd, circumstances);
  auto trusted = read_trusted(circumstances);
  if (!trusted.ok()) return Errors{std::move(trusted.error())};
  if (auto error = lost_trust(path, trusted.value(), circumstances)) return fail(std::move(*error));
  if (path.empty()) {
    return fail({.code = Code::extends_not_found,
                 .doing = "there is no .immure.toml in " +
                          quote(tilde(circumstances.cwd, circumstances.home)) +
                          " or above it, on the same mount and not above the home"});
  }
  auto project = read_project_file(path, trusted.value(), circumstances);
  if (!project.ok()) return Errors{std::move(project.error())};
  if (project.value().trust != ProjectTrust::trusted) {
    return fail(untrusted(path, project.value().trust, circumstances));
  }
  return Choice{.project = std::move(project.value().text), .names = asked};
}

// Puts the trusted file into the choice, or a warning why there is none. An error: one was trusted
// and cannot be used.
std::optional<Error> take_trusted_project(const Circumstances& circumstances, Choice& choice) {
  const std::string path = find_project_file(circumstances.cwd, circumstances);
  auto trusted = read_trusted(circumstances);
  if (!trusted.ok()) {
    choice.warnings.push_back(as_warning(std::move(trusted.error())));
    return std::nullopt;
  }
  if (auto error = lost_trust(path, trusted.value(), circumstances)) return error;
  if (path.empty()) return std::nullopt;
  auto project = read_project_file(path, trusted.value(), circumstances);
  if (!project.ok()) {
    if (trusted.value().contains(path)) return std::move(project.error());
    choice.warnings.push_back(as_warning(std::move(project.error())));
  } else if (project.value().trust == ProjectTrust::trusted) {
    choice.project = std::move(project.value().text);
  } else {
    choice.warnings.push_back(as_warning(untrusted(path, project.value().trust, circumstances)));
  }
  return std::nullopt;
}

}  // namespace

std::variant<Choice, Errors> choose_profiles(const std::vector<std::string>& asked, ProjectUse use,
                                             const Circumstances& circumstances) {
  if (auto error = silent_user_files(circumstances)) return Errors{std::move(*error)};
  if (use == ProjectUse::required) {
    return require_project(asked, circumstances);
  }
  Choice choice{.names = asked};
  if (!choice.names.empty()) return choice;
  const auto variable = circumstances.environment.find("IMMURE_PROFILE");
  if (variable != circumstances.environment.end() && !variable->second.empty()) {
    choice.names.emplace_back(variable->second);
    return choice;
  }
  if (use == ProjectUse::if_trusted) {
    if (auto error = take_trusted_project(circumstances, choice)) return Errors{std::move(*error)};
    if (choice.project) return choice;
  }
  std::string matching = find_match(circumstances, choice.warnings);
  choice.names = {matching.empty() ? "default" : std::move(matching)};
  return choice;
}

}  // namespace immure
