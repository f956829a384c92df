#include "plan/root_tree.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

#include "base/path.h"

namespace immure {
namespace {

constexpr int kMaxLinks = 40;  // path_resolution(7)

using Kind = TreeNode::Kind;

// Where a link leads, with what follows it in the path.
std::string through_link(std::string_view link_path, std::string_view text, std::string_view rest) {
  std::string base = text.starts_with('/') ? std::string(text) : join(parent_of(link_path), text);
  if (!rest.empty() && !rest.starts_with('/')) base += '/';
  return collapse(base.append(rest));
}

// What a node says of itself, before the host is asked.
Seen seen_at(const TreeNode& node, std::string_view node_path, const std::string& path) {
  const bool itself = node_path.size() == path.size();
  Seen seen{.kind = itself ? node.shows : FileKind::missing,
            .path = path,
            .existing = std::string(node_path),
            .errnum = itself ? 0 : ENOENT};
  switch (node.kind) {
    case Kind::directory:
    case Kind::tmpfs:
    case Kind::file:
    case Kind::link:
      break;
    case Kind::host:
    case Kind::overlay:
      seen.backing = Seen::Backing::host;
      break;
    case Kind::kernel:
      seen.backing = Seen::Backing::kernel;
      seen.sure = itself;
      break;
    case Kind::cover:
      seen.backing = Seen::Backing::cover;
      break;
  }
  return seen;
}

}  // namespace

bool is_collapsed(std::string_view path) {
  if (path == "/") return true;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || (part.front() == '.' && (part == "." || part == ".."))) return false;
    path.remove_prefix(part.size());
    if (path.empty()) return true;
  }
  return false;
}

std::string collapse(std::string_view path) {
  if (is_collapsed(path)) return std::string(path);
  std::string out;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out.resize(out.empty() ? 0 : out.rfind('/'));
    } else {
      out.append(1, '/').append(part);
    }
  }
  return out.empty() ? "/" : out;
}

RootTree::RootTree(const HostFiles& files, TreeNode root) : files_(&files) {
  nodes_.emplace("/", std::move(root));
}

Result<Seen> RootTree::look(const std::string& path) const { return walk(path, true); }

Result<Seen> RootTree::look_at_name(const std::string& path) const { return walk(path, false); }

Result<Seen> RootTree::walk(std::string path, bool follow_last) const {
  std::vector<std::string> followed;
  for (int links = 0; links <= kMaxLinks; ++links) {
    // Nodes have canonical paths, so the deepest one on the way decides: there is no link above it.
    const auto found = nearest(path);
    const std::string& node_path = found->first;
    const TreeNode& node = found->second;
    const std::string_view rest =
        std::string_view(path).substr(node_path.size() == 1 ? 0 : node_path.size());
    Seen seen = seen_at(node, node_path, path);
    seen.links = followed;

    if (node.kind == Kind::link) {
      if (rest.empty() && !follow_last) {
        seen.is_link = true;
        seen.link_text = node.text;
        return seen;
      }
      followed.push_back(node_path);
      path = through_link(node_path, node.text, rest);
      continue;
    }
    if (node.kind != Kind::host && node.kind != Kind::overlay) return seen;
    if (node_path == path) {
      seen.host_path = node.layers.front();
      return seen;
    }

    std::optional<std::string> led_to;
    for (const std::string& layer : node.layers) {
      seen.host_path = join(layer, rest);
      Result<ResolvedPath> on_host = files_->resolve(seen.host_path);
      if (!on_host.ok()) return on_host.error();
      const ResolvedPath& there = on_host.value();
      if (!there.links.empty()) {
        const LinkOnTheWay& link = there.links.front();
        const std::string inside =
            join(node_path, link.path.substr(layer == "/" ? 0 : layer.size()));
        if (inside == path && !follow_last) {
          seen.is_link = true;
          seen.link_text = link.text;
          return seen;
        }
        followed.push_back(inside);
        led_to = through_link(inside, link.text, path.substr(inside.size()));
        break;
      }
      seen.kind = there.kind;
      seen.errnum = there.errnum;
      seen.sure = node.access.recursive;
      if (there.kind != FileKind::missing) break;
    }
    if (!led_to) return seen;
    path = *std::move(led_to);
  }
  return Seen{.path = path, .existing = "/", .errnum = ELOOP};
}

Result<Seen> RootTree::look_above(const std::string& path) const {
  std::string_view at = path;
  for (;;) {
    at = parent_of(at);
    Result<Seen> above = look(std::string(at));
    if (!above.ok() || above.value().exists() || at == "/") return above;
  }
}

bool RootTree::put(const std::string& path, TreeNode node) {
  bool nothing_lost = true;
  auto at = nodes_.lower_bound(path);
  if (at != nodes_.end() && at->first == path) {
    at->second = std::move(node);
  } else {
    at = nodes_.emplace_hint(at, path, std::move(node));
  }
  // What begins with the path comes next, among it what is below: "/a", "/a-b", "/a/b".
  for (++at; at != nodes_.end() && at->first.starts_with(path);) {
    if (!is_within(at->first, path)) {
      ++at;
      continue;
    }
    nothing_lost = nothing_lost && !at->second.asked;
    at = nodes_.erase(at);
  }
  return nothing_lost;
}

std::string RootTree::mount_point_of(const std::string& path) const {
  std::string_view at = path;
  for (;;) {
    const auto& [where, found] = *nearest(at);
    const bool mounted =
        found.kind != Kind::directory && found.kind != Kind::file && found.kind != Kind::link;
    if (mounted || where == "/") return where;
    at = parent_of(where);
  }
}

RootTree::Nodes::const_iterator RootTree::nearest(std::string_view path) const {
  for (;;) {
    const auto after = nodes_.upper_bound(path);
    if (after == nodes_.begin()) return after;
    // What is above the path does not come after this one, and is a beginning of both.
    const auto before = std::prev(after);
    if (is_within(path, before->first)) return before;
    const auto* const differs = std::ranges::mismatch(path, before->first).in1;
    path = parent_of(path.substr(0, static_cast<std::size_t>(differs - path.begin()) + 1));
  }
}

const TreeNode* RootTree::node(std::string_view path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

}  // namespace immure
