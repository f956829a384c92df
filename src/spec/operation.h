// What is done to the sandbox's file system in exactly the order of a command line: one Operation
// for each option of the drop-in `bwrap`. Unlike a Mount, which says what a path shall show, an
// operation acts on what the ones before it left, and makes what is missing of its target, even in
// a writable bind. Pure values. Authority: bwrap(1), mount(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace immure {

// A host file or directory with the mounts below it; nosuid always, nodev unless `devices`.
struct BindOperation {
  std::string source;  // host path, as written
  int source_fd = -1;  // -1: `source` is meant; else what this descriptor refers to
  bool read_only = false;
  bool devices = false;
  bool optional = false;  // skipped when the source does not exist
};
struct TmpfsOperation {
  std::uint64_t size_bytes = 0;  // 0: the kernel's default, half of the machine's memory
  mode_t mode = 0755;
};
// A directory; one that is there already, or a link to one, is left as it is.
struct DirOperation {
  mode_t mode = 0755;
};
// What the descriptor gives up to its end, written to a file.
struct FileOperation {
  int fd = -1;
  mode_t mode = 0666;
};
// The same, but in a file of its own that is bound on the target.
struct DataOperation {
  int fd = -1;
  mode_t mode = 0600;
  bool read_only = false;
};
struct SymlinkOperation {
  std::string text;
};
struct ChmodOperation {
  mode_t mode = 0;
};
struct RemountOperation {};  // the mount at the target, and none below it, becomes read-only
struct ProcOperation {};     // fresh with a pid namespace of its own, else the host's
struct DevOperation {};      // a small /dev: null zero full random urandom tty, pts, shm
struct MqueueOperation {};
// Copy-on-write. overlayfs, in the kernel's Documentation/filesystems
struct OverlayOperation {
  std::vector<std::string> lower;  // host paths, the first is the lowest
  std::string upper, work;         // host paths; empty: what is written is discarded
  bool read_only = false;          // no upper at all
};
struct HostnameOperation {
  std::string name;
};

struct Operation {
  std::variant<BindOperation, TmpfsOperation, DirOperation, FileOperation, DataOperation,
               SymlinkOperation, ChmodOperation, RemountOperation, ProcOperation, DevOperation,
               MqueueOperation, OverlayOperation, HostnameOperation>
      what;
  std::string target;     // inside the sandbox, as written; without meaning for a host name
  mode_t parents = 0755;  // of directories that are missing above the target
  Origin origin;
};

}  // namespace immure
