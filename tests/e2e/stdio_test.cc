// Descriptors 0 to 2 as scripts use them, where they are files that the launcher guards; and what
// the caller shares with the command through them is as it was, whatever the command did.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "support/immure.h"

namespace immure::test {
namespace {

class Stdio : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }

  // A script outside, in which $SANDBOX runs a command in a sandbox whose descriptors no Landlock
  // rule guards.
  Outcome outside(const std::string& script) const {
    Program program{.argv = {"bash", directory_.write("script", script)}, .cwd = directory_.path()};
    program.environment = {{"PATH", "/usr/bin:/bin"},
                           {"SANDBOX", binary() + " run --set landlock.mode=off"}};
    return run(program);
  }
  std::string file(const std::string& name) const {
    return read_file(directory_.path() + "/" + name);
  }

  TempDir directory_;
};

TEST_F(Stdio, InputIsReadFromWhereTheCallerWasAndTheCallerGoesOnWhereTheCommandLeftIt) {
  directory_.write("in", "one\ntwo\nthree\nfour\n");
  const Outcome outcome = outside(
      "{ read a; $SANDBOX -- sh -c 'read b; echo inside $b'; read c; echo outside $c; } < in");
  EXPECT_EQ(outcome.out, "inside two\noutside three\n") << outcome.err;
  EXPECT_EQ(outside("{ read a; $SANDBOX -- true; cat; } < in").out, "two\nthree\nfour\n");
  EXPECT_EQ(outside("$SANDBOX -- cat /dev/stdin < in").out, "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(outside("$SANDBOX -- stat -Lc %s /dev/stdin < in").out, "19\n") << "still a file";
}

TEST_F(Stdio, AFileWithoutANameIsReadToItsEndAndOneThatIsNotReadIsLeftToTheNext) {
  const std::string large = "$(head -c 200000 /dev/zero | tr '\\0' x)";
  EXPECT_EQ(outside("$SANDBOX -- wc -c <<EOF\n" + large + "\nEOF\n").out, "200001\n");
  const Outcome loop = outside("while read -r n; do $SANDBOX -- echo ${n:0:9}; done <<EOF\n1\n2\n" +
                               large + "\nEOF\n");
  EXPECT_EQ(loop.out, "1\n2\nxxxxxxxxx\n") << loop.err;
}

TEST_F(Stdio, AScriptWritesToALogByEachOfItsNames) {
  directory_.write("log", "before\n");
  const std::string script =
      "'echo one; echo two >&2; echo three >> /dev/stderr; echo four > /dev/stdout; "
      "echo five | tee -a /dev/stderr'";
  ASSERT_EQ(outside("$SANDBOX -- sh -c " + script + " >> log 2>&1").code, 0);
  EXPECT_EQ(file("log"), "before\none\ntwo\nthree\nfour\nfive\nfive\n");
  ASSERT_EQ(outside("{ echo first; $SANDBOX -- echo second; echo third; } > log").code, 0);
  EXPECT_EQ(file("log"), "first\nsecond\nthird\n");
}

TEST_F(Stdio, TwoSandboxesShareALog) {
  const std::string writer = "$SANDBOX -- seq 1 5000 >> log";
  ASSERT_EQ(outside(writer + " & " + writer + "; wait").code, 0);
  const std::vector<std::string> all = lines(file("log"));
  EXPECT_EQ(all.size(), 10000U);
  EXPECT_EQ(std::ranges::count(all, "5000"), 2);
}

TEST_F(Stdio, AFullDiskIsSaidAndEndsTheWriter) {
  IMMURE_REQUIRE(installed("unshare"), "no unshare");
  const std::string full =
      "mount -t tmpfs -o size=64k tmpfs . && ulimit -c 0 && $SANDBOX -- yes > \"$PWD/full\"; "
      "echo $?";
  Program program{
      .argv = {"unshare", "-Urm", "bash", "-c", "cd " + directory_.path() + "; " + full}};
  program.environment = {{"PATH", "/usr/bin:/bin"}, {"SANDBOX", binary() + " run"}};
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.out, "141\n") << outcome.err;
  EXPECT_TRUE(contains(outcome.err,
                       "what the command wrote to standard output can't be passed on: "
                       "No space left on device (ENOSPC)"))
      << outcome.err;
}

TEST_F(Stdio, PipesAndDevNullStayTheCallersOwn) {
  const std::string same =
      "a=$(readlink /proc/self/fd/0); $SANDBOX -- readlink /proc/self/fd/0; "
      "echo $a";
  const std::vector<std::string> piped = lines(outside("sleep 0.5 | { " + same + "; }").out);
  ASSERT_EQ(piped.size(), 2U);
  EXPECT_TRUE(piped[0].starts_with("pipe:")) << piped[0];
  EXPECT_EQ(piped[0], piped[1]);
  EXPECT_EQ(outside("$SANDBOX -- sh -c 'echo x > /dev/stderr' 2> /dev/null").code, 0);
}

}  // namespace
}  // namespace immure::test
