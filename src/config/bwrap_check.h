// What only a whole command line of bubblewrap shows: options that need or exclude each other, and
// what is implied. Internal to parse_bwrap. Pure.
#pragma once

#include "config/bwrap_args.h"

namespace immure {

// What was asked for that the spec itself does not say.
struct BwrapWords {
  bool try_user = false;     // --unshare-user-try
  bool need_cgroup = false;  // --unshare-cgroup, not -try
  bool hostname = false;
};

// Settles what is implied. The first mistake, in bubblewrap's words; null: there is none.
const char* check_bwrap(BwrapArguments& arguments, const BwrapWords& words,
                        const BwrapCaller& caller);

}  // namespace immure
