// From the command line of the drop-in `bwrap` to the same plan that a profile becomes. Pure but
// for what it asks of the Host. What the descriptors of the command line give is read when the
// sandbox is set up: their other ends may wait until they hear of it (--info-fd).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/ordered_spec.h"

namespace immure {

// Of a filter that the kernel does not take.
constexpr std::string_view kFilterRefused =
    "Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported EINVAL. "
    "(Hint: this requires a kernel configured with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER.)";

// What of this machine decides, beside HostFiles.
struct OrderedHost {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string cwd;                       // empty: deleted or unreadable
  std::vector<std::string> environment;  // the caller's
  mode_t umask = 022;
  std::uint64_t capabilities = ~0ULL;  // of root: its effective ones, or all
  bool selinux = false;
  int landlock_abi = 0;
  std::string terminal;  // of standard output; empty: it is none
  const HostFiles* files = nullptr;
  std::function<bool(int fd)> is_open;
  // Where an open file or directory is; empty: errno says why. readlink of /proc/self/fd/N
  std::function<std::string(int fd)> place_of;
};

// An Error's `doing` is the whole message, in bubblewrap's words, without errno.
std::variant<LaunchPlan, Error> lower_ordered(const OrderedSpec& spec, const OrderedHost& host);

}  // namespace immure
