// The files that a profile puts in the place of the standard ones have paths of the sandbox, where
// an earlier one may have left a link: through /proc/self/fd it would lead to what the launcher
// still has open.
#include <sys/stat.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

constexpr int kHighest = 16;  // of the launcher's descriptors, and more

class P04Redirected : public AttackTest {
 protected:
  std::string file() const { return directory_.path() + "/file"; }
  Program start(const std::string& stream, const std::string& script, Argv options = {}) const {
    for (const std::string& word :
         {std::string("-w"), std::string("--set"), "process." + stream + '=' + file(),
          std::string("--set"), std::string("landlock.mode=off")}) {
      options.push_back(word);
    }
    return immure_sh(options, script, directory_.path());
  }
  void plant(const std::string& link) const {
    const Outcome planted = in_sandbox({"-w"}, "ln -sfn " + link + " file", directory_.path());
    ASSERT_EQ(planted.code, 0) << planted.err;
  }
  // What the script says on standard error, by the first link to a descriptor with which it runs.
  std::string by_a_planted_link(const std::string& stream, const std::string& script) const {
    for (int fd = 3; fd < kHighest; ++fd) {
      plant("/proc/self/fd/" + std::to_string(fd));
      const Outcome outcome = run(start(stream, script));
      if (outcome.code != 125) return trimmed(outcome.err);
    }
    return "refused";
  }

  TempDir directory_;
};

TEST_F(P04Redirected, TheHostsProcIsNoStandardInput) {
  const std::string look = "test -e /proc/self/fd/9/" + std::to_string(::getpid()) +
                           "/status && echo ok >&2 || echo absent >&2";
  const Outcome control = run({.argv = {"sh", "-c", "exec 9< /proc; " + look}});
  expect_held({.promise = 4,
               .attack = "a planted link to the /proc of the set-up, as standard input",
               .control = trimmed(control.err),
               .inside = by_a_planted_link("stdin", "exec 9<&0 < /dev/null; " + look)},
              {"refused"});
  plant("/etc/alternatives/README");
  EXPECT_EQ(run(start("stdin", "cat > /dev/null && echo ok >&2")).err, "ok\n")
      << "a link to a file of the sandbox";
}

// The pipe by which pid 1 knows that the launcher lives must have one writer.
TEST_F(P04Redirected, NoPipeOfTheLaunchersIsStandardOutput) {
  const std::string control =
      outside({"sh", "-c", "sleep 0.2 | { : > /proc/self/fd/0; } && echo ok"});
  expect_held({.promise = 4,
               .attack = "a planted link to a pipe of the set-up, as standard output",
               .control = control,
               .inside = by_a_planted_link("stdout", "test -p /proc/self/fd/1 && echo ok >&2")},
              {"refused"});
}

TEST_F(P04Redirected, ADirectoryIsNoStandardInput) {
  const std::string look = "test -d /proc/self/fd/9 && echo ok >&2";
  const Outcome control = run({.argv = {"sh", "-c", "exec 9< /usr; " + look}});
  plant("/usr");
  const Outcome outcome = run(start("stdin", "exec 9<&0 < /dev/null; " + look));
  expect_held({.promise = 4,
               .attack = "a directory as standard input",
               .control = trimmed(control.err),
               .inside = outcome.code == 125 ? "refused" : trimmed(outcome.err)},
              {"refused"});
}

// What is made on the host is made with the command's umask.
TEST_F(P04Redirected, AFileThatIsMadeIsNotOpenToOthers) {
  const auto mode = [&] {
    struct stat status {};
    if (::stat(file().c_str(), &status) != 0) return std::string("none");
    (void)::unlink(file().c_str());
    return (status.st_mode & 0022) != 0 ? std::string("ok") : std::string("closed");
  };
  (void)run({.argv = {"sh", "-c", "umask 0; echo > file"}, .cwd = directory_.path()});
  const std::string control = mode();
  for (const std::string stream : {"stdout", "stderr"}) {
    (void)run(start(stream, "echo text; echo text >&2"));
    expect_held({.promise = 4,
                 .attack = "write to the file that was made for " + stream + ", as another user",
                 .control = control,
                 .inside = mode()},
                {"closed"});
  }
}

}  // namespace
}  // namespace immure::test
