// It never hangs: a source that does not answer ends in an error.
#include <fcntl.h>

#include <chrono>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P22NeverHangs : public AttackTest {};

TEST_F(P22NeverHangs, AtAFileSystemThatDoesNotAnswer) {
  IMMURE_REQUIRE(Fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC)), "/dev/fuse can't be opened");
  TempDir directory;
  directory.write("mnt/.keep", "");
  const std::string mnt = directory.path() + "/mnt";
  // "ok" if it is still stuck after 12 seconds.
  const auto stuck = [&](const Argv& command) {
    Argv argv{IMMURE_FUSE_MOUNT, "unread", mnt};
    argv.insert(argv.end(), {"timeout", "-s", "KILL", "12"});
    argv.insert(argv.end(), command.begin(), command.end());
    const Outcome outcome = run({.argv = argv});
    return outcome.code == 137 || outcome.code == -9 ? std::string("ok")
                                                     : std::to_string(outcome.code);
  };
  const std::string control = stuck({"cat", mnt + "/sub/file"});
  for (const auto& [name, argv] : std::vector<std::pair<std::string, Argv>>{
           {"a source", immure_run({"--ro", mnt + "/sub"}, {"true"}).argv},
           {"the command", immure_run({"--ro", mnt}, {mnt + "/tool"}).argv}}) {
    expect_held({.promise = 22,
                 .attack = name + " that does not answer",
                 .control = control,
                 .inside = stuck(argv)},
                {"125"});
  }
}

// A FIFO waits for its other end, whoever opens it.
TEST_F(P22NeverHangs, AtAFifoInPlaceOfAFile) {
  const TempDir directory;
  const std::string fifo = directory.path() + "/fifo.toml";
  ASSERT_EQ(run({.argv = {"mkfifo", fifo}}).code, 0);
  const auto stuck = [](const Argv& argv) {
    const Outcome outcome = run({.argv = argv, .limit = std::chrono::seconds(6)});
    return outcome.timed_out ? std::string("ok") : std::to_string(outcome.code);
  };
  const std::string control = stuck({"cat", fifo});
  for (const auto& [name, argv, code] : std::vector<std::tuple<std::string, Argv, std::string>>{
           {"a profile", immure_run({"-p", fifo}, {"true"}).argv, "125"},
           {"a checked profile", {binary(), "check", fifo}, "2"},
           {"a source", immure_run({"--ro", fifo}, {"true"}).argv, "0"},
           {"the command", immure_run({"--ro", fifo}, {fifo}).argv, "126"}}) {
    expect_held({.promise = 22,
                 .attack = name + " that is a FIFO",
                 .control = control,
                 .inside = stuck(argv)},
                {code});
  }
}

}  // namespace
}  // namespace immure::test
