#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/facts.h"
#include "plan/landlock.h"
#include "plan/landlock_rights.h"
#include "plan/root_tree.h"
#include "plan/why.h"
#include "spec/refusals.h"

namespace immure {
namespace {

using Kind = TreeNode::Kind;

// What nobody is told to share by a flag, beside private_stores(): sockets that are as good as the
// session, and what is everybody's.
constexpr auto kNeverSuggested = std::to_array<std::string_view>(
    {"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/run/docker.sock", "/var/run/docker.sock",
     "/run/podman", "/run/dbus", "/run/user", "/root", "/proc", "/sys", "/dev"});

bool is_never_suggested(const std::string& path, const Host& host) {
  if (is_within(host.home, path)) return true;  // the home, and what holds it
  const auto config = host.environment.find("XDG_CONFIG_HOME");
  HostPlaces places{.home = host.home};
  if (config != host.environment.end()) places.config_home = config->second;
  const auto stores = private_stores(places);
  const bool holds_secrets = std::ranges::any_of(stores, [&](const std::string& store) {
    return is_within(path, store) || is_within(store, path);
  });
  const bool in_home = !host.home.empty() && is_within(path, host.home);
  return holds_secrets || (!in_home && std::ranges::any_of(kNeverSuggested, [&](auto guarded) {
           return is_within(path, guarded);
         }));
}

// The sandbox's file system once more, from the steps, with the step that made each part.
class Model {
 public:
  Model(const LaunchPlan& plan, const HostFiles& files) : tree_(files, root_node(plan)) {
    for (const PlannedStep& step : plan.setup) {
      std::visit([&](const auto& s) { put(s, step); }, step.what);
    }
  }

  const RootTree& tree() const { return tree_; }
  const PlannedStep* step_at(const std::string& path) const {
    const auto found = steps_.find(path);
    return found == steps_.end() ? nullptr : found->second;
  }

 private:
  static TreeNode root_node(const LaunchPlan& plan) {
    for (const PlannedStep& step : plan.setup) {
      const auto* root = std::get_if<MakeRoot>(&step.what);
      if (root == nullptr || root->directory.empty()) continue;
      return {.kind = Kind::host,
              .layers = {root->directory},
              .access = {.read_only = root->read_only}};
    }
    return {.kind = Kind::directory};
  }

  // What lies in a mount that is made anew cannot be known to the tree any more.
  void put(std::string target, TreeNode node, const PlannedStep& step) {
    target.insert(0, 1, '/');
    (void)tree_.put(target, std::move(node));
    steps_[target] = &step;
  }
  // The mount point was made before: what it shows is a file if that is one.
  FileKind kind_at(const std::string& target) const {
    const TreeNode* point = tree_.node("/" + target);
    return point != nullptr ? point->shows : FileKind::directory;
  }

  void put(const MakeDir& s, const PlannedStep& step) { put(s.target, {}, step); }
  void put(const MakeFile& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::file, .shows = FileKind::regular}, step);
  }
  void put(const MakeLink& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::link, .text = s.text}, step);
  }
  void put(const BindMount& s, const PlannedStep& step) {
    put(s.target,
        {.kind = Kind::host,
         .shows = kind_at(s.target),
         .layers = {s.source},
         .access = {.read_only = s.read_only,
                    .devices = s.devices,
                    .executable = s.executable,
                    .recursive = s.recursive,
                    .slave = s.slave}},
        step);
  }
  void put(const OverlayMount& s, const PlannedStep& step) {
    std::vector<std::string> layers = s.lower;
    if (!s.upper.empty()) layers.insert(layers.begin(), s.upper);
    put(s.target,
        {.kind = Kind::overlay, .layers = std::move(layers), .access = {.read_only = s.read_only}},
        step);
  }
  void put(const TmpfsMount& s, const PlannedStep& step) {
    put(s.target,
        {.kind = is_hiding(s) ? Kind::cover : Kind::tmpfs, .access = {.read_only = s.read_only}},
        step);
  }
  void put(const CoverFile& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::cover, .shows = FileKind::regular}, step);
  }
  void put(const MaskProc& s, const PlannedStep& step) {
    put(s.target, {.kind = s.read_only ? Kind::kernel : Kind::cover}, step);
  }
  void put(const ProcMount& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::kernel}, step);
  }
  void put(const DevptsMount& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::kernel}, step);
  }
  void put(const MqueueMount& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::kernel}, step);
  }
  void put(const SysfsMount& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::kernel}, step);
  }
  void put(const CgroupMount& s, const PlannedStep& step) {
    put(s.target, {.kind = Kind::kernel}, step);
  }
  template <class T>
  void put(const T& /*makes no part of the tree*/, const PlannedStep& /*step*/) {}

  RootTree tree_;
  std::map<std::string, const PlannedStep*> steps_;
};

std::string reason_of(const SandboxSpec& spec, const Origin& origin) {
  const auto found =
      std::ranges::find_if(spec.mounts, [&](const Mount& mount) { return mount.origin == origin; });
  return found == spec.mounts.end() ? std::string() : found->why;
}

// The answer for a path that lies in, or is, this mount.
std::string answer_for(const Seen& seen, const TreeNode& mount, const PlannedStep* step) {
  if (seen.is_link) return "a link to " + escape(seen.link_text);
  switch (mount.kind) {
    case Kind::cover: {
      const auto* file = step != nullptr ? std::get_if<CoverFile>(&step->what) : nullptr;
      return file != nullptr && !file->content.empty() ? "a small file of the sandbox's own"
                                                       : "hidden: covered with something empty";
    }
    case Kind::kernel:
      return seen.sure ? "the kernel's, for this sandbox"
                       : "in a file system of the kernel: what is there is known only inside";
    case Kind::overlay:
      return mount.access.read_only ? "can be read" : "can be written, in an overlay";
    case Kind::host: {
      std::string text = mount.access.read_only ? "can be read" : "can be read and written";
      if (mount.access.devices) text += ", device nodes can be used";
      if (!mount.access.executable) text += ", programs in it can't be run";
      return text + ", as far as its own permissions go";
    }
    case Kind::tmpfs:
      return mount.access.read_only ? "the sandbox's own, read-only"
                                    : "can be written, and is gone afterwards";
    case Kind::directory:
    case Kind::file:
    case Kind::link:
      break;
  }
  return "made for the sandbox, read-only";
}

void add_grant(const WhyContext& context, const std::string& path, bool write, WhyAnswer& answer) {
  if (is_never_suggested(path, context.host)) {
    answer.push_back(
        {"no flag is suggested for it: it holds secrets, or more than one program's", {}, {}});
    return;
  }
  const bool in_cwd = !context.host.cwd.empty() && is_within(path, context.host.cwd);
  if (write && in_cwd) {
    answer.push_back({"to write it: -w", {}, {}});
  } else {
    answer.push_back({(write ? "to write it: --rw " : "to show it: --ro ") + escape(path), {}, {}});
  }
}

Result<WhyAnswer> absent(const WhyContext& context, const Model& model, const Seen& seen,
                         const std::string& asked) {
  const std::string there = model.tree().mount_point_of(seen.path);
  const PlannedStep* step = model.step_at(there);
  WhyAnswer answer{{"not in the sandbox", {}, {}}};
  const TreeNode* mount = model.tree().node(there);
  const bool hidden = mount != nullptr && mount->kind == Kind::cover;
  if (hidden) answer.front().text = "not in the sandbox: what holds it is hidden";
  if (step != nullptr) {
    answer.push_back({"it would lie in " + escape(there) + ": " + describe(step->what),
                      step->origin, reason_of(context.spec, step->origin)});
  } else {
    answer.push_back({"no line shows it, or what holds it", {}, {}});
  }
  const Result<ResolvedPath> outside = context.host.files->resolve(asked);
  if (!outside.ok()) return outside.error();
  if (outside.value().kind == FileKind::missing) {
    answer.push_back(
        {"it is not on this system either: " + errno_words(outside.value().errnum), {}, {}});
    return answer;
  }
  answer.push_back({"it exists on this system", {}, {}});
  add_grant(context, asked, false, answer);
  return answer;
}

// The line of [landlock.fs] that is nearest above a path.
Origin origin_of_rule(const SandboxSpec& spec, const std::string& path) {
  const Setting<std::vector<std::string>>* nearest = nullptr;
  std::size_t length = 0;
  for (const auto& [place, words] : spec.landlock.fs) {
    if (!is_within(path, place) || place.size() < length) continue;
    nearest = &words;
    length = place.size();
  }
  return nearest == nullptr ? Origin{} : nearest->origin;
}

// What the mount gives there, and Landlock takes away.
void add_landlock(const WhyContext& context, const std::string& path, bool writable,
                  WhyAnswer& answer) {
  std::string left = landlock_refusal(context.plan, path, landlock_files::read_file);
  if (left.empty() && writable) {
    left = landlock_refusal(context.plan, path, landlock_files::write_file);
  }
  if (left.empty()) return;
  answer.push_back({"but Landlock leaves: " + left, origin_of_rule(context.spec, path), {}});
}

std::string absolute(const std::string& path, const Host& host) {
  if (path == "~" || path.starts_with("~/")) return collapse(host.home + path.substr(1));
  return collapse(path.starts_with('/') ? path : host.cwd + "/" + path);
}

}  // namespace

Result<WhyAnswer> why_path(const WhyContext& context, const std::string& path) {
  const std::string asked = absolute(path, context.host);
  const Model model(context.plan, *context.host.files);
  Result<Seen> looked = model.tree().look(asked);
  if (!looked.ok()) return looked.error();
  // A link that leads nowhere is still there to be seen.
  if (!looked.value().exists() && looked.value().sure) {
    Result<Seen> name = model.tree().look_at_name(asked);
    if (!name.ok()) return name.error();
    if (name.value().is_link) looked = std::move(name);
  }
  const Seen& seen = looked.value();
  const std::string front = escape(asked) + ": ";
  const bool through_links = seen.path != asked;
  const bool known_missing = !seen.exists() && seen.sure;
  WhyAnswer answer;
  if (known_missing) {
    auto missing = absent(context, model, seen, asked);
    if (!missing.ok()) return missing.error();
    answer = std::move(missing.value());
  } else {
    const std::string where = model.tree().mount_point_of(seen.path);
    const TreeNode& node = *model.tree().node(seen.existing);
    const bool ours =
        node.kind == Kind::directory || node.kind == Kind::file || node.kind == Kind::link;
    const std::string& decided = ours ? seen.existing : where;
    const TreeNode& mount = *model.tree().node(decided);
    const PlannedStep* step = model.step_at(decided);
    answer.push_back({answer_for(seen, mount, step), {}, {}});
    if (step != nullptr) {
      answer.push_back({describe(step->what), step->origin, reason_of(context.spec, step->origin)});
    } else {
      answer.push_back({"part of the root", {}, {}});
    }
    add_landlock(context, seen.path, !mount.access.read_only, answer);
    if (!seen.host_path.empty() && seen.host_path != seen.path) {
      answer.push_back({"on the host it is " + escape(seen.host_path), {}, {}});
    }
    const bool host = mount.kind == Kind::host || mount.kind == Kind::overlay;
    if (host && mount.access.read_only && !seen.is_link) {
      add_grant(context, seen.path, true, answer);
    }
    if (mount.kind == Kind::cover) add_grant(context, seen.path, false, answer);
  }
  answer.front().text.insert(0, front);
  if (through_links) {
    answer.insert(answer.begin() + 1, {"links on the way lead to " + escape(seen.path), {}, {}});
  }
  return answer;
}

}  // namespace immure
