#include "config/choose.h"

#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/matches.h"
#include "config/project.h"

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

std::variant<Choice, Errors> require_project(const std::vector<std::string>& asked,
                                             const std::string& path,
                                             const Circumstances& circumstances) {
  if (path.empty()) {
    return Errors{Error{.code = Code::extends_not_found,
                        .doing = "there is no .immure.toml in " +
                                 quote(tilde(circumstances.cwd, circumstances.home)) +
                                 " or above it, on the same mount and not above the home",
                        .origin = Origin{.flag = "--project"}}};
  }
  auto project = read_project_file(path, circumstances);
  if (!project.ok()) return Errors{std::move(project.error())};
  if (project.value().trust != ProjectTrust::trusted) {
    Error error = untrusted(path, project.value().trust, circumstances);
    error.origin.flag = "--project";
    return Errors{std::move(error)};
  }
  return Choice{.project = std::move(project.value().text), .names = asked};
}

// The trusted one, or nothing and a warning.
std::optional<ProfileText> trusted_project(const Circumstances& circumstances, Errors& warnings) {
  const std::string path = find_project_file(circumstances.cwd, circumstances);
  if (path.empty()) return std::nullopt;
  auto project = read_project_file(path, circumstances);
  if (!project.ok()) {
    warnings.push_back(as_warning(std::move(project.error())));
    return std::nullopt;
  }
  if (project.value().trust == ProjectTrust::trusted) return std::move(project.value().text);
  warnings.push_back(as_warning(untrusted(path, project.value().trust, circumstances)));
  return std::nullopt;
}

}  // namespace

std::variant<Choice, Errors> choose_profiles(const std::vector<std::string>& asked, ProjectUse use,
                                             const Circumstances& circumstances) {
  if (use == ProjectUse::required) {
    return require_project(asked, find_project_file(circumstances.cwd, circumstances),
                           circumstances);
  }
  Choice choice{.names = asked};
  if (!choice.names.empty()) return choice;
  const auto variable = circumstances.environment.find("IMMURE_PROFILE");
  if (variable != circumstances.environment.end() && !variable->second.empty()) {
    choice.names = {variable->second};
    return choice;
  }
  if (use == ProjectUse::if_trusted) {
    choice.project = trusted_project(circumstances, choice.warnings);
    if (choice.project) return choice;
  }
  std::string matching = find_match(circumstances, choice.warnings);
  choice.names = {matching.empty() ? "default" : std::move(matching)};
  return choice;
}

}  // namespace immure
