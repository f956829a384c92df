// The first half of lowering [fs]: what each entry stands for on this host. Patterns are expanded,
// sources and the links on the way to them resolved, once. Before clone only.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

// One thing to lay into the new root.
struct MountItem {
  std::string target;            // inside; for an identity mount the canonical path of its source
  const Mount* mount = nullptr;  // never null
  std::string source;            // Bind, Overlay of its own path: canonical host path
  std::vector<std::string> layers;      // Overlay: canonical host paths, the topmost first
  FileKind kind = FileKind::directory;  // of the source
  bool is_link = false;                 // a link on the way is made again: `link_text`
  std::string link_text;
  bool will_exist = false;  // the source is made before the start (`create`)
};

struct MountSources {
  std::vector<MountItem> items;        // by depth, parents first
  std::deque<Mount> own;               // entries of the floor
  std::vector<HostDirectory> created;  // to be made before the start
};

// No source is reached through a link that a sandbox may have made: see plan/planted_links.
MountSources find_sources(const SandboxSpec& spec, const Host& host, Errors& errors);

// "can't mount "/srv/data" read-only: No such file …", with its way out.
Error missing_source(const Mount& mount, const std::string& source, int errnum);

}  // namespace immure
