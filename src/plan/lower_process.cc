#include "plan/lower_process.h"

#include <sys/personality.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/best_effort.h"
#include "plan/lower_terminal.h"
#include "spec/scheduling.h"

namespace immure {
namespace {

// personality(2); the domain, then the flags.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 11> kPersonalities = {{
    {"linux32", PER_LINUX32},
    {"uname26", 0x0020000U},
    {"addr-no-randomize", 0x0040000U},
    {"mmap-page-zero", 0x0100000U},
    {"addr-compat-layout", 0x0200000U},
    {"read-implies-exec", 0x0400000U},
    {"addr-limit-32bit", 0x0800000U},
    {"short-inode", 0x1000000U},
    {"whole-seconds", 0x2000000U},
    {"sticky-timeouts", 0x4000000U},
    {"addr-limit-3gb", 0x8000000U},
}};

void add_personality(const SandboxSpec& spec, LaunchPlan& plan, Errors& errors) {
  const std::vector<SetItem>& items = spec.process.personality.items;
  if (items.empty()) return;
  std::uint32_t persona = 0;
  for (const SetItem& item : items) {
    const auto* found = std::find_if(kPersonalities.begin(), kPersonalities.end(),
                                     [&](const auto& known) { return known.first == item.text; });
    if (found == kPersonalities.end()) {
      errors.push_back(
          {.code = Code::bad_enum,
           .doing = quote(item.text) + " is not a personality",
           .origin = item.origin,
           .hint = "addr-no-randomize, read-implies-exec, linux32 … (personality(2))"});
      continue;
    }
    persona |= found->second;
  }
  plan.command_setup.push_back({SetPersonality{persona}, items[0].origin});
}

void add_scheduling(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors) {
  const Process& process = spec.process;
  const bool optional = is_best_effort(spec, "sched");
  if (process.sched.is_set()) {
    const Scheduling wanted = parse_scheduling(*process.sched.value).value_or(Scheduling{});
    if (wanted.priority > 0 && host.uid != 0 && !optional &&
        static_cast<std::uint64_t>(wanted.priority) > host.rtprio_limit.get()) {
      errors.push_back({.code = Code::cannot_lower,
                        .doing = "process.sched = " + quote(*process.sched.value) +
                                 " is above our limit of real-time priority, " +
                                 std::to_string(host.rtprio_limit.get()),
                        .origin = process.sched.origin,
                        .hint = "the administrator raises it: \"rtprio\" in "
                                "/etc/security/limits.conf\nor go on without: best_effort = "
                                "[\"sched\"]"});
    }
    plan.command_setup.push_back(
        {SetScheduler{wanted.policy, wanted.priority}, process.sched.origin, optional});
  }
  if (process.io_priority.is_set()) {
    plan.command_setup.push_back(
        {SetIoPriority{parse_io_priority(*process.io_priority.value).value_or(0)},
         process.io_priority.origin, optional});
  }
  if (process.core_sched.get_or(false)) {
    plan.command_setup.push_back(
        {NewCoreCookie{}, process.core_sched.origin, is_best_effort(spec, "core-sched")});
  }
}

void add_stdio(const SandboxSpec& spec, LaunchPlan& plan, Errors& errors) {
  int fd = 0;
  for (const Setting<std::string>* from :
       {&spec.process.stdin_from, &spec.process.stdout_to, &spec.process.stderr_to}) {
    const std::string path = from->get_or("inherit");
    if (path != "inherit") {
      plan.command_setup.push_back(
          {RedirectStdio{.fd = fd, .path = path == "null" ? "/dev/null" : path}, from->origin});
      if (fd != 0 && path != "null" && spec.limits.output.is_set()) {
        errors.push_back({.code = Code::limit,
                          .doing = std::string("limits.output can't count what process.") +
                                   (fd == 1 ? "stdout" : "stderr") + " writes to a file",
                          .origin = from->origin,
                          .hint = "take one of the two away; limits.fsize bounds a file"});
      }
    }
    ++fd;
  }
}

bool is_visible_directory(const RootTree& tree, const std::string& path) {
  if (!is_absolute(path)) return false;
  const Result<Seen> seen = tree.look(path);
  return seen.ok() && seen.value().kind == FileKind::directory;
}

bool can_enter(const Host& host, const RootTree& tree, const std::string& path) {
  if (!is_absolute(path)) return false;
  const Result<Seen> seen = tree.look(path);
  if (!seen.ok() || seen.value().kind != FileKind::directory) return false;
  return seen.value().backing != Seen::Backing::cover &&
         (seen.value().host_path.empty() || host.files->executable(seen.value().host_path));
}

Error cwd_error(const Host& host, const RootTree& tree, const Setting<std::string>& cwd) {
  Error error{.code = Code::cwd_missing,
              .doing = "working directory " + quote(*cwd.value) + " isn't in the sandbox",
              .origin = cwd.origin};
  const Result<Seen> seen = tree.look(*cwd.value);
  if (seen.ok() && seen.value().exists()) {
    error.doing = "working directory " + quote(*cwd.value) + " is not a directory";
    return error;
  }
  const Result<ResolvedPath> outside = host.files->resolve(*cwd.value);
  if (outside.ok() && outside.value().kind == FileKind::directory) {
    error.hint = "--ro " + quote(*cwd.value) + "     (it exists on this system)";
  }
  return error;
}

}  // namespace

void lower_lifetime(const SandboxSpec& spec, LaunchPlan& plan) {
  const Process& process = spec.process;
  plan.reaper = process.init.get_or(InitMode::reaper) == InitMode::reaper;
  plan.wait_for_all = process.wait.get_or(WaitFor::command) == WaitFor::all;
  plan.die_with_parent = process.die_with_parent.get_or(true);
  plan.stop_signal = process.stop_signal.get_or(plan.stop_signal);
  plan.grace_ns = process.grace_ns.get_or(plan.grace_ns);
  plan.wall_ns = spec.limits.wall_ns.get_or(0);
  plan.output_bytes = spec.limits.output.value;
  for (const SetItem& item : process.pass_fds.items) {
    int fd = -1;
    const char* end = item.text.data() + item.text.size();
    if (std::from_chars(item.text.data(), end, fd).ptr == end && fd > 2) {
      plan.pass_fds.push_back(fd);
    }
  }
  std::sort(plan.pass_fds.begin(), plan.pass_fds.end());
  plan.pass_fds.erase(std::unique(plan.pass_fds.begin(), plan.pass_fds.end()), plan.pass_fds.end());
}

void lower_process(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                   LaunchPlan& plan, Errors& errors) {
  const Process& process = spec.process;
  std::vector<PlannedStep>& steps = plan.command_setup;
  lower_terminal(spec, plan, errors);
  // Before files are made for the command, if there are any.
  const PlannedStep umask{SetUmask{process.umask.get_or(0022)}, process.umask.origin};
  const bool makes_files = process.stdout_to.is_set() || process.stderr_to.is_set();
  if (makes_files) steps.push_back(umask);
  add_stdio(spec, plan, errors);
  if (process.nice.is_set()) {
    const auto nice = static_cast<int>(*process.nice.value);
    if (nice < host.nice.get()) {
      errors.push_back({.code = Code::cannot_lower,
                        .doing = "process.nice " + std::to_string(nice) + " is below ours, " +
                                 std::to_string(host.nice.get()),
                        .origin = process.nice.origin,
                        .hint = "without privilege it can only be raised"});
    }
    steps.push_back({SetNice{nice}, process.nice.origin});
  }
  add_scheduling(spec, host, plan, errors);
  if (process.cpus.is_set()) {
    Result<std::vector<std::uint64_t>> mask =
        parse_cpu_list(*process.cpus.value, host.processors.get());
    if (mask.ok()) {
      steps.push_back({SetAffinity{std::move(mask.value())}, process.cpus.origin});
    } else {
      errors.push_back(mask.error());
      errors.back().origin = process.cpus.origin;
    }
  }
  add_personality(spec, plan, errors);
  lower_limits(spec, host, plan, errors);
  if (!makes_files) steps.push_back(umask);
  steps.push_back(
      {ChangeDirectory{working_directory(spec, host, tree, errors)}, process.cwd.origin});
}

std::string working_directory(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                              Errors& errors) {
  const Setting<std::string>& cwd = spec.process.cwd;
  if (cwd.is_set()) {
    if (!is_visible_directory(tree, *cwd.value)) errors.push_back(cwd_error(host, tree, cwd));
    return *cwd.value;
  }
  for (const std::string& directory : {host.cwd, host.home}) {
    if (can_enter(host, tree, directory)) return directory;
  }
  return "/";
}

Result<std::vector<std::uint64_t>> parse_cpu_list(std::string_view text, int processors) {
  constexpr unsigned bits = 64;
  const auto bad = [&](std::string reason) {
    return Error{.code = Code::limit,
                 .doing = quote(text) + " is not a list of processors",
                 .reason = std::move(reason),
                 .hint = "write numbers and ranges, as \"0-3,5\""};
  };
  std::vector<std::uint64_t> mask;
  while (true) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const char* end = part.data() + part.size();
    unsigned first = 0;
    auto parsed = std::from_chars(part.data(), end, first);
    if (parsed.ec != std::errc{}) return bad("");
    unsigned last = first;
    if (parsed.ptr != end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
    }
    if (parsed.ec != std::errc{} || parsed.ptr != end || last < first) return bad("");
    if (last >= static_cast<unsigned>(processors)) {
      return bad("this machine has processors 0 to " + std::to_string(processors - 1));
    }
    if (mask.size() <= last / bits) mask.resize(last / bits + 1);
    for (unsigned cpu = first; cpu <= last; ++cpu) mask[cpu / bits] |= 1ULL << (cpu % bits);
    if (comma == std::string_view::npos) return mask;
    text = text.substr(comma + 1);
  }
}

}  // namespace immure
