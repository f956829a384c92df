// [state]: ${STATE}, where it is, and who may have it at a time.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <optional>

#include "support/immure.h"

namespace immure::test {
namespace {

class State : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    IMMURE_REQUIRE(!own_home().empty(), "the user has no home");
    directory_.emplace(own_home());
  }

  std::string place() const { return directory_->path() + "/kept"; }
  Argv options(Argv more = {}) const {
    Argv all{"--set", "fs.\"${STATE}\"=rw", "--set", "state.dir=" + place()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::optional<TempDir> directory_;
};

TEST_F(State, IsKeptBetweenRunsInADirectoryOfTheUsersAlone) {
  const Outcome first = in_sandbox(options(), "echo kept > " + place() + "/x");
  ASSERT_EQ(first.code, 0) << first.err;
  struct stat status {};
  ASSERT_EQ(::stat(place().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
  EXPECT_EQ(in_sandbox(options(), "cat " + place() + "/x").out, "kept\n");
  EXPECT_NE(in_sandbox({}, "cat " + place() + "/x").code, 0) << "others see nothing of it";
}

TEST_F(State, IsNotMadeWhereNothingUsesIt) {
  ASSERT_EQ(in_sandbox({"--set", "state.dir=" + place()}, "true").code, 0);
  EXPECT_FALSE(exists(place()));
}

TEST_F(State, ANameIsADirectoryBelowTheUsersStates) {
  Program program =
      immure_sh({"--set", "fs.\"${STATE}\"=rw", "--set", "state.name=other"}, "touch $WHERE/x");
  const std::string home = directory_->path() + "/states";
  program.environment = {{"PATH", "/usr/bin:/bin"}, {"XDG_STATE_HOME", home}};
  program.argv.insert(program.argv.begin() + 2, {"-e", "WHERE=" + home + "/immure/other"});
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(exists(home + "/immure/other/x"));
  EXPECT_FALSE(exists(home + "/immure/default"));
  const Outcome bad = in_sandbox({"--set", "state.name=../x", "--set", "state.lock=share"}, "true");
  EXPECT_EQ(bad.code, 125);
  EXPECT_TRUE(contains(bad.err, "E204")) << bad.err;
}

TEST_F(State, IsOneSandboxsAtATimeUnlessShared) {
  {
    Running first(immure_sh(options(), "echo up; exec sleep 60"));
    ASSERT_TRUE(first.wait_for_output("up")) << first.wait().err;
    const Outcome second = in_sandbox(options(), "true");
    EXPECT_EQ(second.code, 125);
    EXPECT_TRUE(contains(second.err, "immure: error[E504]: the state in \""));
    EXPECT_TRUE(contains(second.err, "is used by another sandbox\n")) << second.err;
    EXPECT_TRUE(contains(second.err, "help: wait for its end, or give this run its own"));
    EXPECT_EQ(in_sandbox(options({"--set", "state.lock=share"}), "true").code, 125);
    first.signal(SIGKILL);
    (void)first.wait();
  }
  EXPECT_EQ(in_sandbox(options(), "true").code, 0) << "free again with the launcher's end";
  Running first(immure_sh(options({"--set", "state.lock=share"}), "echo up; exec sleep 60"));
  ASSERT_TRUE(first.wait_for_output("up")) << first.wait().err;
  EXPECT_EQ(in_sandbox(options({"--set", "state.lock=share"}), "true").code, 0);
  EXPECT_EQ(in_sandbox(options(), "true").code, 125);
}

TEST_F(State, ItsPlaceIsNotMadeOfItself) {
  const Outcome outcome =
      in_sandbox({"--set", "fs.\"${STATE}\"=rw", "--set", "state.dir=${STATE}/x"}, "true");
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "E302")) << outcome.err;
}

}  // namespace
}  // namespace immure::test
