// One sandbox does not exhaust the host: what was limited holds.
#include <sys/resource.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P19Limits : public AttackTest {};

TEST_F(P19Limits, ATmpfsIsNotFilledBeyondItsSize) {
  const TempDir directory;
  const auto fill = [](const std::string& file) { return payload({"fill", "9", file}); };
  expect_held({.promise = 19,
               .attack = "fill a tmpfs with a size",
               .control = outside(fill(directory.path() + "/file")),
               .inside = inside(fill("/x/file"), {"--set", "fs.\"/x\"=\"tmpfs,size=8M\""})},
              {"ENOSPC"});
  const auto flood = [](const std::string& place) { return payload({"many-files", "90", place}); };
  expect_held({.promise = 19,
               .attack = "fill a tmpfs with files",
               .control = outside(flood(directory.path())),
               .inside = inside(flood("/x"), {"--set", "fs.\"/x\"={type=\"tmpfs\",inodes=50}"})},
              {"ENOSPC"});
  expect_held({.promise = 19,
               .attack = "fill the root",
               .control = outside(fill(directory.path() + "/file")),
               .inside = inside(fill("/file"))},
              {"EROFS"});
}

TEST_F(P19Limits, TerminalsRunOutInsideFirst) {
  const Argv open = payload({"many-terminals", "400"});
  expect_refused(19, "open all terminals", open, {"ENOSPC"});
}

TEST_F(P19Limits, ProcessesAreCountedInTheSandboxOnly) {
  const Argv start = payload({"many-processes", "60"});
  expect_refused(19, "start more processes than allowed", start, {"EAGAIN"},
                 {"--set", "limits.nproc=20"});
}

// With a core limit of zero the kernel still starts a handler of cores behind a pipe.
TEST_F(P19Limits, NoCoreIsDumped) {
  const TempDir directory;
  const auto dump = [&](const Argv& argv) {
    Program program{.argv = argv, .cwd = directory.path()};
    program.before_exec = [] {
      const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
      (void)::setrlimit(RLIMIT_CORE, &unlimited);
    };
    return said(program);
  };
  const Argv crash = payload({"dump-core"});
  expect_held({.promise = 19,
               .attack = "dump a core",
               .control = dump(crash),
               .inside = dump(immure_run({"-w"}, crash).argv)},
              {"no core"});
}

TEST_F(P19Limits, NeitherTimeNorOutputIsTaken) {
  // 124 and 153 are what immure says; the control is still at it when it is stopped.
  const auto after = [](const Program& program) {
    Program limited = program;
    limited.limit = std::chrono::seconds(4);
    const Outcome outcome = run(limited);
    return outcome.timed_out ? std::string("ok") : std::to_string(outcome.code);
  };
  const Argv spin{"sh", "-c", "while :; do :; done"};
  expect_held({.promise = 19,
               .attack = "run for ever",
               .control = after({.argv = spin}),
               .inside = after(immure_run({"--set", "limits.wall=1s"}, spin))},
              {"124"});
  const Argv flood{"sh", "-c", "yes | head -c 3000000; exec sleep 60"};
  const auto bytes = [](const Program& program) {
    Program limited = program;
    limited.limit = std::chrono::seconds(4);
    const Outcome outcome = run(limited);
    return outcome.out.size() >= 3'000'000 ? std::string("ok") : std::to_string(outcome.code);
  };
  expect_held({.promise = 19,
               .attack = "write more than allowed",
               .control = bytes({.argv = flood}),
               .inside = bytes(immure_run({"--set", "limits.output=1M"}, flood))},
              {"153"});
}

}  // namespace
}  // namespace immure::test
