// The second half of lowering [fs]: entries become steps, parents first. A path may lead through a
// link to a place that a later entry covers; then all is laid once more, by the depth of where the
// entries really ended, until nothing covers what was asked for.
#include "plan/lower_mounts.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/host_directories.h"
#include "plan/lower_kernel_fs.h"
#include "plan/lower_root.h"
#include "plan/mount_sources.h"
#include "plan/read_content.h"
#include "plan/root_builder.h"

namespace immure {
namespace {

using Kind = TreeNode::Kind;

constexpr int kMaxOrders = 8;
constexpr std::size_t kOtherSteps = 16;  // about as many come before and after the mounts
constexpr std::uint64_t kCoverBytes = 64ULL << 10;

// Given on the command line, where the shell expands patterns, it would hide nothing, unseen.
bool is_meant_as_pattern(const Mount& mount) {
  return mount.origin.flag == "--hide" && !mount.optional && has_glob(mount.target);
}

class MountLayer {
 public:
  MountLayer(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, RootBuilder& builder,
             const std::vector<MountItem>& items, Errors& errors)
      : spec_(spec), host_(host), plan_(plan), builder_(builder), errors_(errors) {
    for (const MountItem& item : items) targets_.insert(item.target);
  }

  // Where the item ended; empty: an error was noted.
  std::string lay(const MountItem& item) {
    item_ = &item;
    if (item.is_link) return lay_link();
    return std::visit([this](const auto& what) { return lay(what); }, item.mount->what);
  }

 private:
  const Origin& origin() const { return item_->mount->origin; }
  std::string fail(Error error) {
    if (error.origin == Origin{}) error.origin = origin();
    errors_.push_back(std::move(error));
    return {};
  }

  std::string lay_link();
  std::string lay(const Bind& bind);
  std::string lay(const Tmpfs& tmpfs);
  std::string lay(const Dir& dir);
  std::string lay(const Hide& hide);
  std::string lay(const Overlay& overlay);
  std::string lay(const KernelMount& mount);
  std::string lay(const FileContent& file);
  std::string lay(const Symlink& link);
  std::string lay(const NoMount& /*none*/) { return item_->target; }
  std::string make_link(const std::string& text);
  bool is_replaceable(const std::string& link) const;
  std::string fail_replaceable(const std::string& link, const std::string& what, std::string hint);
  bool find_hidden(Seen& there);
  bool find_upper(const Overlay& overlay, OverlayMount& step);

  const SandboxSpec& spec_;
  const Host& host_;
  LaunchPlan& plan_;
  RootBuilder& builder_;
  Errors& errors_;
  const MountItem* item_ = nullptr;
  std::set<std::string, std::less<>> targets_;
};

// A link on the way to what shall stay as it is, in a directory of the host that the sandbox may
// write: there is no mounting over a link, so another file can be put in its place. In a home that
// is writable as a whole, links are usual, and anything can be planted anyway.
bool MountLayer::is_replaceable(const std::string& link) const {
  const TreeNode* mount = builder_.tree().mount_of(link);
  if (mount->kind != Kind::host || mount->access.read_only) return false;
  return host_.home.empty() || !is_within(host_.home, mount->layers[0]);
}

std::string MountLayer::fail_replaceable(const std::string& link, const std::string& what,
                                         std::string hint) {
  const std::string& name = item_->mount->target;
  return fail({.code = Code::refused_mount,
               .doing = quote(name) + " can't be kept " + what + ": " +
                        (name == link ? "it" : quote(link)) +
                        " is a symlink in a directory that the sandbox may write",
               .reason = "it could be replaced",
               .hint = std::move(hint)});
}

std::string MountLayer::make_link(const std::string& text) {
  Result<Seen> seen = builder_.tree().look_at_name(item_->target);
  if (!seen.ok()) return fail(seen.error());
  const Seen& there = seen.value();
  if (there.is_link && there.link_text == text) {
    const auto* bind = std::get_if<Bind>(&item_->mount->what);
    const bool stays = item_->is_link && bind != nullptr && bind->read_only;
    if (!stays || !is_replaceable(there.path)) return there.path;
    return fail_replaceable(there.path, "read-only",
                            R"(put what it leads to in its place, or take the entry away: "none")");
  }
  if (there.exists()) {
    return fail({.code = Code::mount_point,
                 .doing = "link " + quote(item_->target) + " can't be made",
                 .reason = there.is_link ? "there is another link, to " + quote(there.link_text)
                                         : "there is a file or directory already",
                 .hint = item_->is_link ? "mount it with \"follow\", or name the link's target " +
                                              quote(item_->source)
                                        : ""});
  }
  Result<std::string> name = builder_.new_name(item_->target, origin());
  if (!name.ok()) return fail(name.error());
  const Seen::Backing backing = there.backing;
  if (backing != Seen::Backing::ours) {
    return fail({.code = Code::mount_point,
                 .doing = "link " + quote(item_->target) + " can't be made",
                 .reason = quote(there.existing) + " is the host's, where immure makes nothing"});
  }
  builder_.add(MakeLink{.target = step_target(name.value()), .text = text}, name.value(),
               {.kind = Kind::link, .text = text, .asked = true}, origin());
  return name.value();
}

std::string MountLayer::lay_link() { return make_link(item_->link_text); }

std::string MountLayer::lay(const Symlink& link) { return make_link(link.text); }

std::string MountLayer::lay(const Bind& bind) {
  const bool directory = item_->kind == FileKind::directory;
  const Access access{.read_only = bind.read_only,
                      .devices = bind.devices,
                      .executable = bind.executable,
                      .recursive = bind.recursive,
                      .slave = bind.propagation == Propagation::slave};
  Result<Seen> seen = builder_.tree().look(item_->target);
  if (!seen.ok()) return fail(seen.error());
  const Seen& there = seen.value();
  const bool shown = there.backing == Seen::Backing::host && there.host_path == item_->source &&
                     (there.exists() || item_->will_exist);
  if (shown) {
    const TreeNode* mount = builder_.tree().mount_of(there.path);
    if (mount->kind == Kind::host && mount->access == access && access.recursive) return there.path;
  }
  Result<std::string> place =
      builder_.mount_point(item_->target, directory, origin(), item_->will_exist);
  if (!place.ok()) return fail(place.error());
  builder_.pin_parents(place.value(), origin());
  builder_.add(BindMount{.source = item_->source,
                         .target = step_target(place.value()),
                         .read_only = access.read_only,
                         .devices = access.devices,
                         .executable = access.executable,
                         .recursive = access.recursive,
                         .slave = access.slave},
               place.value(),
               {.kind = Kind::host,
                .shows = item_->kind,
                .layers = {item_->source},
                .access = access,
                .asked = true},
               origin());
  if (item_->mount->target == "/proc" && item_->source == "/proc") {
    mask_proc(spec_, host_, builder_, "/proc", origin());
  }
  return place.value();
}

std::string MountLayer::lay(const Tmpfs& tmpfs) {
  Result<std::string> place = builder_.mount_point(item_->target, true, origin());
  if (!place.ok()) return fail(place.error());
  builder_.pin_parents(place.value(), origin());
  builder_.add(TmpfsMount{.target = step_target(place.value()),
                          .size_bytes = tmpfs.size_bytes,
                          .inodes = tmpfs.inodes,
                          .mode = tmpfs.mode,
                          .executable = tmpfs.executable},
               place.value(),
               {.kind = Kind::tmpfs,
                .access = {.read_only = false, .executable = tmpfs.executable},
                .asked = true},
               origin());
  return place.value();
}

std::string MountLayer::lay(const Dir& dir) {
  Result<Seen> seen = builder_.tree().look(item_->target);
  if (!seen.ok()) return fail(seen.error());
  if (seen.value().kind == FileKind::directory) return seen.value().path;
  if (seen.value().exists() || seen.value().backing != Seen::Backing::ours) {
    Result<std::string> refused = builder_.mount_point(item_->target, true, origin());
    if (!refused.ok()) return fail(refused.error());
    return refused.value();
  }
  Result<std::string> name = builder_.new_name(seen.value().path, origin());
  if (!name.ok()) return fail(name.error());
  builder_.add(MakeDir{.target = step_target(name.value()), .mode = dir.mode}, name.value(),
               {.asked = true}, origin());
  return name.value();
}

// Below a directory that we may not enter nothing can be looked for, but its owner, who may be the
// command, can open it: then it is hidden as a whole. False: an error was noted.
bool MountLayer::find_hidden(Seen& there) {
  if (there.exists() || there.backing != Seen::Backing::host || there.errnum != EACCES) return true;
  Result<Seen> closed = builder_.tree().look_above(there.path);
  if (!closed.ok()) {
    fail(closed.error());
    return false;
  }
  if (builder_.tree().node(closed.value().path) != nullptr) {
    fail({.code = Code::refused_mount,
          .doing = "hide " + quote(item_->target),
          .errnum = EACCES,
          .hint = "you may not enter " + quote(closed.value().path) +
                  ": change that (chmod u+x), or hide the whole"});
    return false;
  }
  there = std::move(closed.value());
  return true;
}

std::string MountLayer::lay(const Hide& /*hide*/) {
  Result<Seen> seen = builder_.tree().look(item_->target);
  if (!seen.ok()) return fail(seen.error());
  Seen& there = seen.value();
  const std::vector<std::string> links = there.links;
  if (!find_hidden(there)) return {};
  for (const std::string& link : links) {
    if (!there.exists() || !is_replaceable(link)) continue;
    return fail_replaceable(link, "hidden", "name where it leads: " + quote(there.path));
  }
  if (there.backing == Seen::Backing::kernel && !there.sure) {
    if (std::optional<Error> refused = refuse_own_files(there, origin())) {
      return fail(*std::move(refused));
    }
    builder_.add(MaskProc{.target = step_target(there.path)}, origin());
    return there.path;
  }
  if (!there.exists()) {
    if (is_meant_as_pattern(*item_->mount)) {
      return fail(
          {.code = Code::glob_no_match,
           .doing = quote(item_->target) + " is not there, and " + origin().flag +
                    " takes a name, not a pattern",
           .hint = R"(--set 'fs.")" + escape(item_->target) + R"("="hide"' takes a pattern)"});
    }
    builder_.expect_missing(there.path);
    return there.path;
  }
  builder_.pin_parents(there.path, origin());
  const std::string target = step_target(there.path);
  const TreeNode cover{.kind = Kind::cover, .shows = there.kind, .asked = true};
  if (there.kind != FileKind::directory) {
    builder_.add(CoverFile{.target = target, .content = {}, .mode = 0}, there.path, cover,
                 origin());
    return there.path;
  }
  // An entry below refines this one: its mount point is made in the cover, which can be passed then
  // but still not be listed.
  const std::string below = join(item_->target, "");
  const auto refined = targets_.lower_bound(below);
  if (refined != targets_.end() && refined->starts_with(below)) {
    builder_.add(TmpfsMount{.target = target, .size_bytes = kCoverBytes, .mode = 0111}, there.path,
                 {.kind = Kind::tmpfs, .access = {.read_only = false}, .asked = true}, origin());
  } else {
    builder_.add(TmpfsMount{.target = target,
                            .size_bytes = kCoverBytes,
                            .mode = 0,
                            .read_only = true,
                            .executable = false},
                 there.path, cover, origin());
  }
  return there.path;
}

bool MountLayer::find_upper(const Overlay& overlay, OverlayMount& step) {
  Result<ResolvedPath> upper = host_.files->resolve(overlay.upper);
  if (!upper.ok()) {
    fail(upper.error());
    return false;
  }
  if (upper.value().kind != FileKind::directory) {
    fail({.code = Code::overlay_dirs,
          .doing = "use " + quote(overlay.upper) + " for the writes of an overlay",
          .errnum = upper.value().kind == FileKind::missing ? upper.value().errnum : ENOTDIR,
          .hint = "make the directory, or leave \"upper\" out to discard what is written"});
    return false;
  }
  step.upper = upper.value().canonical;
  step.work = step.upper + ".work";
  for (const std::string& lower : step.lower) {
    if (!is_within(lower, step.upper) && !is_within(step.upper, lower)) continue;
    fail({.code = Code::overlay_dirs,
          .doing = "upper " + quote(step.upper) + " and lower " + quote(lower) +
                   " of an overlay lie in each other",
          .hint = "put the upper directory elsewhere on the same file system"});
    return false;
  }
  Result<ResolvedPath> work = host_.files->resolve(step.work);
  if (!work.ok()) {
    fail(work.error());
    return false;
  }
  if (work.value().kind == FileKind::missing) {
    return add_missing_directories(host_, step.work, spec_.state.used, origin(),
                                   plan_.host_directories, errors_);
  }
  if (work.value().kind != FileKind::directory || !work.value().links.empty()) {
    fail({.code = Code::overlay_dirs,
          .doing = "the overlay's work directory " + quote(step.work) + " is not a directory"});
    return false;
  }
  if (work.value().device != upper.value().device) {
    fail({.code = Code::overlay_dirs,
          .doing = quote(step.upper) + " and its work directory " + quote(step.work) +
                   " are on different file systems",
          .hint = "choose an upper directory that is not itself a mount point"});
    return false;
  }
  return true;
}

std::string MountLayer::lay(const Overlay& overlay) {
  OverlayMount step{.lower = item_->layers, .read_only = overlay.read_only};
  if (!overlay.upper.empty() && !find_upper(overlay, step)) return {};
  Result<std::string> place = builder_.mount_point(item_->target, true, origin());
  if (!place.ok()) return fail(place.error());
  builder_.pin_parents(place.value(), origin());
  step.target = step_target(place.value());
  TreeNode node{.kind = Kind::overlay,
                .layers = step.lower,
                .access = {.read_only = step.read_only},
                .asked = true};
  if (!step.upper.empty()) node.layers.insert(node.layers.begin(), step.upper);
  builder_.add(std::move(step), place.value(), std::move(node), origin());
  return place.value();
}

std::string MountLayer::lay(const KernelMount& mount) {
  Result<std::string> place = builder_.mount_point(item_->target, true, origin());
  if (!place.ok()) return fail(place.error());
  builder_.pin_parents(place.value(), origin());
  add_kernel_fs(mount, spec_, host_, builder_, place.value(), origin());
  return place.value();
}

std::string MountLayer::lay(const FileContent& file) {
  std::string content = file.content;
  if (file.content_fd >= 0) {
    Result<std::string> read = read_content(file.content_fd);
    if (!read.ok()) return fail(read.error());
    content = std::move(read.value());
  }
  Result<Seen> seen = builder_.tree().look(item_->target);
  if (!seen.ok()) return fail(seen.error());
  const Seen& there = seen.value();
  const bool sealed = builder_.on_sealed_root(there.path);
  if (!there.exists() && there.backing == Seen::Backing::ours && sealed == file.read_only) {
    Result<std::string> name = builder_.new_name(there.path, origin());
    if (!name.ok()) return fail(name.error());
    builder_.add(
        MakeFile{
            .target = step_target(name.value()), .mode = file.mode, .content = std::move(content)},
        name.value(), {.kind = Kind::file, .shows = FileKind::regular, .asked = true}, origin());
    return name.value();
  }
  Result<std::string> place = builder_.mount_point(item_->target, false, origin());
  if (!place.ok()) return fail(place.error());
  builder_.pin_parents(place.value(), origin());
  builder_.add(CoverFile{.target = step_target(place.value()),
                         .content = std::move(content),
                         .mode = file.mode,
                         .read_only = file.read_only},
               place.value(), {.kind = Kind::cover, .shows = FileKind::regular, .asked = true},
               origin());
  return place.value();
}

std::string canonical_state(const SandboxSpec& spec, const Host& host) {
  if (spec.state.used.empty()) return {};
  const Result<ResolvedPath> found = host.files->resolve(spec.state.used);
  return found.ok() ? found.value().canonical : std::string();
}

void add_mount_points(const std::vector<HostDirectory>& wanted, const SandboxSpec& spec,
                      const Host& host, LaunchPlan& plan, Errors& errors) {
  std::vector<HostDirectory>& made = plan.host_directories;
  for (const HostDirectory& one : wanted) {
    const std::string directory = one.is_file ? std::string(parent_of(one.path)) : one.path;
    if (!add_missing_directories(host, directory, spec.state.used, one.origin, made, errors))
      return;
    if (one.is_file) made.push_back(one);
  }
}

}  // namespace

RootTree lower_mounts(const SandboxSpec& spec, const Host& host, LaunchPlan& plan, Errors& errors) {
  PlannedStep make_root;
  TreeNode root;
  if (!lower_root(spec, host, make_root, root, errors)) return {*host.files, root};
  MountSources sources = find_sources(spec, host, errors);
  plan.host_directories = std::move(sources.created);
  const bool sealed = !spec.root.dir.is_set() && !spec.root.writable.get_or(false);
  const std::string state = canonical_state(spec, host);

  for (int order = 1;; ++order) {
    RootBuilder builder(*host.files, root, sealed, state);
    std::vector<PlannedStep>& steps = builder.steps();
    steps.push_back(make_root);
    steps.push_back({MakeScratch{}, {}});  // most plans need it
    MountLayer layer(spec, host, plan, builder, sources.items, errors);
    const std::size_t errors_before = errors.size();
    std::vector<std::pair<std::size_t, MountItem>> laid;
    laid.reserve(sources.items.size());
    const MountItem* disturbing = nullptr;
    for (MountItem& item : sources.items) {
      const std::string place = layer.lay(item);
      if (disturbing == nullptr && builder.disturbed()) disturbing = &item;
      laid.emplace_back(depth(place.empty() ? item.target : place), std::move(item));
    }
    if (builder.disturbed() && order < kMaxOrders) {
      errors.resize(errors_before);
      std::stable_sort(laid.begin(), laid.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t i = 0; i < laid.size(); ++i) sources.items[i] = std::move(laid[i].second);
      continue;
    }
    if (builder.disturbed()) {
      const auto index = static_cast<std::size_t>(disturbing - sources.items.data());
      errors.push_back({.code = Code::mount_point,
                        .doing = quote(laid[index].second.target) +
                                 " would cover what another entry shows below it",
                        .origin = laid[index].second.mount->origin,
                        .hint = "symlinks lead from one to the other: name their targets"});
    }
    add_mount_points(builder.host_mount_points(), spec, host, plan, errors);
    if (!share_memory(steps)) steps.erase(std::next(steps.begin()));
    plan.setup = std::move(steps);
    plan.setup.reserve(plan.setup.size() + kOtherSteps);
    if (sealed) plan.setup.push_back({SealRoot{}, {}});
    if (spec.limits.tmp_total.is_set()) share_tmp_total(spec.limits.tmp_total, plan, errors);
    return builder.take_tree();
  }
}

}  // namespace immure
