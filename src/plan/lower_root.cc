#include "plan/lower_root.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "base/text.h"
#include "plan/lower_mounts.h"

namespace immure {
namespace {

constexpr std::uint64_t kRootBytes = 16ULL << 20;
constexpr std::uint64_t kLeastInodes = 16384;  // a mount point for each entry of a large profile

}  // namespace

bool lower_root(const SandboxSpec& spec, const Host& host, PlannedStep& planned, TreeNode& node,
                Errors& errors) {
  const Root& root = spec.root;
  if (!root.dir.is_set()) {
    const Origin& origin = root.size_bytes.is_set() ? root.size_bytes.origin : root.mode.origin;
    MakeRoot step{.size_bytes = root.size_bytes.get_or(kRootBytes), .mode = root.mode.get_or(0755)};
    if (root.writable.get_or(false)) step.inodes = inodes_for(step.size_bytes, kLeastInodes);
    planned = {std::move(step), origin};
    node = {.kind = TreeNode::Kind::tmpfs, .access = {.read_only = false}};
    return true;
  }
  const std::string& directory = *root.dir.value;
  Result<ResolvedPath> resolved = host.files->resolve(directory);
  if (!resolved.ok()) {
    errors.push_back(resolved.error());
    errors.back().origin = root.dir.origin;
    return false;
  }
  if (resolved.value().kind != FileKind::directory) {
    const bool missing = resolved.value().kind == FileKind::missing;
    errors.push_back({.doing = "use " + quote(directory) + " as the root",
                      .errnum = missing ? resolved.value().errnum : ENOTDIR,
                      .origin = root.dir.origin,
                      .hint = "root.dir names a directory with a ready root file system"});
    return false;
  }
  const bool read_only = !root.writable.get_or(false);
  planned = {MakeRoot{.directory = resolved.value().canonical, .read_only = read_only},
             root.dir.origin};
  node = {.kind = TreeNode::Kind::host,
          .layers = {resolved.value().canonical},
          .access = {.read_only = read_only}};
  return true;
}

}  // namespace immure
