#include "plan/lower_environment.h"

#include <fnmatch.h>

#include <string_view>
#include <utility>

#include "base/path.h"

namespace immure {
namespace {

using Variables = std::map<std::string, std::string>;

constexpr std::string_view kUsualPath = "/usr/local/bin:/usr/bin:/bin";

void add_floor(const SandboxSpec& spec, const Host& host, const RootTree& tree,
               Variables& variables) {
  const auto callers = [&](const char* name) {
    const auto found = host.environment.find(name);
    return found == host.environment.end() ? std::string_view() : found->second;
  };
  std::string path = visible_directories(callers("PATH"), tree);
  if (path.empty()) path = visible_directories(kUsualPath, tree);
  if (!path.empty()) variables["PATH"] = std::move(path);
  variables["HOME"] = host.home.empty() ? "/" : host.home;
  variables["USER"] = variables["LOGNAME"] =
      spec.user.name.get_or(host.user_name.empty() ? "user" : host.user_name);
  if (is_absolute(host.shell)) {
    const Result<Seen> shell = tree.look(host.shell);
    if (shell.ok() && shell.value().exists()) variables["SHELL"] = host.shell;
  }
  for (const char* name : {"TERM", "COLORTERM", "NO_COLOR", "LANG"}) {
    const auto found = host.environment.find(name);
    if (found != host.environment.end()) variables[name] = found->second;
  }
}

bool is_pattern(std::string_view name) { return name.find('*') != std::string_view::npos; }

void apply(const std::string& name, const EnvRule& rule, const Host& host, Variables& variables) {
  switch (rule.kind) {
    case EnvRule::Kind::text:
      variables[name] = rule.text;
      return;
    case EnvRule::Kind::unset:
      variables.erase(name);
      return;
    case EnvRule::Kind::pass:
      break;
  }
  const auto found = host.environment.find(name);
  if (found != host.environment.end()) {
    variables[name] = found->second;
  } else if (rule.has_fallback) {
    variables[name] = rule.fallback;
  }
}

void apply_pattern(const std::string& pattern, const EnvRule& rule, const Host& host,
                   Variables& variables, LaunchPlan& plan) {
  const auto matches = [&](const std::string& name) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  };
  if (rule.kind == EnvRule::Kind::unset) {
    std::erase_if(variables, [&](const auto& variable) { return matches(variable.first); });
    return;
  }
  for (auto variable = host.environment.begin(); variable != host.environment.end(); ++variable) {
    const std::string name(variable->first);
    if (!matches(name) || host.environment.find(name) != variable) continue;
    variables[name] = rule.kind == EnvRule::Kind::text ? rule.text : variable->second;
    if (rule.secret) plan.command.secrets.push_back(name);
  }
}

}  // namespace

std::string visible_directories(std::string_view path_variable, const RootTree& tree) {
  std::string visible;
  std::string_view rest = path_variable;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string entry(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    if (!is_absolute(entry)) continue;
    const Result<Seen> seen = tree.look(collapse(entry));
    if (!seen.ok() || seen.value().kind != FileKind::directory) continue;
    if (!visible.empty()) visible += ':';
    visible += entry;
  }
  return visible;
}

Variables lower_environment(const SandboxSpec& spec, const std::string& name_of_sandbox,
                            const Host& host, const RootTree& tree, LaunchPlan& plan) {
  Variables variables;
  add_floor(spec, host, tree, variables);
  variables["IMMURE_SANDBOX"] = name_of_sandbox;
  // A rule for one name says more than a pattern.
  for (const auto& [name, rule] : spec.env) {
    if (rule.is_set() && is_pattern(name)) {
      apply_pattern(name, *rule.value, host, variables, plan);
    }
  }
  for (const auto& [name, rule] : spec.env) {
    if (!rule.is_set() || is_pattern(name)) continue;
    apply(name, *rule.value, host, variables);
    if (rule.value->secret) plan.command.secrets.push_back(name);
  }
  for (const auto& [name, value] : variables) {
    std::string& line = plan.command.environment.emplace_back(name);
    line.append(1, '=').append(value);
  }
  return variables;
}

}  // namespace immure
