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

TEST_F(State, OfAProjectIsItsOwn) {
  directory_->write("one/.git/HEAD", "x");
  directory_->write("one/below/file", "x");
  directory_->write("two/.git/HEAD", "x");
  directory_->write("p.toml",
                    "[state]\nscope = 'project'\nname = 'agent'\n"
                    "[fs]\n'/kept' = { src = '${STATE}/x', access = 'rw', create = true }\n");
  const auto in = [&](const std::string& project, const std::string& script) {
    Program program =
        immure_sh({"-p", directory_->path() + "/p.toml"}, script, directory_->path() + project);
    program.environment = {{"PATH", "/usr/bin:/bin"},
                           {"XDG_STATE_HOME", directory_->path() + "/states"}};
    const Outcome outcome = run(program);
    return trimmed(outcome.out) + trimmed(outcome.err);
  };
  EXPECT_EQ(in("/one", "echo first > /kept/f; cat /kept/f"), "first");
  EXPECT_EQ(in("/one/below", "cat /kept/f"), "first") << "the same project";
  EXPECT_EQ(in("/two", "ls /kept"), "") << "nothing of another";
  const Outcome listed = run({.argv = {"ls", directory_->path() + "/states/immure/agent"}});
  const std::vector<std::string> names = lines(listed.out);
  ASSERT_EQ(names.size(), 2U) << listed.out;
  EXPECT_TRUE(names[0].starts_with("one-")) << names[0];
  EXPECT_TRUE(names[1].starts_with("two-")) << names[1];
}

TEST_F(State, CreateMakesWhatLiesBelowItWhereverItIs) {
  const TempDir outside;  // of the home, and of the current directory
  const std::string elsewhere = outside.path() + "/kept";
  const Outcome outcome = in_sandbox({"--set", "state.dir=" + elsewhere, "--set",
                                      R"(fs."/kept"={src="${STATE}/a/b",access="rw",create=true})"},
                                     "echo x > /kept/f");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_file(elsewhere + "/a/b/f"), "x\n");
  const Outcome beside =
      in_sandbox({"--set", "state.dir=" + elsewhere, "--set", "state.lock=share", "--set",
                  R"(fs."/kept"={src=")" + elsewhere + R"(-beside",access="rw",create=true})"},
                 "true");
  EXPECT_EQ(beside.code, 125);
  EXPECT_TRUE(contains(beside.err, "E323")) << beside.err;
}

TEST_F(State, APersistentHomeShowsTheProjectThatLiesBelowTheRealOne) {
  const std::string home = own_home();
  if (home.empty() || home == "/") GTEST_SKIP() << "no home";
  const TempDir below(home);
  below.write("project/file", "mine\n");
  const std::string project = below.path() + "/project";
  const Argv persist{"--allow", "home=persist", "--set", "state.dir=" + place()};
  const Outcome shown =
      in_sandbox(persist, "cat file; touch ~/kept; touch ~/new/x 2>&1 || true", project);
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_TRUE(shown.out.starts_with("mine\n")) << shown.out;
  EXPECT_TRUE(exists(place() + "/home/kept"));
  EXPECT_TRUE(exists(place() + "/home" + project.substr(home.size()))) << "the mount point";
  EXPECT_FALSE(exists(place() + "/home" + project.substr(home.size()) + "/file"));
  const Outcome again = in_sandbox(persist, "ls ~/kept && cat file", project);
  EXPECT_EQ(again.code, 0) << again.err;
  const Outcome file = in_sandbox({"--allow", "home=persist", "--set", "state.dir=" + place(),
                                   "--ro", project + "/file:" + home + "/immure-test-file"},
                                  "cat ~/immure-test-file", project);
  EXPECT_EQ(file.out, "mine\n") << file.err;
  EXPECT_FALSE(exists(home + "/immure-test-file"));
}

TEST_F(State, IsLockedAlsoWhereThereIsNoPidNamespace) {
  const std::string start =
      R"(echo 0 > /proc/sys/user/max_pid_namespaces
         XDG_CONFIG_HOME=/nonexistent exec "$0" run --set root.proc=none \
           --set 'best_effort=["pid-ns"]' --set 'fs."${STATE}"=rw' --set state.dir="$1" \
           -- sh -c "$2")";
  const auto without = [&](const std::string& command) {
    return Program{.argv = {"unshare", "--user", "--map-root-user", "sh", "-c", start, binary(),
                            place(), command}};
  };
  {
    Running first(without("echo up; exec sleep 60"));
    ASSERT_TRUE(first.wait_for_output("up")) << first.wait().err;
    const Outcome second = run(without("true"));
    EXPECT_EQ(second.code, 125) << second.out;
    EXPECT_TRUE(contains(second.err, "E504")) << second.err;
    EXPECT_EQ(in_sandbox(options(), "true").code, 125) << "against those with one as well";
  }
  const Outcome after = run(without("echo ran"));
  EXPECT_EQ(after.code, 0) << after.err;
  EXPECT_EQ(after.out, "ran\n");
  EXPECT_TRUE(contains(after.err, "pid namespace")) << after.err;
}

TEST_F(State, ItsPlaceIsNotMadeOfItself) {
  const Outcome outcome =
      in_sandbox({"--set", "fs.\"${STATE}\"=rw", "--set", "state.dir=${STATE}/x"}, "true");
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "E302")) << outcome.err;
}

}  // namespace
}  // namespace immure::test
