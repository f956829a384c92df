#include "plan/lower.h"

#include <map>
#include <utility>

#include "base/text.h"
#include "plan/host_directories.h"
#include "plan/lower_command.h"
#include "plan/lower_environment.h"
#include "plan/lower_ids.h"
#include "plan/lower_mounts.h"
#include "plan/lower_process.h"
#include "plan/lower_security.h"
#include "plan/lower_user.h"

namespace immure {
namespace {

void add_oom_score(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors) {
  const Setting<std::int64_t>& wanted = spec.process.oom_score_adj;
  if (!wanted.is_set()) return;
  const auto score = static_cast<int>(*wanted.value);
  if (score < host.oom_score_adj.get()) {
    errors.push_back({.code = Code::cannot_lower,
                      .doing = "process.oom_score_adj " + std::to_string(score) +
                               " is below ours, " + std::to_string(host.oom_score_adj.get()),
                      .origin = wanted.origin,
                      .hint = "without privilege it can only be raised"});
  }
  plan.setup.push_back({SetOomScoreAdj{score}, wanted.origin});
}

void add_state(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors) {
  const State& state = spec.state;
  const Origin& origin = state.dir.is_set()    ? state.dir.origin
                         : state.name.is_set() ? state.name.origin
                                               : state.lock.origin;
  const Result<ResolvedPath> found = host.files->resolve(state.used);
  if (!found.ok()) {
    errors.push_back(found.error());
    return;
  }
  const ResolvedPath& resolved = found.value();
  if (resolved.kind == FileKind::missing) {
    if (!add_missing_directories(host, resolved.canonical, state.used, origin,
                                 plan.host_directories, errors)) {
      return;
    }
  } else if (resolved.kind != FileKind::directory) {
    errors.push_back({.code = Code::refused_mount,
                      .doing = quote(state.used) + " can't hold the state",
                      .errnum = ENOTDIR,
                      .origin = origin});
    return;
  }
  plan.state = {.path = resolved.canonical,
                .shared = state.lock.get_or(StateLock::exclusive) == StateLock::share,
                .origin = origin};
}

// What is not found inside would only repeat what is wrong with the mounts.
bool follows_from_mounts(const Error& error) {
  return error.code == Code::cwd_missing || error.code == Code::not_found_inside ||
         error.code == Code::not_executable;
}

std::variant<LaunchPlan, Errors> lower_checked(const SandboxSpec& spec, const Request& request,
                                               const Host& host) {
  LaunchPlan plan;
  Errors errors;

  lower_namespaces(spec, plan);
  lower_id_maps(spec, host, plan, errors);
  lower_lifetime(spec, plan);
  const std::size_t errors_before_mounts = errors.size();
  const RootTree tree = lower_mounts(spec, host, plan, errors);
  if (!spec.state.used.empty()) add_state(spec, host, plan, errors);
  const bool mounts_failed = errors.size() > errors_before_mounts;

  lower_kernel_settings(spec, host, plan, errors);
  add_oom_score(spec, host, plan, errors);
  plan.setup.push_back({EnterRoot{}, {}});
  lower_mount_locks(spec, plan);
  lower_names(spec, plan);
  lower_groups(spec, host, plan);

  lower_process(spec, host, tree, plan, errors);
  lower_privileges(spec, host, tree, plan, errors);
  const std::map<std::string, std::string> variables =
      lower_environment(spec, request.name, host, tree, plan);
  const auto path = variables.find("PATH");
  lower_command(spec, request, host, tree, path == variables.end() ? "" : path->second,
                spec.process.cwd.get_or(host.cwd), plan, errors);
  if (mounts_failed) std::erase_if(errors, follows_from_mounts);
  if (!errors.empty()) return errors;
  return plan;
}

}  // namespace

std::variant<LaunchPlan, Errors> lower(const CheckedSpec& spec, const Request& request,
                                       const Host& host) {
  if (!wants_user_files(spec.get())) return lower_checked(spec.get(), request, host);
  return lower_checked(with_user_files(spec.get(), host), request, host);
}

}  // namespace immure
