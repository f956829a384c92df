// A built-in filter with single calls opened or closed: for profiles that name calls, which the
// filters compiled at build time do not know. Compiling takes some hundred microseconds. Before
// clone.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "seccomp/filters.h"

namespace immure {

// For one call, whatever the built-in filter says of it, its arguments included.
struct CallChange {
  std::string call;    // "ptrace"
  bool allow = false;  // else EPERM
};

enum class CallName : unsigned char {
  known,    // on this architecture
  foreign,  // on others only: a change of it changes nothing
  unknown,
};
CallName look_up_call(std::string_view name);

// The likely call for an unknown name; may be empty.
std::string similar_call(std::string_view name);

// `filter`: there is a built-in one below; else everything that is not changed is allowed. For the
// architecture that this program was built for, and the ABIs that `choice` opens. Changes of calls
// that one does not have are passed over there.
Result<std::vector<sock_filter>> compile_changed(bool filter, FilterChoice choice,
                                                 std::span<const CallChange> changes);

}  // namespace immure
