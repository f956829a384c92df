#include "plan/lower_user.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "spec/merge.h"

namespace immure {
namespace {

constexpr std::int64_t kNobody = 65534;

// passwd(5): a ':' or a line break would begin another field.
std::string field(const std::string& text, std::string_view otherwise) {
  const bool good = !text.empty() && text.find_first_of(":\n") == std::string::npos;
  return good ? text : std::string(otherwise);
}

struct Person {
  std::string name, home;
  std::int64_t uid = 0, gid = 0;
};

Person person_inside(const User& user, const Host& host) {
  Person person{.home = field(host.home, "/"),
                .uid = user.uid.get_or(host.uid),
                .gid = user.gid.get_or(host.gid)};
  const std::string usual = person.uid == 0 ? "root" : field(host.user_name, "user");
  person.name = user.name.get_or(usual);
  return person;
}

std::string passwd_text(const Person& person) {
  std::string text;
  if (person.uid != 0) text += "root:x:0:0:root:/root:/bin/sh\n";
  text += person.name + ":x:" + std::to_string(person.uid) + ':' + std::to_string(person.gid) +
          ':' + person.name + ':' + person.home + ":/bin/sh\n";
  if (person.uid != kNobody) text += "nobody:x:65534:65534:nobody:/:/bin/false\n";
  return text;
}

std::string group_text(const Person& person) {
  std::string text;
  if (person.gid != 0) text += "root:x:0:\n";
  text += person.name + ":x:" + std::to_string(person.gid) + ":\n";
  if (person.gid != kNobody) text += "nogroup:x:65534:\n";
  return text;
}

bool has_entry(const SandboxSpec& spec, std::string_view target) {
  return std::any_of(spec.mounts.begin(), spec.mounts.end(),
                     [&](const Mount& mount) { return mount.target == target; });
}

}  // namespace

bool wants_user_files(const SandboxSpec& spec) {
  return spec.user.passwd.get_or(spec.user.name.is_set() ? PasswdFiles::minimal
                                                         : PasswdFiles::none) != PasswdFiles::none;
}

SandboxSpec with_user_files(const SandboxSpec& spec, const Host& host) {
  SandboxSpec with = spec;
  const User& user = spec.user;
  const Origin& origin = user.passwd.is_set() ? user.passwd.origin : user.name.origin;
  const auto add = [&](const std::string& target, auto what) {
    if (has_entry(spec, target)) return;
    with.mounts.push_back({.target = target, .what = std::move(what), .origin = origin});
  };
  if (user.passwd.get_or(PasswdFiles::minimal) == PasswdFiles::host) {
    add("/etc/passwd", Bind{.follow = true});
    add("/etc/group", Bind{.follow = true});
  } else {
    const Person person = person_inside(user, host);
    add("/etc/passwd", FileContent{.content = passwd_text(person)});
    add("/etc/group", FileContent{.content = group_text(person)});
  }
  sort_by_depth(with.mounts);
  return with;
}

void lower_groups(const SandboxSpec& spec, const Host& host, LaunchPlan& plan) {
  const Setting<GroupsMode>& wanted = spec.user.groups;
  const bool drop = wanted.get_or(GroupsMode::drop) == GroupsMode::drop;
  if (drop && !plan.deny_setgroups) {
    plan.setup.push_back({DropGroups{}, wanted.origin});
    return;
  }
  const auto others = [groups = host.groups, own = host.gid] {
    std::vector<std::string> names;
    for (const gid_t gid : groups.get()) {
      if (gid == own) continue;
      const std::string name = group_name(gid);
      names.push_back(std::to_string(gid) + (name.empty() ? "" : ' ' + name));
    }
    return names;
  };
  plan.kept_groups = OnDemand<std::vector<std::string>>(others);
  if (!wanted.is_set() || !drop || plan.kept_groups.get().empty()) return;
  std::string list;
  for (const std::string& name : plan.kept_groups.get()) list += (list.empty() ? "" : ", ") + name;
  plan.notes.push_back("user.groups = \"drop\" can't drop " + list +
                       R"(: that needs user.gid_map = "subid")");
}

}  // namespace immure
