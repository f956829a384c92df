#include "plan/lower_ordered.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/landlock.h"
#include "plan/lower_operations.h"

namespace immure {
namespace {

Error says(std::string text, int errnum = 0) {
  return Error{.code = Code::usage, .doing = std::move(text), .errnum = errnum};
}

void lower_namespaces(const OrderedSpec& spec, LaunchPlan& plan) {
  plan.namespaces = CLONE_NEWNS;
  for (const auto& [wanted, flag] :
       {std::pair(spec.new_user, CLONE_NEWUSER), std::pair(spec.new_pid, CLONE_NEWPID),
        std::pair(spec.new_ipc, CLONE_NEWIPC), std::pair(spec.new_uts, CLONE_NEWUTS),
        std::pair(spec.new_cgroup, CLONE_NEWCGROUP), std::pair(spec.new_net, CLONE_NEWNET)}) {
    if (wanted) plan.namespaces |= static_cast<std::uint64_t>(flag);
  }
  for (const auto& [fd, flag, kind] : {std::tuple(spec.join_user, CLONE_NEWUSER, "user"),
                                       std::tuple(spec.join_pid, CLONE_NEWPID, "pid")}) {
    if (fd < 0) continue;
    plan.join.push_back({.flag = static_cast<std::uint64_t>(flag),
                         .kind = kind,
                         .path = {},
                         .fd = fd,
                         .origin = Origin{.flag = std::string("--") +
                                                  (fd == spec.join_user ? "userns" : "pidns")}});
  }
}

std::string map_of(std::uint64_t inside, std::uint64_t outside) {
  return std::to_string(inside) + ' ' + std::to_string(outside) + " 1\n";
}

void lower_ids(const OrderedSpec& spec, const OrderedHost& host, LaunchPlan& plan) {
  plan.deny_setgroups = spec.new_user;
  if (!spec.new_user || spec.maps_by_caller) return;
  plan.uid_map = map_of(spec.uid.value_or(host.uid), host.uid);
  plan.gid_map = map_of(spec.gid.value_or(host.gid), host.gid);
}

// What comes when all is mounted: user namespaces, ids, and what is left of the terminal.
void lower_user(const OrderedSpec& spec, const OrderedHost& host, LaunchPlan& plan) {
  std::vector<PlannedStep>& steps = plan.setup;
  if (spec.join_user_after >= 0) steps.push_back({EnterUserNamespace{spec.join_user_after}, {}});
  if (spec.join_user >= 0 && (spec.uid || spec.gid)) {
    steps.push_back({SetIds{spec.uid, spec.gid}, {}});
  }
  if (spec.refuse_user_namespaces) {
    const uid_t uid = spec.uid.value_or(host.uid);
    const gid_t gid = spec.gid.value_or(host.gid);
    steps.push_back({WriteProc{.file = "sys/user/max_user_namespaces", .value = "1"}, {}});
    steps.push_back({NewUserNamespace{map_of(uid, uid), map_of(gid, gid)}, {}});
  }
  if (spec.refuse_user_namespaces || spec.assert_refused) {
    steps.push_back({CheckNoUserNamespaces{}, {}});
  }
  if (spec.new_session) steps.push_back({NewSession{}, {}});
}

void lower_environment(const OrderedSpec& spec, const OrderedHost& host, CommandPlan& command) {
  std::vector<std::string>& variables = command.environment;
  if (!spec.clear_environment) variables = host.environment;
  for (const auto& [name, value] : spec.environment) {
    const std::string start = name + '=';
    std::erase_if(variables, [&](const std::string& one) { return one.starts_with(start); });
    if (value) variables.push_back(start + *value);
  }
}

std::string variable(const CommandPlan& command, std::string_view name, const char* otherwise) {
  for (const std::string& one : command.environment) {
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
  }
  return otherwise;
}

// As execvp(3) looks it up.
void lower_command(const OrderedSpec& spec, CommandPlan& command) {
  command.argv = spec.command;
  command.shown = spec.command.front();
  if (spec.argv0) command.argv.front() = *spec.argv0;
  if (command.shown.empty()) return;  // execvp(3): ENOENT
  if (command.shown.contains('/')) {
    command.candidates.push_back(command.shown);
    return;
  }
  const std::string path = variable(command, "PATH", "/bin:/usr/bin");
  std::string_view rest = path;
  for (;;) {
    const std::size_t end = rest.find(':');
    const std::string directory(rest.substr(0, end));
    command.candidates.push_back(directory.empty() ? command.shown
                                                   : directory + '/' + command.shown);
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + 1);
  }
}

void lower_directory(const OrderedSpec& spec, const OrderedHost& host, LaunchPlan& plan) {
  ChangeToFirst step;
  Origin origin;
  if (spec.directory) {
    step.paths = {*spec.directory};
    origin.flag = "--chdir";
  } else {
    if (!host.cwd.empty()) step.paths.push_back(host.cwd);
    const std::string home = variable(plan.command, "HOME", "");
    if (!home.empty()) step.paths.push_back(home);
    step.paths.emplace_back("/");
  }
  for (const std::string& path : step.paths) step.settings.push_back("PWD=" + path);
  plan.command_setup.push_back({std::move(step), origin});
  std::vector<std::string>& variables = plan.command.environment;
  std::erase_if(variables, [](const std::string& one) { return one.starts_with("PWD="); });
  variables.push_back("PWD=/");  // the step puts its own in this place, the last
}

// The command must not reach into pid 1, which for bubblewrap's callers can be looked into from
// outside: it has capabilities that the command lacks, or, where the command has them all, lies
// outside of the command's Landlock domain.
void shield_init(const OrderedHost& host, LaunchPlan& plan) {
  constexpr int scopes = 6;  // Landlock's ABI
  if (host.landlock_abi < scopes || (plan.namespaces & CLONE_NEWPID) == 0) return;
  plan.command_setup.push_back(
      {RestrictSelf{.abi = host.landlock_abi,
                    .scoped = landlock_signals,
                    .paths = {},
                    .ports = {},
                    .descriptors = {},
                    .proof = plan.reaper ? LandlockProof::signal : LandlockProof::none},
       {}});
}

void lower_privileges(const OrderedSpec& spec, const OrderedHost& host, LaunchPlan& plan) {
  std::vector<PlannedStep>& steps = plan.command_setup;
  if (!spec.exec_label.empty()) {
    steps.push_back(
        {SetExecLabel{.apparmor = false, .label = spec.exec_label, .request = spec.exec_label},
         Origin{.flag = "--exec-label"}});
  }
  if (host.uid == 0 && !spec.capabilities) {
    // A user namespace of its own has them all, also for one who has been left some only.
    steps.push_back({NoNewPrivileges{.bounding = host.capabilities}, {}});
    if (plan.reaper) shield_init(host, plan);
    return;
  }
  const std::uint64_t keep = spec.capabilities.value_or(0);
  steps.push_back({LimitPrivileges{.keep = keep, .bounding = keep, .securebits = false}, {}});
  if (keep != 0 && plan.reaper) shield_init(host, plan);
}

std::optional<Error> lower_filters(const OrderedSpec& spec, const OrderedHost& host,
                                   LaunchPlan& plan) {
  for (const int fd : spec.filters) {
    if (!host.is_open(fd)) return says("Can't read seccomp data", EBADF);
    auto late = std::make_shared<LateFilter>();
    late->from = fd;
    plan.command_setup.push_back(
        {LoadFilter{
             .name = "of descriptor " + std::to_string(fd), .quiet = true, .late = std::move(late)},
         {}});
  }
  return {};
}

}  // namespace

std::variant<LaunchPlan, Error> lower_ordered(const OrderedSpec& spec, const OrderedHost& host) {
  if ((!spec.exec_label.empty() || !spec.file_label.empty()) && !host.selinux) {
    return says("labeling not supported on this system");
  }
  LaunchPlan plan;
  lower_namespaces(spec, plan);
  lower_ids(spec, host, plan);
  const bool own_pids = spec.new_pid || spec.join_pid >= 0;
  plan.reaper = !spec.as_pid_1 && (spec.new_pid || !spec.lock_files.empty() || spec.sync_fd >= 0);
  plan.die_with_parent = spec.die_with_parent;
  if (!spec.new_user && spec.join_user < 0) plan.setup.push_back({LeavePeers{}, {}});
  if (!spec.file_label.empty()) {
    plan.setup.push_back({WriteProc{.file = "thread-self/attr/fscreate", .value = spec.file_label},
                          Origin{.flag = "--file-label"}});
  }
  if (auto failed = lower_operations(spec, host, own_pids, plan)) return *std::move(failed);
  plan.setup.push_back({EnterRoot{}, {}});
  if (spec.new_net) plan.setup.push_back({LoopbackUp{}, {}});
  lower_user(spec, host, plan);

  lower_environment(spec, host, plan.command);
  lower_command(spec, plan.command);
  plan.command_setup.push_back({SetUmask{host.umask}, {}});
  lower_privileges(spec, host, plan);
  lower_directory(spec, host, plan);
  if (auto failed = lower_filters(spec, host, plan)) return *std::move(failed);
  return plan;
}

}  // namespace immure
