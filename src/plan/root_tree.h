// A model of the sandbox's file system while its plan is made: what each path will be, so that
// mount points, links, the working directory and the command are found before anything is done.
// Only what was put in is known by itself; what lies in a host directory is looked up there, a link
// in it is followed inside the sandbox. Pure but for what it asks of HostFiles.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text_order.h"
#include "plan/host.h"

namespace immure {

// How a host directory or file is shown.
struct Access {
  bool read_only = true;
  bool devices = false;
  bool executable = true;
  bool recursive = true;
  bool slave = false;
  bool operator==(const Access&) const = default;
};

// One path that the plan makes or mounts.
struct TreeNode {
  enum class Kind : std::uint8_t {
    directory,  // made by us on a tmpfs
    file,       // made by us on a tmpfs
    link,       // made by us on a tmpfs
    tmpfs,      // a mount of ours
    host,       // a bind of layers[0]
    overlay,    // of the layers, the topmost first
    kernel,     // proc, sysfs …: what is inside cannot be known
    cover,      // hidden, or a file of ours bound over another
  };
  Kind kind = Kind::directory;
  FileKind shows = FileKind::directory;
  std::string text;                 // of a link
  std::vector<std::string> layers;  // host paths
  Access access;                    // host, overlay, tmpfs
  bool asked = false;               // by an entry, or the floor: must stay visible
};

// What is found at a path inside.
struct Seen {
  enum class Backing : std::uint8_t { ours, host, kernel, cover };
  Backing backing = Backing::ours;
  FileKind kind =
      FileKind::missing;  // of a `kernel` path below the mount: missing, meaning unknown
  bool is_link = false;   // only when asked not to follow the last part
  std::string link_text;
  std::string path;                // inside, without links as far as it exists
  std::vector<std::string> links;  // that were followed, by their paths inside without other links
  std::string existing;            // the nearest node of the tree at or above the path
  std::string host_path;           // Backing::host: where that is on the host
  int errnum = 0;                  // of a missing one

  bool exists() const { return kind != FileKind::missing || is_link; }
  // False for what lies in a kernel file system, or below a bind without its submounts.
  bool sure = true;
};

class RootTree {
 public:
  // `files` must outlive the tree.
  RootTree(const HostFiles& files, TreeNode root);

  // Follows links like the kernel will, inside the sandbox. An Error only when the host's file
  // system does not answer.
  Result<Seen> look(const std::string& path) const;
  // The same, but a link in the last part is the answer.
  Result<Seen> look_at_name(const std::string& path) const;
  // The nearest directory above what look() did not find that is there.
  Result<Seen> look_above(const std::string& path) const;

  // `path` must be as look() gives it. Whatever was below it is covered from now on. False: that
  // includes something asked for.
  bool put(const std::string& path, TreeNode node);

  // What was put at exactly this path; null: nothing.
  const TreeNode* node(std::string_view path) const;
  // The mount at or above a path, and where it is mounted; never null.
  const TreeNode* mount_of(const std::string& path) const { return node(mount_point_of(path)); }
  std::string mount_point_of(const std::string& path) const;

 private:
  using Nodes = std::map<std::string, TreeNode, TextOrder>;

  Result<Seen> walk(std::string path, bool follow_last) const;
  // The node at or above a path; there is always the root.
  Nodes::const_iterator nearest(std::string_view path) const;

  const HostFiles* files_;
  Nodes nodes_;
};

// Resolves "." and ".." by text alone; "/.." is "/".
std::string collapse(std::string_view path);
// An absolute path that collapse() leaves as it is.
bool is_collapsed(std::string_view path);

}  // namespace immure
