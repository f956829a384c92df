// A mount namespace of our own, as a host on which the test may mount what it likes.
#pragma once

#include "attack/attack.h"

namespace immure::test {

// `sh -c SCRIPT sh ARGUMENTS` there, with all capabilities over its mounts, as the same user.
inline Program on_fake_host(const std::string& script, const Argv& arguments,
                            const std::string& cwd = {}) {
  Argv argv{"unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "sh", "-c",
            script,    "sh"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return {.argv = std::move(argv), .cwd = cwd};
}

}  // namespace immure::test
