// Compiles a policy to classic BPF. libseccomp has no way to say "a socket family outside of this
// set fails with EAFNOSUPPORT" beside a default of ENOSYS (a rule may compare an argument once, and
// can't negate a set), and its programs load more slowly: the kernel walks the filter once per call
// number to find those that are always allowed. So the layout is ours: architecture check, then a
// search tree over runs of equal decisions, then the argument checks. Build time and before clone.
//
// `standard` takes 20 us, after 55 us for its policy (with i386: 45 and 200). So there is no cache
// of compiled filters: a file could be trusted only where it is held against the policy, which has
// to be made for that, and to try each call number of it once, without arguments, takes 25 us.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "base/error.h"
#include "seccomp/policy.h"

namespace immure {

// A policy for each ABI; calls of any other end the process. Fails only when the program is longer
// than the kernel takes (BPF_MAXINSNS).
Result<std::vector<sock_filter>> compile(std::span<const Policy> policies);
inline Result<std::vector<sock_filter>> compile(const Policy& policy) {
  return compile(std::span(&policy, 1));
}

}  // namespace immure
