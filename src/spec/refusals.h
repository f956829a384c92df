// What no profile gets by accident: grants that hand the host to the sandbox are refused until the
// profile acknowledges them by their code in lint.allow. Names only: a link that leads to such a
// place under another name is not followed. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "spec/sandbox_spec.h"

namespace immure {

// The host's directories that rules are about; absolute and normalised. Empty: not known.
struct HostPlaces {
  std::string home, config_home, runtime_dir;
};

// Host files that the merged spec shows, by a bind, an overlay or root.dir. What an intent shows is
// left out: who writes its name means it.
struct Grant {
  std::string source, target;  // target: where they appear
  bool writable = false;       // writes reach the host
  bool devices = false;
  bool glob = false;       // source and target are the same pattern
  std::string_view shown;  // of the entry, for messages
  Origin origin;
};
std::vector<Grant> grants_of(const SandboxSpec& spec);

// `path` of the host can be seen through the grant, or lies above all that it shows.
bool shows(const Grant& grant, std::string_view path);
bool lies_above(std::string_view path, const Grant& grant);

// Where a path that the grant shows() appears inside.
std::string inside_path(const Grant& grant, std::string_view path);

// No other entry lies between the grant and this path inside, as "hide" does.
bool is_uncovered(const SandboxSpec& spec, const Grant& grant, std::string_view path);

// Where keys, passwords and tokens of a user are kept.
std::vector<std::string> credential_stores(const HostPlaces& places);

// Those, and what programs keep passwords in among all else: browsers' profiles. It is neither
// suggested to show them, nor shown with the home.
std::vector<std::string> private_stores(const HostPlaces& places);

// Whether lint.allow names the code.
bool is_allowed(const SandboxSpec& spec, Code code);

// "W723", as lint.allow has it.
std::string lint_name(Code code);

// The line of help that says how to acknowledge it.
std::string acknowledge(Code code, const Origin& origin);

// Everything that is refused and not acknowledged: Code::refused_mount, in the order of the spec.
Errors refusals(const SandboxSpec& spec, const HostPlaces& places);

}  // namespace immure
