#include <sched.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "plan/kept_groups.h"
#include "plan/kernel_words.h"
#include "plan/launch_plan.h"

namespace immure {
namespace {

std::string place(const Origin& origin) {
  return origin == Origin{} ? "" : "   [" + show(origin) + "]";
}

std::string id_map(std::string_view map, const std::string& helper) {
  std::string lines;
  while (!map.empty()) {
    const std::size_t end = map.find('\n');
    if (!lines.empty()) lines += ", ";
    lines += escape(map.substr(0, end));
    if (end == std::string_view::npos) break;
    map.remove_prefix(end + 1);
  }
  if (!helper.empty()) lines += ", written by " + escape(helper);
  return lines;
}

// Whose ids count where the plan has no maps.
std::string without_maps(const LaunchPlan& plan) {
  if ((plan.namespaces & CLONE_NEWUSER) != 0) return "written from outside";
  const bool joined = std::any_of(plan.join.begin(), plan.join.end(),
                                  [](const auto& one) { return one.flag == CLONE_NEWUSER; });
  return joined ? "those of the joined user namespace" : "those of the caller";
}

void add_steps(const std::vector<PlannedStep>& steps, std::size_t& number, std::string& out) {
  for (const PlannedStep& planned : steps) {
    const std::string index = std::to_string(++number);
    out.append(index.size() < 4 ? 4 - index.size() : 0, ' ').append(index).append("  ");
    out.append(describe(planned.what)).append(planned.best_effort ? ", if this host can" : "");
    out.append(place(planned.origin)).append(1, '\n');
  }
}

std::string seconds(std::int64_t nanoseconds) {
  std::string text = std::to_string(nanoseconds / 1'000'000'000);
  if (const std::int64_t rest = nanoseconds % 1'000'000'000 / 1'000'000; rest != 0) {
    const std::string digits = std::to_string(rest);
    text += '.' + std::string(3 - digits.size(), '0') + digits;
  }
  return text + " s";
}

void add_lifetime(const LaunchPlan& plan, std::string& out) {
  out += plan.reaper ? "pid 1: immure" : "pid 1: the command";
  out += plan.wait_for_all ? ", waits for all processes" : ", ends with the command";
  out += plan.die_with_parent ? ", dies with immure" : ", outlives immure";
  if (plan.wall_ns != 0) {
    out += ", is sent signal " + std::to_string(plan.stop_signal) + " after " +
           seconds(plan.wall_ns) + " and killed " + seconds(plan.grace_ns) + " later";
  }
  if (plan.output_bytes) {
    out += ", is killed after " + std::to_string(*plan.output_bytes) + " bytes of output";
  }
  out += '\n';
  if (plan.pass_fds.empty()) return;
  out += "descriptors: 0 1 2";
  for (const int fd : plan.pass_fds) out += ' ' + std::to_string(fd);
  out += '\n';
}

void add_command(const CommandPlan& command, std::string& out) {
  out += "environment:\n";
  for (const std::string& variable : command.environment) {
    const std::string name = variable.substr(0, variable.find('='));
    const bool secret =
        std::find(command.secrets.begin(), command.secrets.end(), name) != command.secrets.end();
    out += "      " + (secret ? escape(name) + "=(secret)" : escape(variable)) + '\n';
  }
  out += "command:";
  for (const std::string& argument : command.argv) out += ' ' + quote(argument);
  out += '\n';
  for (const std::string& candidate : command.candidates) {
    out += "      run " + escape(candidate) + '\n';
  }
}

void add_groups(const std::vector<std::string>& groups, std::string& out) {
  if (groups.empty()) return;
  out += "groups kept, shown as nobody:";
  for (const std::string& group : groups) out += ' ' + escape(group);
  out += '\n';
  const std::string powerful = powerful_among(groups);
  if (powerful.empty()) return;
  out += "warning: what the sandbox is shown of the files of " + powerful +
         " can be opened with that group's rights\n";
}

}  // namespace

std::string shown_source(const JoinedNamespace& joined) {
  return joined.path.empty() ? "on descriptor " + std::to_string(joined.fd) : escape(joined.path);
}

std::string describe(const LaunchPlan& plan) {
  std::string out = "namespaces:";
  for (const std::string_view name : namespace_words(plan.namespaces)) {
    out.append(1, ' ').append(name);
  }
  if (plan.pid_namespace_optional) out += ", pid if this host can";
  out += '\n';
  for (const JoinedNamespace& joined : plan.join) {
    out += "join the " + joined.kind + " namespace " + shown_source(joined) + place(joined.origin) +
           '\n';
  }
  if (plan.uid_map.empty()) {
    out += "id maps: " + without_maps(plan) + '\n';
  } else {
    out += "uid map: " + id_map(plan.uid_map, plan.uid_map_helper) +
           "\ngid map: " + id_map(plan.gid_map, plan.gid_map_helper) +
           (plan.deny_setgroups ? ", setgroups denied" : "") + '\n';
  }
  add_groups(plan.kept_groups.get(), out);
  for (const HostDirectory& made : plan.host_directories) {
    out += std::string("on the host, make ") + (made.is_file ? "file " : "directory ") +
           escape(made.path) + (made.is_file ? ", mode 0600" : ", mode 0700") + place(made.origin) +
           '\n';
  }
  if (!plan.state.path.empty()) {
    out += "lock " + escape(plan.state.path) + (plan.state.shared ? ", shared" : ", exclusive") +
           place(plan.state.origin) + '\n';
  }
  std::size_t number = 0;
  out += "sandbox:\n";
  add_steps(plan.setup, number, out);
  out += "command's process:\n";
  add_steps(plan.command_setup, number, out);
  for (const Without& lost : plan.without) {
    out += "without " + escape(lost.what) + place(lost.origin) + '\n';
  }
  add_lifetime(plan, out);
  add_command(plan.command, out);
  for (const std::string& note : plan.notes) out += "note: " + escape(note) + '\n';
  return out;
}

}  // namespace immure
