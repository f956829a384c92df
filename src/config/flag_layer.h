// The command line's door: options become layers of a SandboxSpec. Before clone; makes no system
// call.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "config/options.h"
#include "config/variables.h"
#include "spec/sandbox_spec.h"

namespace immure {

// `reset` is a key that goes back to its default in what lies below, before `spec` is laid on it.
struct FlagLayer {
  struct Reset {
    std::string key;
    Origin origin;
    bool operator==(const Reset&) const = default;
  };
  std::optional<Reset> reset;
  SandboxSpec spec;
};

// The layers in the order of the options, so that the last one wins; options that say nothing of
// the sandbox are passed over. All problems, or the layers. Of mounts: a relative path is below the
// current directory, "~" is the home, "\:" and "\?" stand for the plain character.
std::variant<std::vector<FlagLayer>, Errors> flag_layers(const std::vector<GivenOption>& options,
                                                         const Circumstances& circumstances);

// A path of the command line made absolute and normalised; ".." only at its front, where the
// current directory (which has no symlink in it) takes it up. Errors: Code::relative_path.
Result<std::string> absolute_argument(std::string_view path, const Circumstances& circumstances,
                                      const Origin& origin);

}  // namespace immure
