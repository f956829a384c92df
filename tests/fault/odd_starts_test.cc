// Starts with something odd about the output, the sources or the command, where the end-to-end
// tests (starts_test, exec_test) say nothing of it: immure runs the command, or says what is wrong.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "support/immure.h"

namespace immure::test {
namespace {

class OddStarts : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }

  std::string path(const std::string& name) const { return directory_.path() + '/' + name; }

  // Exit 125 with one message that holds all of `parts`.
  void expect_refused(const Program& program, const Argv& parts) const {
    const Outcome outcome = run(program);
    EXPECT_FALSE(outcome.timed_out);
    EXPECT_EQ(outcome.code, 125) << outcome.out;
    EXPECT_TRUE(outcome.err.starts_with("immure: error[E")) << outcome.err;
    EXPECT_EQ(outcome.err.find("immure: ", 1), std::string::npos) << outcome.err;
    for (const std::string& part : parts) {
      EXPECT_TRUE(contains(outcome.err, part)) << part << " in " << outcome.err;
    }
  }

  TempDir directory_;
};

TEST_F(OddStarts, OutputThatIsFullOrClosedIsTheCommandsBusiness) {
  const auto with_output = [](const std::string& redirect) {
    const std::string script = "trap '' PIPE; \"$0\" run -- sh -c 'echo x; exit 4' " + redirect;
    return run({.argv = {"sh", "-c", script, binary()}});
  };
  EXPECT_EQ(with_output("").out, "x\n");
  const Outcome full = with_output(">/dev/full");
  EXPECT_EQ(full.code, 4);
  EXPECT_TRUE(contains(full.err, "I/O error")) << full.err;
  EXPECT_FALSE(contains(full.err, "immure:")) << full.err;
  EXPECT_EQ(with_output(">&-").code, 4);
}

TEST_F(OddStarts, APipeThatNobodyReadsEndsTheCommandAsOutside) {
  Program program = immure_run({}, {"sh", "-c", "while echo x; do :; done"});
  program.before_exec = [] {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) ::_exit(99);
    ::dup2(ends[1], 1);
    ::close(ends[0]);
  };
  const Outcome outcome = run(program);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.code, 128 + SIGPIPE) << outcome.err;
}

TEST_F(OddStarts, AFullPipeHoldsTheCommandUpAndNotItsEnd) {
  const Outcome outcome = run({.argv = {"bash", "-o", "pipefail", "-c",
                                        "\"$0\" run --set limits.wall=1s -- head -c 500000 "
                                        "/dev/zero | sleep 4",
                                        binary()}});
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.code, 124) << outcome.err;
}

// Not even a name. execve(2) of Linux 5.18 and later makes it one empty argument.
TEST_F(OddStarts, WithoutAnArgumentAtAll) {
  const Outcome outcome = run({.argv = {binary()}, .before_exec = [] {
                                 const std::array<char*, 1> none{nullptr};
                                 ::execve(binary().c_str(), none.data(), none.data());
                               }});
  EXPECT_TRUE(outcome.err.starts_with("immure: error[E003]")) << outcome.err;
  EXPECT_GT(outcome.code, 0);
}

TEST_F(OddStarts, SourcesThatCannotBeShownAreNamed) {
  ASSERT_EQ(::symlink("nowhere", path("dangling").c_str()), 0);
  ASSERT_EQ(::symlink("loop", path("loop").c_str()), 0);
  const std::string name(200, 'n');
  std::string deep = directory_.path();
  while (deep.size() <= 4096) deep += '/' + name;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {path("missing"), "(ENOENT)"},
      {path("dangling"), "(ENOENT)"},
      {path("loop"), "(ELOOP)"},
      {deep, "(ENAMETOOLONG)"},
  };
  for (const auto& [source, errnum] : cases) {
    expect_refused(immure_run({"--ro", source}, {"true"}), {errnum});
    const Outcome optional = run(immure_run({"--ro", source + '?'}, {"true"}));
    EXPECT_EQ(optional.code, 0) << optional.err;
  }
}

TEST_F(OddStarts, ADirectoryThatCannotBeEnteredIsNamed) {
  if (::getuid() == 0) GTEST_SKIP() << "root may enter everything";
  directory_.write("closed/inside", "");
  ASSERT_EQ(::chmod(path("closed").c_str(), 0), 0);
  expect_refused(immure_run({"--ro", path("closed/inside")}, {"true"}), {"(EACCES)"});
  ASSERT_EQ(::chmod(path("closed").c_str(), 0755), 0);
}

TEST_F(OddStarts, SpecialFilesAreShownWithoutBeingOpened) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string name = path("socket");
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the call's own type
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const Outcome outcome = run(
      immure_run({"--ro", path("fifo"), "--ro", name}, {"stat", "-c", "%F", path("fifo"), name}));
  EXPECT_EQ(outcome.out, "fifo\nsocket\n") << outcome.err;
  // A device is a device only where the profile says so.
  const Outcome device = run(immure_run({"--ro", "/dev/zero:/zero"}, {"head", "-c1", "/zero"}));
  EXPECT_NE(device.code, 0);
  EXPECT_TRUE(contains(device.err, "Permission denied") || contains(device.err, "immure: error["))
      << device.err;
}

TEST_F(OddStarts, NamesOfAnyBytesAreShownAndTold) {
  for (const std::string& name : {std::string("new\nline"), std::string("not \xff utf-8"),
                                  std::string("back\\slash \"quoted\"")}) {
    directory_.write(name + "/file", "there\n");
    const Outcome outcome = run(immure_run({"--ro", path(name)}, {"cat", path(name) + "/file"}));
    EXPECT_EQ(outcome.out, "there\n") << outcome.err;
    const Outcome missing = run(immure_run({"--ro", path(name) + "/missing"}, {"true"}));
    EXPECT_EQ(missing.code, 125);
    EXPECT_TRUE(contains(missing.err, "(ENOENT)")) << missing.err;
    EXPECT_FALSE(contains(missing.err, name)) << "not as it stands: " << missing.err;
  }
}

TEST_F(OddStarts, ACommandThatIsADirectoryIs126AndOneThatIsNowhereIs127) {
  const Outcome directory = run(immure_run({}, {"/usr"}));
  EXPECT_EQ(directory.code, 126);
  EXPECT_TRUE(contains(directory.err, "is a directory")) << directory.err;
  const Outcome nowhere = run(immure_run({}, {"/no/such/program"}));
  EXPECT_EQ(nowhere.code, 127);
  EXPECT_TRUE(contains(nowhere.err, "\"/no/such/program\" isn't in the sandbox")) << nowhere.err;
  EXPECT_FALSE(contains(nowhere.err, "it exists on this system")) << nowhere.err;
}

TEST_F(OddStarts, AScriptWhoseInterpreterIsNowhereSaysSo) {
  directory_.write("tool", "#!/no/such/interpreter\n", 0755);
  const Outcome outcome = run(immure_run({"--ro", path("tool")}, {path("tool")}));
  EXPECT_EQ(outcome.code, 126);
  EXPECT_TRUE(contains(outcome.err, "/no/such/interpreter")) << outcome.err;
  EXPECT_FALSE(contains(outcome.err, "it exists on this system")) << outcome.err;
}

}  // namespace
}  // namespace immure::test
