// What the launcher reads cannot be got at by closing the directory that it is in: a first command
// closes it, and a second, whose launcher takes it for missing, opens it again.
#include <sys/stat.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P03Closed : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    IMMURE_REQUIRE(::getuid() != 0, "nothing is closed to root");
    fresh();
  }
  void TearDown() override { open_all(); }
  void open_all() const { (void)run({.argv = {"chmod", "-R", "u+rwX", directory_.path()}}); }
  void fresh() const {
    open_all();
    directory_.write("config/immure/profiles/default.toml",
                     "extends = ['system:default']\nenv.MARK = 'the user'\n");
    (void)run({.argv = {"rm", "-rf", directory_.path() + "/state"}});
    (void)run({.argv = {"mkdir", directory_.path() + "/state"}});
  }

  // The script in that directory, which is writable, with profiles and state of the user's in it.
  Outcome in_it(const std::string& script) const {
    Argv argv{"env", "XDG_CONFIG_HOME=" + directory_.path() + "/config",
              "XDG_STATE_HOME=" + directory_.path() + "/state"};
    const Program program = immure_sh({"--rw", directory_.path(), "--set", "lint.allow=[\"W723\"]"},
                                      "cd '" + directory_.path() + "' && " + script, "/");
    argv.insert(argv.end(), program.argv.begin(), program.argv.end());
    return run({.argv = argv, .cwd = "/"});
  }
  void expect_not_planted(const std::string& name, const std::string& top) const {
    const std::string open = "chmod 700 " + top + " && echo planted > " + name;
    const auto result = [&] {
      open_all();
      return contains(read_file(directory_.path() + '/' + name), "planted") ? "ok" : "not planted";
    };
    (void)run({.argv = {"sh", "-c", "chmod 0 " + top + "; " + open}, .cwd = directory_.path()});
    const std::string control = result();
    fresh();
    (void)in_it("chmod 0 " + top);
    (void)in_it(open);
    expect_held({.promise = 3,
                 .attack = "write " + name + " in a directory that was closed before",
                 .control = control,
                 .inside = result()},
                {"not planted"});
  }

  TempDir directory_;
};

TEST_F(P03Closed, TheProfilesOfTheUser) {
  expect_not_planted("config/immure/profiles/default.toml", "config");
}

TEST_F(P03Closed, WhatIsRememberedOfEarlierStarts) {
  (void)run({.argv = {"mkdir", directory_.path() + "/state/immure"}});
  expect_not_planted("state/immure/.writable", "state");
}

// A profile that cannot be looked for is not taken for one that is not there.
TEST_F(P03Closed, TheUsersDefaultIsNotLeftOut) {
  const Argv start{"env",    "XDG_CONFIG_HOME=" + directory_.path() + "/config",
                   binary(), "run",
                   "--",     "sh",
                   "-c",     "echo \"$MARK\""};
  const Outcome control = run({.argv = start, .cwd = "/"});
  EXPECT_EQ(control.out, "the user\n") << control.err;
  ASSERT_EQ(::chmod((directory_.path() + "/config").c_str(), 0), 0);
  const Outcome outcome = run({.argv = start, .cwd = "/"});
  EXPECT_EQ(outcome.code, 125) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "default.toml")) << outcome.err;
}

// "?" leaves out what is missing, not what cannot be looked at.
TEST_F(P03Closed, WhatIsReadOnlyWhereItIsThere) {
  directory_.write("given/sub/file", "mine\n");
  const std::string given = directory_.path() + "/given";
  const auto start = [&](const std::string& script) {
    return run(immure_sh({"--rw", given, "--ro", given + "/sub/file?"},
                         "cd '" + given + "' && " + script, "/"));
  };
  const std::string open = "chmod 700 sub && echo planted > sub/file";
  const auto result = [&] {
    open_all();
    return contains(read_file(given + "/sub/file"), "planted") ? "ok" : "not planted";
  };
  (void)run({.argv = {"sh", "-c", "chmod 0 sub; " + open}, .cwd = given});
  const std::string control = result();
  directory_.write("given/sub/file", "mine\n");
  EXPECT_EQ(start("chmod 0 sub").code, 0);
  const Outcome outcome = start(open);
  expect_held({.promise = 3,
               .attack = "write an optional read-only file in a directory that was closed before",
               .control = control,
               .inside = result()},
              {"not planted"});
  EXPECT_EQ(outcome.code, 125);
}

}  // namespace
}  // namespace immure::test
