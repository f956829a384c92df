// From the command line of the drop-in `bwrap` to the same plan that a profile becomes. Pure but
// for what it asks of the Host, and for the descriptors that the command line names: files whose
// content it asks for are read here.
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
  bool selinux = false;
  int landlock_abi = 0;
  std::string terminal;  // of standard output; empty: it is none
  const HostFiles* files = nullptr;
  // All that a descriptor gives, which is closed then. False: errno says why.
  std::function<bool(int fd, std::string& content)> read;
  // Where an open file or directory is; empty: errno says why. readlink of /proc/self/fd/N
  std::function<std::string(int fd)> place_of;
};

// An Error's `doing` is the whole message, in bubblewrap's words, without errno.
std::variant<LaunchPlan, Error> lower_ordered(const OrderedSpec& spec, const OrderedHost& host);

}  // namespace immure
