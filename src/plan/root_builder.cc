#include "plan/root_builder.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

Error no_mount_point(const Seen& seen, const Origin& origin) {
  Error error{.code = Code::mount_point,
              .doing = "mount point " + quote(seen.path) + " doesn't exist",
              .origin = origin};
  switch (seen.backing) {
    case Seen::Backing::host:
      error.reason = quote(seen.existing) + " is the host's, where immure makes nothing";
      error.hint = "make " + quote(seen.host_path) + " on the host, or choose another place";
      break;
    case Seen::Backing::ours:
      error.reason = quote(seen.existing) + " is not a directory";
      break;
    case Seen::Backing::kernel:
    case Seen::Backing::cover:
      error.reason = quote(seen.existing) + " covers it";
      error.hint = "take one of the two entries away";
      break;
  }
  return error;
}

Error wrong_kind(const Seen& seen, bool directory, const Origin& origin) {
  return Error{
      .code = Code::mount_point,
      .doing = "mount point " + quote(seen.path) +
               (directory ? " is not a directory" : " is a directory"),
      .reason = directory ? "what is mounted there is one" : "what is mounted there is not",
      .origin = origin};
}

}  // namespace

std::optional<Error> refuse_own_files(const Seen& seen, const Origin& origin) {
  constexpr std::array<std::string_view, 4> own = {"self", "thread-self", "net", "mounts"};
  if (seen.backing != Seen::Backing::kernel || seen.sure) return std::nullopt;
  std::string_view name = std::string_view(seen.path).substr(seen.existing.size());
  name.remove_prefix(name.starts_with('/') ? 1 : 0);
  if (std::ranges::find(own, name.substr(0, name.find('/'))) == own.end()) return std::nullopt;
  return Error{.code = Code::mount_point,
               .doing = quote(seen.path) + " can't be covered",
               .reason = "its link leads each process to files of its own",
               .origin = origin,
               .hint = "take the entry away; root.proc = \"none\" does without /proc"};
}

std::string step_target(const std::string& path) { return std::string(relative_to_root(path)); }

void RootBuilder::add(Step step, const std::string& path, TreeNode node, const Origin& origin) {
  const bool shows_more = node.kind == TreeNode::Kind::host ||
                          node.kind == TreeNode::Kind::overlay || node.kind == TreeNode::Kind::link;
  if (shows_more && !missing_.empty()) {
    const std::string below = join(path, "");
    const auto expected = missing_.lower_bound(below);
    const bool found = expected != missing_.end() && expected->starts_with(below);
    if (found || missing_.contains(path)) disturbed_ = true;
  }
  if (!tree_.put(path, std::move(node))) disturbed_ = true;
  steps_.push_back({std::move(step), origin});
}

void RootBuilder::make_parents(const Seen& seen, const Origin& origin) {
  for (std::size_t slash = seen.path.find('/', seen.existing == "/" ? 1 : seen.existing.size() + 1);
       slash != std::string::npos; slash = seen.path.find('/', slash + 1)) {
    const std::string parent = seen.path.substr(0, slash);
    add(MakeDir{.target = step_target(parent)}, parent, {}, origin);
  }
}

Result<std::string> RootBuilder::mount_point(const std::string& target, bool directory,
                                             const Origin& origin, bool will_exist) {
  Result<Seen> looked = tree_.look(target);
  if (!looked.ok()) return looked.error();
  const Seen& seen = looked.value();
  if (seen.exists()) {
    if ((seen.kind == FileKind::directory) != directory) return wrong_kind(seen, directory, origin);
    return seen.path;
  }
  const TreeNode* base = tree_.node(seen.existing);
  const bool makeable = seen.backing == Seen::Backing::ours && base->shows == FileKind::directory;
  if (!makeable) {
    if (std::optional<Error> refused = refuse_own_files(seen, origin)) return *std::move(refused);
    const bool unknown = seen.backing == Seen::Backing::kernel;
    if (unknown || (will_exist && seen.backing == Seen::Backing::host)) return seen.path;
    if (seen.backing == Seen::Backing::host && base->kind == TreeNode::Kind::host &&
        seen.errnum == ENOENT && !state_.empty() && is_within(seen.host_path, state_)) {
      host_mount_points_.push_back(
          {.path = seen.host_path, .origin = origin, .is_file = !directory});
      return seen.path;
    }
    return no_mount_point(seen, origin);
  }
  make_parents(seen, origin);
  if (directory) {
    add(MakeDir{.target = step_target(seen.path)}, seen.path, {}, origin);
  } else {
    add(MakeFile{.target = step_target(seen.path), .content = {}}, seen.path,
        {.kind = TreeNode::Kind::file, .shows = FileKind::regular}, origin);
  }
  return seen.path;
}

void RootBuilder::pin_parents(const std::string& place, const Origin& origin) {
  const std::string top = tree_.mount_point_of(std::string(parent_of(place)));
  const TreeNode& mount = *tree_.node(top);
  if (mount.kind != TreeNode::Kind::host || mount.access.read_only) return;
  const std::string source = mount.layers.front();
  const TreeNode node{.kind = TreeNode::Kind::host, .access = mount.access};
  for (std::size_t slash = place.find('/', top == "/" ? 1 : top.size() + 1);
       slash != std::string::npos; slash = place.find('/', slash + 1)) {
    const std::string directory = place.substr(0, slash);
    TreeNode pinned = node;
    pinned.layers = {join(source, std::string_view(directory).substr(top == "/" ? 0 : top.size()))};
    steps_.push_back({BindMount{.source = pinned.layers.front(),
                                .target = step_target(directory),
                                .read_only = false,
                                .devices = node.access.devices,
                                .executable = node.access.executable,
                                .recursive = node.access.recursive,
                                .slave = node.access.slave,
                                .pin = true},
                      origin});
    tree_.put(directory, std::move(pinned));
  }
}

Result<std::string> RootBuilder::new_name(const std::string& target, const Origin& origin) {
  const std::string parent(parent_of(target));
  Result<std::string> made = mount_point(parent, true, origin);
  if (!made.ok()) return made.error();
  return join(made.value(), base_name(target));
}

bool RootBuilder::on_sealed_root(const std::string& path) const {
  return sealed_ && tree_.mount_point_of(path) == "/";
}

}  // namespace immure
