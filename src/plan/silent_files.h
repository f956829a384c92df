// File systems that may never answer: network and FUSE file systems whose server is gone,
// automounts. What could hang is first asked by a child, which can be left behind. Before clone
// only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace immure {

// "no answer for 5 s", with what to do.
Error no_answer(const std::string& path);

// openat2(2), O_PATH, no link followed. `cached_only`: EAGAIN unless the kernel's cache has it all,
// so that no file system is asked (before Linux 5.12: EINVAL).
int open_without_links(const std::string& path, bool cached_only);

// Remembers who answered, so that a dead file system costs one wait and a living one one child.
class SilentFiles {
 public:
  // `device` is known to answer, or lies on a disk of this machine.
  bool trusts(std::uint64_t device);

  // Asks in a child, for at most 5 s. False: there was no answer, now or before; the child is left
  // to itself, as it may hang in the kernel where nothing ends it. `device`: of the file system, if
  // it is known; else 0.
  bool answers(const std::string& path, std::uint64_t device,
               const std::function<void()>& question);

  // answers() was false for this path.
  bool met(const std::string& path) const { return silent_paths_.contains(path); }

  // This path leads to one that met() is true of.
  void remember(const std::string& path) { silent_paths_.insert(path); }

 private:
  std::uint64_t root_device_ = 0;
  std::set<std::uint64_t> alive_, silent_;
  std::set<std::string> silent_paths_;
  std::vector<std::string> silent_points_;  // mount points of file systems whose device is unknown
};

}  // namespace immure
