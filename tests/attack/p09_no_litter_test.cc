// The host is not littered: no mount point is made in a directory of the host.
#include "attack/attack.h"

namespace immure::test {
namespace {

class P09NoLitter : public AttackTest {};

TEST_F(P09NoLitter, AMissingMountPointInABindIsAnError) {
  IMMURE_REQUIRE(installed("bwrap"), "bwrap is the control");
  const TempDir given;
  const TempDir source;
  source.write("file", "x\n");
  const std::string place = given.path() + "/new";
  const auto left = [&](const Program& program) {
    const Outcome outcome = run(program);
    const bool made = exists(place);
    (void)run({.argv = {"rm", "-rf", place}});
    return made ? "ok" : std::to_string(outcome.code);
  };
  const Argv bwrap{"bwrap", "--ro-bind", "/", "/", "--bind", given.path(), given.path()};
  const auto both = [&](const std::string& what, Argv peer, const Argv& options) {
    Argv control = bwrap;
    control.insert(control.end(), peer.begin(), peer.end());
    control.emplace_back("true");
    Argv all{"--rw", given.path()};
    all.insert(all.end(), options.begin(), options.end());
    expect_held({.promise = 9,
                 .attack = what,
                 .control = left({.argv = control}),
                 .inside = left(immure_run(all, {"true"}))},
                {"125"});
  };
  both("a tmpfs", {"--tmpfs", place}, {"--tmpfs", place});
  both("a directory", {"--bind", source.path(), place}, {"--rw", source.path() + ":" + place});
  both("a file", {"--ro-bind", source.path() + "/file", place},
       {"--ro", source.path() + "/file:" + place});
  both("a directory in one that is missing", {"--tmpfs", place + "/a/b"},
       {"--tmpfs", place + "/a/b"});
}

}  // namespace
}  // namespace immure::test
