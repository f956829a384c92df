#include "spec/check.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "spec/capability_names.h"
#include "spec/check_parts.h"

namespace immure {
namespace {

void check_overlay(const Mount& mount, Problems& problems) {
  const auto* overlay = std::get_if<Overlay>(&mount.what);
  if (overlay == nullptr) return;
  if (overlay->read_only && !overlay->upper.empty()) {
    problems.add(Code::overlay_dirs, mount.origin,
                 "overlay " + quote(mount.target) + " has an upper directory, but is read-only",
                 "take access = \"ro\" or upper away");
  } else if (overlay->read_only && overlay->lower.size() < 2) {
    problems.add(Code::overlay_dirs, mount.origin,
                 "a read-only overlay at " + quote(mount.target) + " needs two lower directories",
                 "one directory alone is shown by { src = \"…\", access = \"ro\" }");
  }
  const std::vector<std::string> own_path = {mount.target};
  for (const std::string& lower : overlay->lower.empty() ? own_path : overlay->lower) {
    if (!overlay->upper.empty() &&
        (is_within(overlay->upper, lower) || is_within(lower, overlay->upper))) {
      problems.add(Code::overlay_dirs, mount.origin,
                   "overlay " + quote(mount.target) + " writes to " + quote(overlay->upper) +
                       ", which overlaps with its lower directory " + quote(lower),
                   "put upper into a directory of its own");
    }
  }
}

// "**" that no backslash takes apart.
bool has_double_star(std::string_view pattern) {
  for (std::size_t i = 0; i + 1 < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '*' && pattern[i + 1] == '*') {
      return true;
    }
  }
  return false;
}

// Elsewhere it reaches through all directories below. Read as "*" it would hide less than is meant,
// and nobody would be told.
void check_pattern(const Mount& mount, Problems& problems) {
  if (!mount.glob || !has_double_star(mount.target)) return;
  problems.add(Code::glob_no_match, mount.origin,
               quote(mount.target) +
                   " holds \"**\", but no pattern reaches through directories: it would match one "
                   "name, as \"*\" does",
               R"(name the directory, or write one line for each depth: "/a/*/x", "/a/*/*/x")");
}

void check_mounts(const SandboxSpec& spec, Problems& problems) {
  for (const Mount& mount : spec.mounts) {
    if (!is_absolute(mount.target) || has_dot_dot(mount.target)) {
      problems.add(Code::relative_path, mount.origin,
                   "mount target " + quote(mount.target) + " is not an absolute path");
      continue;
    }
    if (mount.target == "/") {
      problems.add(Code::refused_mount, mount.origin, "\"/\" can't be an entry of [fs]",
                   "root.dir = \"DIR\" takes a ready root file system; name the directories of "
                   "the host that are needed, as \"/usr\" = \"ro\"");
    }
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (mount.glob && !std::holds_alternative<Hide>(mount.what) &&
        !(bind != nullptr && bind->source.empty())) {
      problems.add(Code::glob_no_match, mount.origin,
                   quote(mount.target) +
                       " is a pattern, which only \"hide\" and binds of the "
                       "same path can have");
    }
    check_pattern(mount, problems);
    check_kernel_mount(spec, mount, problems);
    check_overlay(mount, problems);
  }
}

void check_capabilities(const Capabilities& caps, Problems& problems) {
  bool all_bounding = false;
  for (const SetEdit* set : {&caps.keep, &caps.bounding}) {
    for (const SetItem& item : set->items) {
      if (item.text == "ALL") {
        all_bounding = all_bounding || set == &caps.bounding;
      } else if (!capability_number(item.text)) {
        const auto names = capability_names();
        const std::string near = closest(item.text, names.data(), names.size());
        problems.add(
            Code::capability, item.origin, quote(item.text) + " is not a capability",
            near.empty() ? "capabilities(7) lists them" : "did you mean " + quote(near) + "?");
      }
    }
  }
  if (!caps.bounding_set || all_bounding) return;
  for (const SetItem& kept : caps.keep.items) {
    const auto& bounding = caps.bounding.items;
    if (std::none_of(bounding.begin(), bounding.end(),
                     [&](const SetItem& item) { return item.text == kept.text; })) {
      problems.add(Code::capability, kept.origin,
                   quote(kept.text) + " is kept, but is not in caps.bounding",
                   "add it there, or take caps.bounding away");
    }
  }
}

void check_process(const Process& process, Problems& problems) {
  if (process.command.is_set() && process.command.value->empty()) {
    problems.add(Code::no_command, process.command.origin, "process.command is empty",
                 "name at least the program");
  }
  if (process.cwd.is_set() && !is_absolute(*process.cwd.value)) {
    problems.add(Code::relative_path, process.cwd.origin,
                 "process.cwd " + quote(*process.cwd.value) + " is not an absolute path");
  }
}

// They are written to a file of /proc in one line.
void check_labels(const Process& process, Problems& problems) {
  for (const auto& [key, label] : {std::pair("process.selinux", &process.selinux),
                                   std::pair("process.apparmor", &process.apparmor)}) {
    if (!label->is_set()) continue;
    constexpr std::size_t longest = 1024;
    const std::string& text = *label->value;
    if (!text.empty() && text.size() <= longest &&
        text.find_first_of(std::string_view("\n\0", 2)) == std::string::npos) {
      continue;
    }
    problems.add(Code::bad_enum, label->origin, std::string(key) + " can't be " + quote(text),
                 "write the label in one line, or leave the key out");
  }
}

void check_environment(const Environment& env, Problems& problems) {
  for (const auto& [name, rule] : env) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos) {
      problems.add(Code::wrong_type, rule.origin, quote(name) + " can't be the name of a variable");
    } else if (rule.value && rule.value->text.find('\0') != std::string::npos) {
      problems.add(Code::wrong_type, rule.origin, "the value of " + quote(name) + " holds a NUL");
    }
  }
}

void check_calls(const Seccomp& seccomp, Problems& problems) {
  for (const SetItem& allowed : seccomp.allow.items) {
    for (const SetItem& denied : seccomp.deny.items) {
      if (allowed.text != denied.text) continue;
      problems.add(Code::syscall_twice, denied.origin,
                   quote(denied.text) + " stands in seccomp.allow (" + show(allowed.origin) +
                       ") and in seccomp.deny",
                   "take one of the two away");
    }
  }
}

}  // namespace

std::variant<CheckedSpec, Errors> check(SandboxSpec&& spec, const HostPlaces& places) {
  Problems problems;
  check_namespaces(spec, problems);
  check_mounts(spec, problems);
  check_capabilities(spec.caps, problems);
  check_calls(spec.seccomp, problems);
  check_process(spec.process, problems);
  check_labels(spec.process, problems);
  check_scheduling(spec.process, problems);
  check_state(spec.state, problems);
  check_user(spec.user, problems);
  check_environment(spec.env, problems);
  for (Error& refusal : refusals(spec, places)) problems.list.push_back(std::move(refusal));
  if (!problems.list.empty()) {
    sort_by_place(problems.list);
    return std::move(problems.list);
  }
  return CheckedSpec(std::make_shared<const SandboxSpec>(std::move(spec)));
}

}  // namespace immure
