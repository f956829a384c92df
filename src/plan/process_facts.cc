// Facts about everything but paths: network, environment, limits, processes, ids, filter.
#include <fnmatch.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "plan/facts.h"
#include "plan/kept_groups.h"

namespace immure {
namespace {

struct Shared {
  std::uint64_t flag;
  Heading heading;
  const char* subject;
  const char* own;
  const char* hosts;
};

constexpr auto kShared = std::to_array<Shared>({
    {CLONE_NEWNET, Heading::network, "network", "none: an own one with nothing but lo",
     "the host's: all that this machine reaches, and its abstract sockets"},
    {CLONE_NEWIPC, Heading::network, "shared memory and queues", "the sandbox's own", "the host's"},
    {CLONE_NEWPID, Heading::process, "processes seen", "the sandbox's own",
     "the host's: it may end any of yours, immure's own too, and leave some of its own behind"},
    {CLONE_NEWUTS, Heading::identity, "host name", "the sandbox's own", "the host's"},
    {CLONE_NEWCGROUP, Heading::identity, "control group paths", "the sandbox's own", "the host's"},
});

Origin origin_of(const SandboxSpec& spec, std::uint64_t flag) {
  const Namespaces& ns = spec.namespaces;
  switch (flag) {
    case CLONE_NEWNET:
      return ns.net.origin;
    case CLONE_NEWIPC:
      return ns.ipc.origin;
    case CLONE_NEWPID:
      return ns.pid.origin;
    case CLONE_NEWUTS:
      return ns.uts.origin;
    default:
      return ns.cgroup.origin;
  }
}

std::string time_text(std::int64_t nanoseconds) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  const std::int64_t ms = nanoseconds / ns_per_ms;
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

std::string ids(std::string map) {
  if (map.empty()) return "as the joined user namespace maps it";
  if (std::ranges::count(map, '\n') > 1) {
    while (map.ends_with('\n')) map.pop_back();
    for (std::size_t at = 0; (at = map.find('\n', at)) != std::string::npos;)
      map.replace(at, 1, ", ");
    return map + " (inside, outside, count)";
  }
  // "inside outside count\n"
  const std::size_t space = map.find(' ');
  const std::size_t second = map.find(' ', space + 1);
  if (space == std::string::npos || second == std::string::npos) return map;
  const std::string in = map.substr(0, space);
  const std::string out = map.substr(space + 1, second - space - 1);
  return in == out ? in : in + ", which is " + out + " outside";
}

// What follows this front in a step's own words; empty: the step is another one.
std::string after(const std::string& words, std::string_view front) {
  return words.starts_with(front) ? words.substr(front.size()) : std::string();
}

// The words of --dry-run, taken apart: "limit nofile to 64" -> limits, "nofile", "64".
struct Phrase {
  std::string_view front;
  Heading heading;
  const char* subject;  // null: the word behind the front
};
constexpr auto kPhrases = std::to_array<Phrase>({
    {"limit privileges: capabilities ", Heading::identity, "capabilities"},
    {"limit ", Heading::limits, nullptr},
    {"set the nice value to ", Heading::limits, "niceness"},
    {"set the OOM score adjustment to ", Heading::limits, "readiness to be killed"},
    {"run on processors ", Heading::limits, "processors"},
    {"schedule as ", Heading::limits, "scheduling"},
    {"set the I/O priority to ", Heading::limits, "disk access"},
    {"read standard input from ", Heading::process, "standard input"},
    {"write standard output to ", Heading::process, "standard output"},
    {"write standard error to ", Heading::process, "standard error"},
    {"change directory to ", Heading::process, "starts in"},
    {"set the umask to ", Heading::process, "umask"},
    {"set the personality to ", Heading::process, "personality"},
    {"set the host name to ", Heading::identity, "host name"},
    {"set the domain name to ", Heading::identity, "domain name"},
    {"start the command with the AppArmor profile ", Heading::identity, "AppArmor profile"},
    {"start the command with the SELinux label ", Heading::identity, "SELinux label"},
    {"load the system call filter: ", Heading::filter, "filter"},
    {"restrict by Landlock: ", Heading::filter, "Landlock"},
    {"make a time namespace, offsets ", Heading::identity, "clocks"},
});

// False: the step has no words here.
bool add_step(const PlannedStep& step, std::vector<Fact>& facts) {
  const std::string words = describe(step.what);
  for (const Phrase& phrase : kPhrases) {
    std::string rest = after(words, phrase.front);
    if (rest.empty()) continue;
    std::string subject = phrase.subject != nullptr ? phrase.subject : "";
    if (phrase.subject == nullptr) {
      const std::size_t space = rest.find(" to ");
      subject = rest.substr(0, space);
      rest = space == std::string::npos ? "" : rest.substr(space + 4);
    }
    facts.push_back({phrase.heading, std::move(subject), std::move(rest), step.origin, {}});
    return true;
  }
  if (const auto* write = std::get_if<WriteProc>(&step.what)) {
    if (write->file == "sys/kernel/pid_max") {
      facts.push_back(
          {Heading::limits, "processes of all ids", "below " + write->value, step.origin, {}});
      return true;
    }
    const bool nesting = write->file.starts_with("sys/user/max_");
    facts.push_back({nesting ? Heading::filter : Heading::network,
                     nesting ? "own " + write->file.substr(13) + " inside" : "/proc/" + write->file,
                     write->value,
                     step.origin,
                     {}});
  } else if (std::holds_alternative<NewSession>(step.what)) {
    facts.push_back({Heading::process, "terminal", "left: a new session", step.origin, {}});
  } else if (std::holds_alternative<OwnTerminal>(step.what)) {
    facts.push_back({Heading::process, "terminal", "one of its own, relayed", step.origin, {}});
  } else if (std::holds_alternative<OpenTerminal>(step.what)) {
    return true;  // said with OwnTerminal
  } else if (std::holds_alternative<RefuseExecGain>(step.what)) {
    facts.push_back({Heading::process, "memory", "never written and executed", step.origin, {}});
  } else if (std::holds_alternative<CloseTsc>(step.what)) {
    facts.push_back(
        {Heading::process, "time stamp counter", "reading it is SIGSEGV", step.origin, {}});
  } else if (std::holds_alternative<NewKeyring>(step.what)) {
    facts.push_back({Heading::process, "keyring", "a new, empty one", step.origin, {}});
  } else if (std::holds_alternative<DropGroups>(step.what)) {
    facts.push_back({Heading::identity, "other groups", "none", step.origin, {}});
  } else if (const auto* clocks = std::get_if<NewTimeNamespace>(&step.what)) {
    facts.push_back({Heading::identity, "clocks", "own ones" + clocks->offsets, step.origin, {}});
  } else {
    return false;
  }
  return true;
}

template <class... Kinds>
bool has_any(const std::vector<PlannedStep>& steps) {
  return std::ranges::any_of(steps, [](const PlannedStep& step) {
    return (std::holds_alternative<Kinds>(step.what) || ...);
  });
}

// What is the caller's where no step puts something of the sandbox's own in its place; and what
// bounds all together.
void add_shared(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts) {
  if (!has_any<NewSession, OwnTerminal>(plan.command_setup)) {
    facts.push_back({Heading::process, "terminal", "the caller's", spec.process.tty.origin, {}});
  }
  if (!has_any<NewKeyring>(plan.command_setup)) {
    facts.push_back(
        {Heading::process, "keyring", "that of your session", spec.process.keyring.origin, {}});
  }
  for (const PlannedStep& step : plan.setup) {
    const auto* memory = std::get_if<MakeScratch>(&step.what);
    if (memory == nullptr || memory->size_bytes == 0) continue;
    facts.push_back({Heading::limits,
                     "files in memory without a size",
                     "at most " + show_size(memory->size_bytes) + " together",
                     spec.limits.tmp_total.origin,
                     {}});
  }
}

// Landlock's rules hold for what a descriptor reaches.
bool walls_files(const LaunchPlan& plan) {
  return std::ranges::any_of(plan.command_setup, [](const PlannedStep& step) {
    const auto* rules = std::get_if<RestrictSelf>(&step.what);
    return rules != nullptr && rules->files != 0 && !step.best_effort;
  });
}

void add_lifetime(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts) {
  const Process& process = spec.process;
  const auto add = [&](const char* subject, std::string detail, const Origin& origin) {
    facts.push_back({Heading::process, subject, std::move(detail), origin, {}});
  };
  add("process 1", plan.reaper ? "immure's" : "the command", process.init.origin);
  add("ends with", plan.wait_for_all ? "its last process" : "the command", process.wait.origin);
  add("when immure ends", plan.die_with_parent ? "everything inside ends" : "it goes on",
      process.die_with_parent.origin);
  std::string descriptors = "0 1 2";
  for (const int fd : plan.pass_fds) descriptors += " " + std::to_string(fd);
  if (!plan.pass_fds.empty()) {
    descriptors += walls_files(plan) ? "; from 3 on as they are, but nothing below a directory"
                                     : "; from 3 on as they are, with all that they reach";
  }
  add("descriptors", descriptors,
      process.pass_fds.items.empty() ? Origin{} : process.pass_fds.items.front().origin);
  if (plan.output_bytes) {
    facts.push_back({Heading::limits,
                     "standard output and error",
                     std::to_string(*plan.output_bytes) + " bytes, then KILL",
                     spec.limits.output.origin,
                     {}});
  }
  if (plan.wall_ns == 0) return;
  facts.push_back({Heading::limits,
                   "real time",
                   time_text(plan.wall_ns) + ", then signal " + std::to_string(plan.stop_signal) +
                       ", and KILL " + time_text(plan.grace_ns) + " later",
                   spec.limits.wall_ns.origin,
                   {}});
}

}  // namespace

Origin origin_of_variable(const SandboxSpec& spec, const std::string& name) {
  const auto exact = spec.env.find(name);
  if (exact != spec.env.end()) return exact->second.origin;
  Origin found;
  for (const auto& [pattern, rule] : spec.env) {
    const bool is_pattern = pattern.find('*') != std::string::npos;
    if (is_pattern && ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) found = rule.origin;
  }
  return found;
}

void add_process_facts(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts) {
  if (const auto user =
          std::ranges::find(plan.join, std::uint64_t{CLONE_NEWUSER}, &JoinedNamespace::flag);
      user != plan.join.end()) {
    facts.push_back(
        {Heading::identity, "user namespace", "that of " + shown_source(*user), user->origin, {}});
  }
  for (const Shared& row : kShared) {
    const auto joined = std::ranges::find(plan.join, row.flag, &JoinedNamespace::flag);
    if (joined != plan.join.end()) {
      facts.push_back(
          {row.heading, row.subject, "those of " + shown_source(*joined), joined->origin, {}});
      continue;
    }
    const bool own = (plan.namespaces & row.flag) != 0;
    if (own && row.flag == CLONE_NEWUTS) continue;  // its name is a fact of its own
    facts.push_back(
        {row.heading, row.subject, own ? row.own : row.hosts, origin_of(spec, row.flag), {}});
  }
  for (const std::string& variable : plan.command.environment) {
    const std::size_t equals = variable.find('=');
    std::string name = variable.substr(0, equals);
    const bool secret = std::ranges::find(plan.command.secrets, name) != plan.command.secrets.end();
    Origin origin = origin_of_variable(spec, name);
    facts.push_back({Heading::environment,
                     std::move(name),
                     secret ? "(secret)" : variable.substr(equals + 1),
                     std::move(origin),
                     {}});
  }
  facts.push_back({Heading::identity, "user", ids(plan.uid_map), spec.user.uid.origin, {}});
  facts.push_back({Heading::identity, "group", ids(plan.gid_map), spec.user.gid.origin, {}});
  for (const PlannedStep& step : plan.setup) (void)add_step(step, facts);
  for (const PlannedStep& step : plan.command_setup) {
    if (add_step(step, facts)) continue;
    facts.push_back({Heading::process, "before the command", describe(step.what), step.origin, {}});
  }
  std::string groups;
  for (const std::string& group : plan.kept_groups.get()) {
    groups += (groups.empty() ? "" : ", ") + group;
  }
  if (!groups.empty()) {
    facts.push_back(
        {Heading::identity, "other groups", "kept: " + groups, spec.user.groups.origin, {}});
  }
  if (const std::string powerful = powerful_among(plan.kept_groups.get()); !powerful.empty()) {
    facts.push_back(
        {Heading::identity,
         "warning",
         "what is shown of the files of " + powerful + " can be opened with that group's rights",
         spec.user.groups.origin,
         {}});
  }
  if (!plan.state.path.empty()) {
    facts.push_back({Heading::process,
                     "state",
                     plan.state.path + (plan.state.shared ? ", shared" : ", one run at a time"),
                     plan.state.origin,
                     {}});
  }
  add_shared(plan, spec, facts);
  add_lifetime(plan, spec, facts);
  for (const Without& lost : plan.without) {
    facts.push_back({Heading::filter, "without", lost.what, lost.origin, {}});
  }
  if (!has_any<LoadFilter>(plan.command_setup)) {
    facts.push_back({Heading::filter,
                     "filter",
                     "none: every call reaches the kernel",
                     spec.seccomp.base.origin,
                     {}});
  }
}

}  // namespace immure
