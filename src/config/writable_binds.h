// What of the host a sandbox may write, where that appears inside, and how a part of it is kept
// from being written. Before clone only.
#pragma once

#include <string>
#include <vector>

#include "spec/sandbox_spec.h"

namespace immure {

// A host directory or file that the sandbox may write.
struct Shown {
  std::string source, target;  // source: without links
  std::size_t mount = 0;       // its index in the spec
};

bool has_writable_bind(const SandboxSpec& spec);

// Of a merged spec, which must outlive it. What is kept is appended to the spec's mounts, which are
// no longer sorted by depth then.
class WritableBinds {
 public:
  explicit WritableBinds(SandboxSpec& spec);

  // A directory that has a link in its path appears twice. Patterns: what they match now.
  const std::vector<Shown>& shown() const { return shown_; }
  const Mount& mount_of(const Shown& shown) const { return spec_.mounts[shown.mount]; }

  // Where a host path at or below the source appears.
  static std::string inside(const Shown& shown, const std::string& path);

  // Whether another entry says what stands at a path inside.
  bool is_covered(const Shown& shown, const std::string& target) const;

  // Adds a read-only bind of a host path below the source, where no other entry covers it. `why`
  // stands for its origin. `create`: a missing directory is made, where the command could make it.
  void keep(const Shown& shown, const std::string& path, const char* why, bool create = false);

 private:
  void add(const std::string& source, const std::string& target, std::size_t mount);

  SandboxSpec& spec_;
  std::vector<Shown> shown_;
};

}  // namespace immure
