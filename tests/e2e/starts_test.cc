// immure starts from odd places: closed descriptors, no home, no PATH, a deleted directory.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "support/immure.h"

namespace immure::test {
namespace {

class Starts : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_F(Starts, WithStdioClosedInAnyCombination) {
  for (unsigned closed = 0; closed < 8; ++closed) {
    const TempDir directory;
    ::chmod(directory.path().c_str(), 0777);
    Program program = immure_run(
        {"-w"}, {"sh", "-c", "echo ran > result; readlink /proc/self/fd/0 > stdin; exit 5"});
    program.cwd = directory.path();
    program.before_exec = [closed] {
      for (unsigned fd = 0; fd < 3; ++fd) {
        if ((closed & (1U << fd)) != 0) ::close(static_cast<int>(fd));
      }
    };
    const Outcome outcome = run(program);
    EXPECT_EQ(outcome.code, 5) << closed << ": " << outcome.err;
    EXPECT_EQ(read_file(directory.path() + "/result"), "ran\n") << closed;
    if ((closed & 1U) != 0) {
      EXPECT_EQ(read_file(directory.path() + "/stdin"), "/dev/null\n")
          << "no descriptor of immure's has taken the place of a closed one";
    }
  }
}

TEST_F(Starts, WithoutAnyEnvironment) {
  Program program = immure_sh({}, "echo $HOME; command -v env");
  program.environment.emplace();
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, own_home() + "\n/usr/bin/env\n") << outcome.err;
}

TEST_F(Starts, WithALyingHome) {
  Program program = immure_sh({}, "echo $HOME");
  program.environment = {{"HOME", "/usr"}, {"PATH", "/usr/bin"}};
  EXPECT_EQ(run(program).out, own_home() + "\n") << "the passwd file decides";
}

TEST_F(Starts, FromADeletedDirectory) {
  const TempDir directory;
  const Outcome outcome =
      run({.argv = {"sh", "-c",
                    "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" run -- sh -c 'echo ran'",
                    binary()},
           .cwd = directory.path()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "ran\n");
}

TEST_F(Starts, AsAUidWithoutAPasswdEntry) {
  const std::string script = binary() + " run -- sh -c 'id -u; echo $HOME'";
  const Outcome outcome = ::getuid() == 0
                              ? run({.argv = {"setpriv", "--reuid", "54321", "--regid", "54321",
                                              "--clear-groups", "sh", "-c", script},
                                     .cwd = "/"})
                              : run({.argv = {"unshare", "--user", "--map-user=54321",
                                              "--map-group=54321", "sh", "-c", script},
                                     .cwd = "/"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(lines(outcome.out).at(0), "54321");
}

TEST_F(Starts, WithChildSignalsIgnored) {
  Program program = immure_run({}, {IMMURE_PAYLOAD, "exit", "9"});
  program.before_exec = [] { ::signal(SIGCHLD, SIG_IGN); };
  EXPECT_EQ(run(program).code, 9);
}

TEST_F(Starts, WithAllSignalsBlocked) {
  Program program = immure_run({}, {IMMURE_PAYLOAD, "exit", "9"});
  program.before_exec = [] {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
  };
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 9) << outcome.err;
  EXPECT_FALSE(outcome.timed_out);
}

TEST_F(Starts, WithAnUmaskThatForbidsAll) {
  Program program = immure_sh({}, "echo x > /tmp/x && cat /tmp/x && cat /etc/passwd | grep -c .");
  program.before_exec = [] { ::umask(0777); };
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("x\n")) << outcome.out;
}

TEST_F(Starts, OrRefusesClearlyWithFewDescriptors) {
  for (rlim_t limit = 3; limit <= 20; ++limit) {
    Program program = immure_run({}, {IMMURE_PAYLOAD, "exit", "9"});
    program.before_exec = [limit] {
      const rlimit few{.rlim_cur = limit, .rlim_max = limit};
      ::setrlimit(RLIMIT_NOFILE, &few);
    };
    const Outcome outcome = run(program);
    EXPECT_FALSE(outcome.timed_out) << limit;
    if (outcome.code == 9) continue;
    EXPECT_EQ(outcome.code, 125) << limit << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "immure: error[E")) << limit << outcome.err;
  }
}

TEST_F(Starts, InASessionWithoutATerminal) {
  const Outcome outcome = run({.argv = {"setsid", "-w", binary(), "run", "--", "sh", "-c",
                                        "test -t 0 && echo tty || echo none"}});
  EXPECT_EQ(outcome.out, "none\n") << outcome.err;
}

TEST_F(Starts, NeverSetId) {
  const TempDir directory;
  const std::string copy = directory.path() + "/immure";
  ASSERT_EQ(run({.argv = {"cp", binary(), copy}}).code, 0);
  ASSERT_EQ(::chmod(copy.c_str(), 02755), 0);
  // A set-group bit of our own group gives nothing and starts; another's makes AT_SECURE.
  if (::getuid() != 0) GTEST_SKIP() << "another owner's file needs root to make";
  ASSERT_EQ(::chmod(copy.c_str(), 04755), 0);
  const Outcome outcome = run({.argv = {"setpriv", "--reuid", "54321", "--regid", "54321",
                                        "--clear-groups", copy, "run", "--", "true"},
                               .cwd = "/"});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err,
            "immure: error[E403]: immure was started with borrowed rights: its file is set-id or "
            "has file capabilities, and it needs none\n"
            "  help: take them away: sudo chmod u-s,g-s FILE; sudo setcap -r FILE\n");
}

// Inside itself, where namespaces may be nested.
TEST_F(Starts, InsideItself) {
  // Root's own files in /proc stay covered even there, so the kernel refuses a second fresh one.
  if (::getuid() == 0) GTEST_SKIP() << "for ordinary users";
  const Argv nested{"--set", "namespaces.nested={user=4,mnt=4,pid=4,ipc=4,uts=4,net=4,cgroup=4}",
                    "--ro", binary()};
  const Argv inner = immure_run({}, {"sh", "-c", "echo $$; exit 3"}).argv;
  const Outcome outcome = run(immure_run(nested, inner));
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_EQ(outcome.out, "2\n");
  const Outcome closed = run(immure_run({"--ro", binary()}, inner));
  EXPECT_EQ(closed.code, 125) << "not without being asked";
  EXPECT_TRUE(contains(closed.err, "immure: error[E40")) << closed.err;
}

class AsRoot : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    if (::getuid() != 0) GTEST_SKIP() << "for root";
  }
};

TEST_F(AsRoot, TheSandboxHasNoPowerOverTheHost) {
  const Outcome status = run(immure_sh({}, "grep CapEff /proc/self/status; id -u"));
  EXPECT_EQ(status.out, "CapEff:\t0000000000000000\n0\n") << status.err;
  EXPECT_EQ(trimmed(run(immure_run({}, {IMMURE_PAYLOAD, "mount-tmpfs"})).out), "EPERM");
  EXPECT_EQ(run(immure_sh({}, "cat /etc/shadow")).code, 1);
}

TEST_F(AsRoot, FilesOfRootAreReadOnlyLikeForAnybody) {
  const Outcome outcome = run(immure_sh({}, "echo x > /usr/immure-test"));
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.err, "Read-only file system")) << outcome.err;
  EXPECT_FALSE(exists("/usr/immure-test"));
}

}  // namespace
}  // namespace immure::test
