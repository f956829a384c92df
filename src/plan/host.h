// What this machine and its user offer. Lowering takes a Host as an argument and asks nothing else,
// so unit tests give a made-up one. Before clone only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/callers_environment.h"
#include "base/error.h"
#include "base/on_demand.h"

namespace immure {

enum class FileKind : std::uint8_t { missing, directory, regular, device, socket, fifo };

// A symbolic link met on the way: `path` (canonical but for its last part) holds `text`.
struct LinkOnTheWay {
  std::string path;
  std::string text;
  uid_t owner = 0;
  bool operator==(const LinkOnTheWay&) const = default;
};

// Where a path leads on the host.
struct ResolvedPath {
  FileKind kind = FileKind::missing;
  std::string canonical;            // no symlink in it; for `missing`: as far as could be resolved,
                                    // with the rest of the path after it
  std::vector<LinkOnTheWay> links;  // in the order met
  int errnum = 0;                   // for `missing`: ENOENT, EACCES, ELOOP …
  std::uint64_t device = 0;         // of the file system, to be compared with another
  bool operator==(const ResolvedPath&) const = default;
};

// The host's file system, read only as far as asked.
class HostFiles {
 public:
  HostFiles() = default;
  HostFiles(const HostFiles&) = delete;
  HostFiles& operator=(const HostFiles&) = delete;
  virtual ~HostFiles() = default;

  // Follows links like the kernel (at most 40). An answer that takes longer than 5 s (a dead FUSE
  // or network file system) is an Error (Code::setup_timeout), and so is what does not say that the
  // path is missing (EIO, EMFILE …).
  virtual Result<ResolvedPath> resolve(const std::string& path) const = 0;
  // Paths that match the pattern (* ? [..]), sorted; none: empty. Errors as above, and
  // for a directory that can be entered but not listed.
  virtual Result<std::vector<std::string>> glob(const std::string& pattern) const = 0;
  // The same, and what may match below directories that we may not enter, by the rest of the
  // pattern as it stands: their owner can open them to himself.
  virtual Result<std::vector<std::string>> glob_closed_too(const std::string& pattern) const {
    return glob(pattern);
  }
  // The file may be executed, or the directory entered, by us (access(2) X_OK). False also when
  // there is no answer for 5 s.
  virtual bool executable(const std::string& path) const = 0;
  // Such a silence was met at this path before.
  virtual bool silent(const std::string& /*path*/) const { return false; }
};

struct IdSpan {
  std::uint64_t first = 0, count = 0;
};

struct Host {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string cwd;        // empty: deleted or unreadable
  std::string home;       // from the passwd database; empty: none
  std::string user_name;  // empty: no passwd entry
  std::string shell;
  CallersEnvironment environment;
  OnDemand<std::uint64_t> rtprio_limit{0};              // the soft one; sched(7)
  std::uint64_t (*hard_limit)(int resource) = nullptr;  // of RLIMIT_…; getrlimit(2); never null
  // What the administrator gave this user in subuid(5) and subgid(5).
  OnDemand<std::vector<IdSpan>> subordinate_uids{std::vector<IdSpan>{}};
  OnDemand<std::vector<IdSpan>> subordinate_gids{std::vector<IdSpan>{}};
  // Directories that sandboxes of this user could write in earlier starts; plan/written_places.
  OnDemand<std::vector<std::string>> written_places{std::vector<std::string>{}};
  OnDemand<std::vector<gid_t>> groups{std::vector<gid_t>{}};  // supplementary; getgroups(2)
  OnDemand<int> nice{0};
  OnDemand<int> oom_score_adj{0};
  OnDemand<int> processors{1};
  OnDemand<int> landlock_abi{0};                // 0: none; landlock(7)
  OnDemand<int> kernel{0};                      // 6014: Linux 6.14; uname(2). 0: not known
  OnDemand<std::uint64_t> last_capability{40};  // the kernel's highest; capabilities(7)
  const HostFiles* files = nullptr;             // never null
};

// Reads this machine's. Never fails: what cannot be read stays empty.
Host this_host(const HostFiles& files);

// The kernel's highest capability; capabilities(7).
std::uint64_t highest_capability();

// The name of a group in /etc/group; empty: none.
std::string group_name(gid_t gid);

// The real file system. Lives as long as the program.
const HostFiles& real_files();
// The same, but a link of procfs to an open file ("/proc/self/fd/3") is no error: it leads where it
// says, as realpath(3) has it.
const HostFiles& real_files_by_text();

}  // namespace immure
