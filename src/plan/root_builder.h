// Collects the mount steps, and keeps the tree that they will make. Pure but for the look-ups of
// the tree.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"
#include "plan/root_tree.h"

namespace immure {

class RootBuilder {
 public:
  // `state`: the directory of the host that is the sandbox's own, canonical; empty: there is none.
  RootBuilder(const HostFiles& files, TreeNode root, bool sealed, std::string state)
      : tree_(files, std::move(root)), sealed_(sealed), state_(std::move(state)) {
    steps_.reserve(kUsualSteps);
  }

  const RootTree& tree() const { return tree_; }
  RootTree take_tree() { return std::move(tree_); }
  std::vector<PlannedStep>& steps() { return steps_; }

  // A step at `path` (its target is filled in by the caller), and what the path is from then on.
  void add(Step step, const std::string& path, TreeNode node, const Origin& origin);
  // A step that changes nothing of the tree.
  void add(Step step, const Origin& origin) { steps_.push_back({std::move(step), origin}); }

  // The mount point for a directory, or for anything else: the path as the kernel will see it.
  // Missing ones are made where the file system is ours, with their parents (0755); on the host's
  // nothing is made: Code::mount_point. `will_exist`: the host directory is made before the start.
  // In the state's directory missing ones become host_mount_points().
  Result<std::string> mount_point(const std::string& target, bool directory, const Origin& origin,
                                  bool will_exist = false);

  // Mount points to be made on the host, in the state's directory, before the start.
  const std::vector<HostDirectory>& host_mount_points() const { return host_mount_points_; }

  // To be called before something is mounted at `place`, an existing path. Below a writable bind
  // each directory on the way becomes a mount point of its own: else the command could rename it
  // and make another of its name, where the next run would find nothing of what is to be covered
  // or kept read-only. Not done in an overlay, nor against what writes the directory from outside.
  void pin_parents(const std::string& place, const Origin& origin);

  // Where a directory, file or link of ours can be made: its parents exist afterwards.
  Result<std::string> new_name(const std::string& target, const Origin& origin);

  // Nothing was found at this path, and the plan relies on that.
  void expect_missing(const std::string& path) { missing_.insert(path); }

  // The path is on the tmpfs root, which becomes read-only at the end.
  bool on_sealed_root(const std::string& path) const;

  // A later step covered an earlier one, or made what was expected to be missing: the order has to
  // be another.
  bool disturbed() const { return disturbed_; }

 private:
  static constexpr std::size_t kUsualSteps = 128;

  void make_parents(const Seen& seen, const Origin& origin);

  RootTree tree_;
  bool sealed_;
  std::string state_;
  std::vector<HostDirectory> host_mount_points_;
  bool disturbed_ = false;
  std::set<std::string, std::less<>> missing_;
  std::vector<PlannedStep> steps_;
};

// Below /proc/self and the links like it, in a procfs that is mounted for the sandbox: what covers
// it would cover the files of pid 1. Code::mount_point
std::optional<Error> refuse_own_files(const Seen& seen, const Origin& origin);

// As steps name their targets: "/usr/bin" -> "usr/bin".
std::string step_target(const std::string& path);

}  // namespace immure
