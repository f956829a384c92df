// What keeps the command from getting more through descriptors 0 to 2 than the caller opened them
// for: a file or device that was opened only to be read, or only to be written, could be opened
// again with more rights by way of /proc/self/fd/N. Where Landlock says so already, nothing is done
// here; nor for pipes and terminals. Before clone, in the launcher.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "launch/child.h"
#include "launch/output_relay.h"
#include "plan/launch_plan.h"

namespace immure {

// Files to be read, which the child opens again through a read-only copy of their mount. The
// position that the command left them at becomes that of the caller's descriptors, as whoever reads
// there next expects.
class ReopenedStdio {
 public:
  ReopenedStdio() = default;
  ReopenedStdio(const ReopenedStdio&) = delete;
  ReopenedStdio& operator=(const ReopenedStdio&) = delete;
  ~ReopenedStdio();

  // The child is to open `fd` again as `path`. Gives errno.
  int add(int fd, std::string path);
  void tell(ChildContext& context);

 private:
  static constexpr std::size_t kMost = 3;
  std::vector<std::string> paths_;
  std::array<ReopenedFile, kMost> files_;
  std::array<Fd, kMost> callers_;
  Fd ours_, childs_;  // ends of the socket by which the child hands over what it opened
};

// Puts the pipes of limits.output and of guarded descriptors in place, and notes in `reopened` what
// the child is to do.
std::optional<Error> arrange_stdio(const LaunchPlan& plan, OutputRelay& relay,
                                   ReopenedStdio& reopened, unsigned terminals);

}  // namespace immure
