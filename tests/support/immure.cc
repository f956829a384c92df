#include "support/immure.h"

#include <utility>

namespace immure::test {

std::string binary() { return IMMURE_BINARY; }

Program immure_run(Argv options, const Argv& command) {
  Argv argv{binary(), "run"};
  argv.insert(argv.end(), options.begin(), options.end());
  argv.emplace_back("--");
  argv.insert(argv.end(), command.begin(), command.end());
  return {.argv = std::move(argv)};
}

Program immure_sh(Argv options, const std::string& script, const std::string& cwd) {
  Program program = immure_run(std::move(options), {"sh", "-c", script});
  program.cwd = cwd;
  return program;
}

Outcome in_sandbox(Argv options, const std::string& script, const std::string& cwd) {
  return run(immure_sh(std::move(options), script, cwd));
}

const std::string& no_sandbox_here() {
  static const std::string reason = [] {
    const Outcome outcome = run({.argv = {"unshare", "--user", "--map-current-user", "true"}});
    return outcome.code == 0 ? std::string{} : "no user namespaces: " + trimmed(outcome.err);
  }();
  return reason;
}

}  // namespace immure::test
