// The exit status is the command's own; 124 to 127 say what immure could not do.
#include <gtest/gtest.h>

#include <csignal>

#include "support/immure.h"

namespace immure::test {
namespace {

class Exit : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_F(Exit, IsTheCommandsOwnFrom0To255) {
  for (const int code : {0, 1, 2, 77, 123, 124, 125, 126, 127, 128, 200, 254, 255}) {
    const Outcome outcome = run(immure_run({}, {IMMURE_PAYLOAD, "exit", std::to_string(code)}));
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.err, "") << "silent whatever the command's status";
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Exit, Is128PlusTheSignalThatKilledTheCommand) {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGSEGV, SIGTERM, SIGUSR1}) {
    const Outcome outcome = run(immure_run({}, {IMMURE_PAYLOAD, "raise", std::to_string(number)}));
    EXPECT_EQ(outcome.code, 128 + number) << outcome.err;
  }
}

TEST_F(Exit, Is124WhenTheWallTimeIsReached) {
  Program program = immure_run({"--set", "limits.wall=200ms"}, {"sleep", "30"});
  program.limit = std::chrono::seconds(20);
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 124) << outcome.err;
  EXPECT_FALSE(outcome.timed_out);
}

TEST_F(Exit, Is124AfterTheGraceTimeForACommandThatIgnoresTerm) {
  Program program = immure_sh({"--set", "limits.wall=200ms", "--set", "process.grace=200ms"},
                              "trap '' TERM; while :; do sleep 1; done");
  program.limit = std::chrono::seconds(20);
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 124) << outcome.err;
  EXPECT_FALSE(outcome.timed_out);
}

TEST_F(Exit, IsTheCommandsOwnWhenItEndsBeforeTheWallTime) {
  const Outcome outcome =
      run(immure_run({"--set", "limits.wall=60s"}, {IMMURE_PAYLOAD, "exit", "3"}));
  EXPECT_EQ(outcome.code, 3) << outcome.err;
}

TEST_F(Exit, Is153WhenTheCommandWritesMoreThanItMay) {
  const Argv limit{"--set", "limits.output=1K"};
  const Outcome outcome = run(immure_run(limit, {"yes"}));
  EXPECT_EQ(outcome.code, 153);
  EXPECT_EQ(outcome.out.size(), 1024U) << "up to the limit it is passed on";
  EXPECT_EQ(run(immure_sh(limit, "yes >&2")).err.size(), 1024U);
  const Outcome both = run(immure_sh(limit, "head -c 600 /dev/zero; head -c 600 /dev/zero >&2"));
  EXPECT_EQ(both.code, 153) << "they are counted together";
  const Outcome within = run(immure_sh(limit, "head -c 512 /dev/zero; echo told >&2; exit 4"));
  EXPECT_EQ(within.code, 4);
  EXPECT_EQ(within.out.size(), 512U);
  EXPECT_EQ(within.err, "told\n");
  const Argv followed{"--set", "limits.output=1K", "--status-fd", "2"};
  const std::string events = run(immure_run(followed, {"yes"})).err;
  EXPECT_TRUE(contains(events, R"("t":"exit","by":"immure","reason":"output","code":153)"))
      << events;
}

TEST_F(Exit, Is125WhereOutputCouldGoPastItsLimit) {
  // The terminal is standard input, output and error.
  const std::string command =
      binary() + " run --set process.tty=detach --set limits.output=1K -- sh -c 'echo seen; ";
  const auto at_terminal = [](const std::string& line) {
    return run({.argv = {"script", "-qec", line, "/dev/null"}}).out;
  };
  EXPECT_TRUE(
      contains(at_terminal(command + "echo past >&0'"), "standard input can be written to"));
  const std::string closed = at_terminal(command + "echo past > /dev/tty' </dev/null");
  EXPECT_TRUE(contains(closed, "seen")) << closed;
  EXPECT_FALSE(contains(closed, "past\r")) << closed;
  EXPECT_TRUE(contains(at_terminal(binary() + " run -- sh -c 'echo past > /dev/tty'"), "past"));
  const Argv shared{"--set", "limits.output=1K", "--set", "process.tty=share"};
  EXPECT_TRUE(contains(run(immure_run(shared, {"true"})).err,
                       "error[E304]: limits.output can't count what goes to a terminal"));
}

TEST_F(Exit, IsTheCommandsOwnWhenNobodyReadsItsOutput) {
  for (const Argv& options : {Argv{}, Argv{"--set", "limits.output=1G"}}) {
    Program program = immure_sh(options, "yes; echo $? >&2");
    program.argv.insert(program.argv.begin(), {"sh", "-c", "\"$@\" | head -c 100 | wc -c", "sh"});
    const Outcome outcome = run(program);
    EXPECT_EQ(trimmed(outcome.out), "100");
    EXPECT_EQ(trimmed(outcome.err), "141") << "128 + SIGPIPE";
  }
}

TEST_F(Exit, Is124WhileNobodyTakesTheOutput) {
  const Argv options{"--set", "limits.output=1G", "--set", "limits.wall=300ms"};
  Program program = immure_run(options, {"yes"});
  // sleep holds the pipe open, and does not read.
  const std::string script = "{ \"$@\"; echo $? after $SECONDS >&2; } | sleep 5";
  program.argv.insert(program.argv.begin(), {"bash", "-c", script, "bash"});
  const std::string told = trimmed(run(program).err);
  EXPECT_TRUE(told == "124 after 0" || told == "124 after 1" || told == "124 after 2") << told;
}

TEST_F(Exit, Is127WhenThereIsNoSuchCommand) {
  const Outcome outcome = run(immure_run({}, {"immure-no-such-program"}));
  EXPECT_EQ(outcome.code, 127);
  EXPECT_TRUE(contains(outcome.err, "immure: error[E601]")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "immure-no-such-program")) << outcome.err;
}

TEST_F(Exit, Is127AndNamesTheFlagWhenTheCommandIsOnTheHostOnly) {
  const TempDir directory;
  directory.write("outer/tool", "#!/bin/sh\nexit 0\n", 0755);
  const std::string tool = directory.path() + "/outer/tool";
  ASSERT_EQ(run({.argv = {tool}}).code, 0) << "it runs outside";
  const Outcome outcome = run(immure_run({}, {"sh", "-c", tool}));
  EXPECT_EQ(outcome.code, 127) << "the shell inside does not find it either";
}

TEST_F(Exit, Is126WhenTheCommandCannotBeExecuted) {
  const TempDir directory;
  directory.write("plain", "no program\n", 0644);
  Program program = immure_run({}, {"./plain"});
  program.cwd = directory.path();
  Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 126) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "immure: error[E602]")) << outcome.err;

  program = immure_run({}, {"/usr"});
  outcome = run(program);
  EXPECT_EQ(outcome.code, 126) << "a directory: " << outcome.err;
}

TEST_F(Exit, Is125ForUsageProfileAndSetUpErrors) {
  for (const Argv& argv : {Argv{binary(), "run", "--no-such-option", "true"},
                           Argv{binary(), "run", "-p", "no-such-profile", "true"},
                           Argv{binary(), "run", "--ro", "/no/such/path", "--", "true"},
                           Argv{binary(), "run", "--set", "limits.walls=3s", "--", "true"},
                           Argv{binary(), "run"}, Argv{binary(), "firefox"}}) {
    const Outcome outcome = run({.argv = argv});
    EXPECT_EQ(outcome.code, 125) << argv.back() << ": " << outcome.err;
    EXPECT_TRUE(outcome.err.starts_with("immure: error[E")) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
}

TEST_F(Exit, TheShortFormsMeanRun) {
  EXPECT_EQ(run({.argv = {binary(), IMMURE_PAYLOAD, "exit", "5"}}).code, 5);
  EXPECT_EQ(run({.argv = {binary(), "--", "sh", "-c", "exit 6"}}).code, 6);
}

TEST_F(Exit, AKeyOfTheLanguageThatIsNotBuiltIsE209AndAnUnknownOneE202WithTheNearest) {
  const Outcome known = run(immure_run({"--set", "limits.memory=1G"}, {"true"}));
  EXPECT_EQ(known.code, 125);
  EXPECT_TRUE(contains(known.err, "error[E209]")) << known.err;
  const Outcome unknown = run(immure_run({"--set", "limits.nofil=10"}, {"true"}));
  EXPECT_EQ(unknown.code, 125);
  EXPECT_TRUE(contains(unknown.err, "error[E202]")) << unknown.err;
  EXPECT_TRUE(contains(unknown.err, "nofile")) << unknown.err;
}

}  // namespace
}  // namespace immure::test
