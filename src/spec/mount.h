// What the sandbox's file system shows: one Mount for each entry of [fs]. Paths are absolute,
// normalised, with variables expanded. Pure values. Authority: mount(2), mount_setattr(2),
// tmpfs(5).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace immure {

enum class Propagation : std::uint8_t {
  isolated,  // "private": a mount made later on the host does not appear inside
  slave,     // it does
};

// A host file or directory, shown at the target. nosuid always, nodev unless `devices`.
struct Bind {
  std::string source;      // host path; empty: the target's own path
  bool read_only = true;   // covers every mount below it when recursive
  bool devices = false;    // device nodes usable
  bool executable = true;  // false: noexec
  bool recursive = true;   // with the mounts below it
  bool follow = false;     // a symlink's target appears at this name, instead of the link
  bool create = false;     // make a missing host directory, mode 0700
  Propagation propagation = Propagation::isolated;
  bool operator==(const Bind&) const = default;
};

// An empty directory in memory, gone with the sandbox. See tmpfs(5).
struct Tmpfs {
  std::uint64_t size_bytes = 0;  // 0: the kernel's default, half of the machine's memory
  std::uint64_t inodes = 0;      // 0: the kernel's default
  mode_t mode = 0755;
  bool executable = true;
  bool operator==(const Tmpfs&) const = default;
};

// A directory on the parent's file system, which must be ours (never made on the host).
struct Dir {
  mode_t mode = 0755;
  bool operator==(const Dir&) const = default;
};

// An empty cover of mode 0000 over a directory or file. Nothing there: nothing to do.
struct Hide {
  bool operator==(const Hide&) const = default;
};

// A copy-on-write view. See Documentation/filesystems/overlayfs.rst.
struct Overlay {
  std::vector<std::string> lower;  // host paths, the first is topmost; empty: the target's own path
  std::string upper;               // host directory that keeps the writes; empty: discarded tmpfs
  bool read_only = false;          // no upper at all
  bool operator==(const Overlay&) const = default;
};

enum class KernelFs : std::uint8_t { proc, devfs, mqueue, sysfs, cgroup };

// A kernel file system, private where the namespaces make it so.
struct KernelMount {
  KernelFs kind = KernelFs::proc;
  bool subset_pid = false;  // proc: only the process directories
  bool hidepid_invisible = false;
  bool operator==(const KernelMount&) const = default;
};

// A small file made of bytes given in the profile, or read from a descriptor before the start.
struct FileContent {
  std::string content;
  int content_fd = -1;  // -1: `content` is meant; else the descriptor is read to its end
  mode_t mode = 0644;
  bool read_only = true;
  bool operator==(const FileContent&) const = default;
};

// A symbolic link with this text; not followed, may dangle.
struct Symlink {
  std::string text;
  bool operator==(const Symlink&) const = default;
};

// "none": takes an inherited entry away. Gone after merge().
struct NoMount {
  bool operator==(const NoMount&) const = default;
};

struct Mount {
  std::string target;     // inside the sandbox; absolute, normalised; may hold a glob (see `glob`)
  bool optional = false;  // "?": skipped when the host path is missing
  bool glob = false;      // target is a pattern, expanded once on the host; Bind and Hide only
  std::variant<Bind, Tmpfs, Dir, Hide, Overlay, KernelMount, FileContent, Symlink, NoMount> what;
  std::string why;
  Origin origin;
  bool by_intent = false;  // stands in the data file of an intent, which was asked for by its name
  bool operator==(const Mount&) const = default;
};

}  // namespace immure
