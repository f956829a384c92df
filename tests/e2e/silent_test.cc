// A file system that has stopped to answer ends a start with an error, not in a hang. It is a real
// one: FUSE, whose server is payload/fuse_mount.c.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support/immure.h"

namespace immure::test {
namespace {

using std::chrono::steady_clock;

class Silent : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    IMMURE_REQUIRE(Fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC)), "/dev/fuse can't be opened");
    directory_.write("mnt/.keep", "");
    directory_.write("project/x", "");
    const Outcome control = with_fuse("alive", {"cat", mnt() + "/tool"});
    IMMURE_REQUIRE(control.code == 0, "no FUSE for users: " + control.err);
    ASSERT_TRUE(contains(control.out, "echo from the file system"));
  }
  std::string mnt() const { return directory_.path() + "/mnt"; }

  Outcome with_fuse(const std::string& mode, const Argv& command,
                    const std::string& cwd = {}) const {
    Argv argv{IMMURE_FUSE_MOUNT, mode, mnt()};
    if (!cwd.empty()) argv.insert(argv.end(), {"-C", cwd});
    argv.insert(argv.end(), command.begin(), command.end());
    return run({.argv = argv, .cwd = directory_.path() + "/project"});
  }

  // The start ends within 10 s with E503 that names `names`, and nothing of it is left. While the
  // server answers it works.
  void expect_an_end(const Argv& options, const Argv& command, const std::string& names,
                     const std::string& cwd = {}) const {
    const Argv argv = immure_run(options, command).argv;
    const Outcome alive = with_fuse("alive", argv, cwd);
    EXPECT_EQ(alive.code, 0) << names << ": " << alive.err;
    EXPECT_EQ(alive.err, "");
    for (const std::string mode : {"unread", "unanswered"}) {
      const auto start = steady_clock::now();
      const Outcome dead = with_fuse(mode, argv, cwd);
      EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10)) << mode << names;
      EXPECT_EQ(dead.code, 125) << mode << names << dead.err;
      EXPECT_TRUE(contains(dead.err, "immure: error[E503]")) << mode << names << dead.err;
      EXPECT_TRUE(contains(dead.err, names)) << mode << dead.err;
      EXPECT_FALSE(contains(dead.err, "stuck")) << mode << dead.err;
      // A request that the server has taken cannot be withdrawn: the kernel lets go of its process
      // only when the server is gone.
      EXPECT_FALSE(mode == "unread" && contains(dead.err, "left")) << dead.err;
    }
  }

  TempDir directory_;
};

TEST_F(Silent, ASourceBelowIt) {
  expect_an_end({"--ro", mnt() + "/sub"}, {"true"}, mnt() + "/sub");
}

TEST_F(Silent, ASourceThatIsItsRoot) { expect_an_end({"--ro", mnt()}, {"true"}, mnt()); }

TEST_F(Silent, APatternInIt) {
  expect_an_end({"--set", "fs.\"" + mnt() + "/*\"=\"ro\""}, {"true"}, mnt());
}

TEST_F(Silent, APatternBelowIt) {
  expect_an_end({"--set", "fs.\"" + mnt() + "/sub/*\"=\"ro?\""}, {"true"}, mnt() + "/sub");
}

TEST_F(Silent, APatternThatHides) {
  expect_an_end({"--ro", mnt(), "--set", "fs.\"" + mnt() + "/t*\"=\"hide\""}, {"true"}, mnt());
}

TEST_F(Silent, ACommandBelowIt) {
  expect_an_end({"--ro", mnt()}, {mnt() + "/tool"}, mnt() + "/tool");
}

TEST_F(Silent, TheCurrentDirectoryInIt) { expect_an_end({}, {"true"}, mnt(), mnt()); }

TEST_F(Silent, ALayerOfAnOverlay) {
  expect_an_end(
      {"--set", "fs.\"/seen\"={type=\"overlay\",access=\"rw\",lower=[\"" + mnt() + "\"]}"},
      {"ls", "/seen/sub"}, mnt());
}

TEST_F(Silent, ADirectoryOfPathInIt) {
  const Argv argv{"env", "PATH=" + mnt() + ":/usr/bin:/bin", binary(), "run", "--", "true"};
  for (const std::string mode : {"alive", "unread", "unanswered"}) {
    const auto start = steady_clock::now();
    const Outcome outcome = with_fuse(mode, argv);
    EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10)) << mode;
    EXPECT_EQ(outcome.code, 0) << mode << outcome.err;
    EXPECT_FALSE(contains(outcome.err, "stuck")) << outcome.err;
  }
}

// Profiles may forbid something, so that a start can't do without those that it cannot read.
TEST_F(Silent, TheDirectoryOfTheUsersProfilesInIt) {
  const auto with_config = [&](const std::string& mode, Argv arguments) {
    Argv argv{"env", "XDG_CONFIG_HOME=" + mnt() + "/sub", binary()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return with_fuse(mode, argv);
  };
  for (const Argv& arguments :
       {Argv{"run", "--", "true"}, Argv{"check", "build"}, Argv{"profile", "list"}}) {
    EXPECT_EQ(with_config("alive", arguments).code, 0) << arguments.front();
    for (const std::string mode : {"unread", "unanswered"}) {
      if (mode == "unanswered" && arguments.front() != "run") continue;  // each costs 5 s
      const auto start = steady_clock::now();
      const Outcome dead = with_config(mode, arguments);
      EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10)) << mode;
      EXPECT_EQ(dead.code, arguments.front() == "run"     ? 125
                           : arguments.front() == "check" ? 1
                                                          : 2)
          << mode << dead.err;
      EXPECT_TRUE(dead.err.starts_with("immure: error[E503]: can't read profiles: \"" + mnt() +
                                       "/sub/immure\" did not answer for 5 s\n"))
          << mode << dead.err;
      EXPECT_FALSE(contains(dead.err, "stuck")) << dead.err;
    }
  }
}

TEST_F(Silent, AProfileInIt) {
  for (const std::string mode : {"unread", "unanswered"}) {
    const auto start = steady_clock::now();
    const Outcome dead = with_fuse(mode, immure_run({"-p", mnt() + "/sub/x.toml"}, {"true"}).argv);
    EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(10)) << mode;
    EXPECT_EQ(dead.code, 125) << dead.err;
    EXPECT_TRUE(contains(dead.err, "E503]: can't read profiles: \"" + mnt() + "/sub/x.toml\""))
        << dead.err;
  }
  // While the server answers, it says that there is none.
  EXPECT_TRUE(contains(
      with_fuse("alive", immure_run({"-p", mnt() + "/sub/x.toml"}, {"true"}).argv).err, "E207"));
}

}  // namespace
}  // namespace immure::test
