// The command line of bubblewrap, read. It is a contract with programs that were written for
// bubblewrap: words, order and messages are bubblewrap's own. Before clone; reads the descriptors
// of --args, and no other. Authority: bwrap(1).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/on_demand.h"
#include "spec/ordered_spec.h"

namespace immure {

struct BwrapArguments {
  enum class Asks : std::uint8_t { run, help, version, usage } asks = Asks::run;
  OrderedSpec spec;

  // Descriptors of the caller by which the start is followed; -1: none.
  // Those of these options and of namespaces, also where only the last one counts: not for the
  // command.
  std::vector<int> descriptors;
  int block_fd = -1, userns_block_fd = -1, info_fd = -1, json_status_fd = -1;
  bool filters_added = false;  // by --add-seccomp-fd, not --seccomp
  bool not_a_boundary = false;
};

// A message of bubblewrap's, without the "bwrap: " in front; `errnum` goes behind it in words.
struct BwrapMistake {
  std::string text;
  int errnum = 0;
};

// What of the caller the meaning depends on.
struct BwrapCaller {
  bool root = false;
  gid_t gid = 0;                // for --gid, which may be what it is already
  bool user_namespaces = true;  // for --unshare-user-try
  bool cgroup_namespaces = true;
  std::uint64_t capabilities = 0;               // effective ones: what root begins with
  OnDemand<std::uint64_t> last_capability{40};  // the kernel's highest
};

// `words` without argv[0]. `level_prefix` is set as soon as it is read, since it changes how later
// messages begin. `warn` is called for each warning at once.
std::variant<BwrapArguments, BwrapMistake> parse_bwrap(
    std::span<const std::string> words, const BwrapCaller& caller, bool& level_prefix,
    const std::function<void(const std::string&)>& warn);

}  // namespace immure
