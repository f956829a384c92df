#include "plan/planned_tree.h"

#include <optional>
#include <utility>
#include <variant>

namespace immure {
namespace {

using Kind = TreeNode::Kind;

class Reader {
 public:
  explicit Reader(const HostFiles& files) : files_(files) {}

  std::optional<TreeNode> operator()(const MakeDir& /*step*/) const { return TreeNode{}; }
  std::optional<TreeNode> operator()(const MakeFile& /*step*/) const {
    return TreeNode{.kind = Kind::file, .shows = FileKind::regular};
  }
  std::optional<TreeNode> operator()(const MakeLink& step) const {
    return TreeNode{.kind = Kind::link, .text = step.text};
  }
  std::optional<TreeNode> operator()(const BindMount& step) const {
    const Result<ResolvedPath> source = files_.resolve(step.source);
    return TreeNode{.kind = Kind::host,
                    .shows = source.ok() ? source.value().kind : FileKind::missing,
                    .layers = {step.source},
                    .access = {.read_only = step.read_only,
                               .devices = step.devices,
                               .executable = step.executable,
                               .recursive = step.recursive,
                               .slave = step.slave}};
  }
  std::optional<TreeNode> operator()(const CoverFile& /*step*/) const {
    return TreeNode{.kind = Kind::cover, .shows = FileKind::regular};
  }
  std::optional<TreeNode> operator()(const TmpfsMount& step) const {
    return TreeNode{.kind = Kind::tmpfs,
                    .access = {.read_only = step.read_only, .executable = step.executable}};
  }
  std::optional<TreeNode> operator()(const OverlayMount& step) const {
    TreeNode node{
        .kind = Kind::overlay, .layers = step.lower, .access = {.read_only = step.read_only}};
    if (!step.upper.empty()) node.layers.insert(node.layers.begin(), step.upper);
    return node;
  }
  std::optional<TreeNode> operator()(const ProcMount& /*step*/) const { return kernel(); }
  std::optional<TreeNode> operator()(const DevptsMount& /*step*/) const { return kernel(); }
  std::optional<TreeNode> operator()(const MqueueMount& /*step*/) const { return kernel(); }
  std::optional<TreeNode> operator()(const SysfsMount& /*step*/) const { return kernel(); }
  std::optional<TreeNode> operator()(const CgroupMount& /*step*/) const { return kernel(); }
  template <class Other>
  std::optional<TreeNode> operator()(const Other& /*step*/) const {
    return {};
  }

 private:
  static TreeNode kernel() { return {.kind = Kind::kernel}; }

  const HostFiles& files_;
};

template <class S>
std::string target_of(const S& step) {
  if constexpr (requires { step.target; }) {
    return "/" + step.target;
  } else {
    return "/";
  }
}

}  // namespace

RootTree planned_tree(const LaunchPlan& plan, const HostFiles& files) {
  TreeNode root{.kind = Kind::tmpfs, .access = {.read_only = false}};
  for (const PlannedStep& planned : plan.setup) {
    const auto* make = std::get_if<MakeRoot>(&planned.what);
    if (make == nullptr || make->directory.empty()) continue;
    root = {
        .kind = Kind::host, .layers = {make->directory}, .access = {.read_only = make->read_only}};
  }
  RootTree tree(files, std::move(root));
  const Reader reader(files);
  for (const PlannedStep& planned : plan.setup) {
    std::optional<TreeNode> node = std::visit(reader, planned.what);
    if (!node) continue;
    const std::string target =
        std::visit([](const auto& step) { return target_of(step); }, planned.what);
    tree.put(target, std::move(*node));
  }
  return tree;
}

}  // namespace immure
