// Beginning and end: signals arrive, and when the launcher ends everything ends.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

#include "support/immure.h"

namespace immure::test {
namespace {

using std::chrono::milliseconds;

// A word that no other process has on its command line.
std::string mark() {
  static int count = 0;
  return "mark-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

class Processes : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_F(Processes, SignalsSentToImmureReachTheCommand) {
  for (const char* name : {"TERM", "HUP", "INT", "QUIT", "USR1", "USR2", "WINCH"}) {
    const std::string script = std::string("trap 'echo got; exit 9' ") + name +
                               "; echo ready; while :; do sleep 0.05; done";
    Running running(immure_run({}, {"bash", "-c", script}));
    ASSERT_TRUE(running.wait_for_output("ready")) << name << ": " << running.wait().err;
    const Outcome sent = run({.argv = {"kill", "-s", name, std::to_string(running.pid())}});
    ASSERT_EQ(sent.code, 0);
    const Outcome outcome = running.wait();
    EXPECT_EQ(outcome.code, 9) << name << outcome.err;
    EXPECT_EQ(outcome.out, "ready\ngot\n") << name;
  }
}

TEST_F(Processes, ACommandThatDiesOfAForwardedSignalGives128PlusIt) {
  Running running(immure_sh({}, "echo ready; exec sleep 60"));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait().code, 128 + SIGTERM);
}

TEST_F(Processes, ASecondTermKillsACommandThatIgnoresTheFirst) {
  Running running(
      immure_run({}, {"bash", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"}));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGTERM);
  std::this_thread::sleep_for(milliseconds(300));
  running.signal(SIGTERM);
  const Outcome outcome = running.wait();
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.code, 128 + SIGKILL);
}

TEST_F(Processes, StopAndContinueReachTheCommand) {
  Running running(immure_run({}, {"bash", "-c",
                                  "trap 'echo continued; exit 0' CONT; echo ready; "
                                  "while :; do sleep 0.05; done"}));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGCONT);
  EXPECT_EQ(running.wait().out, "ready\ncontinued\n");
}

TEST_F(Processes, ADaemonLeftBehindEndsWithTheCommand) {
  const std::string word = mark();
  const Outcome control = run({.argv = {IMMURE_PAYLOAD, "daemon", word}});
  ASSERT_EQ(control.code, 0);
  std::this_thread::sleep_for(milliseconds(200));
  const std::vector<pid_t> left = processes_with(word);
  ASSERT_EQ(left.size(), 1U) << "outside it stays";
  ::kill(left.front(), SIGKILL);

  const std::string inner = mark();
  const Outcome outcome = run(immure_run({}, {IMMURE_PAYLOAD, "daemon", inner}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(all_gone(inner));
}

TEST_F(Processes, WithWaitAllTheLastProcessEndsTheRun) {
  const std::string script = "(sleep 1; echo late) & echo early";
  const Outcome command = run(immure_sh({}, script));
  EXPECT_EQ(command.out, "early\n");
  const Outcome all = run(immure_sh({"--set", "process.wait=all"}, script));
  EXPECT_EQ(all.out, "early\nlate\n") << all.err;
  EXPECT_EQ(all.code, 0);
}

TEST_F(Processes, InitReapsOrphans) {
  const std::string script =
      "i=0; while [ $i -lt 20 ]; do (sleep 0 &); i=$((i+1)); done; sleep 0.5; "
      "grep -l '^State:.Z' /proc/[0-9]*/status | wc -l";
  const Outcome outcome = run(immure_sh({}, script));
  EXPECT_EQ(trimmed(outcome.out), "0") << outcome.err;
}

TEST_F(Processes, WithInitTargetTheCommandIsPidOne) {
  const Outcome outcome =
      run(immure_run({"--set", "process.init=target"}, {IMMURE_PAYLOAD, "pid"}));
  EXPECT_EQ(outcome.out, "1 0\n") << outcome.err;
  EXPECT_EQ(run(immure_run({"--set", "process.init=target"}, {IMMURE_PAYLOAD, "exit", "7"})).code,
            7);
}

TEST_F(Processes, SigkillOfTheLauncherEndsEverythingAtAnyMoment) {
  for (int delay_us = 0; delay_us <= 50'000; delay_us += delay_us < 6000 ? 400 : 4000) {
    const std::string word = mark();
    Program program =
        immure_sh({}, "sleep 61 & setsid sleep 62 & exec sh -c 'sleep 63; :' " + word);
    {
      Running running(program);
      std::this_thread::sleep_for(std::chrono::microseconds(delay_us));
      running.signal(SIGKILL);
      EXPECT_EQ(running.wait().code, -SIGKILL);
    }
    EXPECT_TRUE(all_gone(word)) << "killed after " << delay_us << " µs";
  }
}

TEST_F(Processes, SigkillOfTheLauncherEndsACommandThatIsPidOne) {
  const std::string word = mark();
  Running running(
      immure_run({"--set", "process.init=target"}, {"sh", "-c", "echo ready; sleep 60; :", word}));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGKILL);
  EXPECT_EQ(running.wait().code, -SIGKILL);
  EXPECT_TRUE(all_gone(word));
}

TEST_F(Processes, ACommandThatIsPidOneCannotEscapeByItsParentDeathSignal) {
  const std::string word = mark();
  const std::string script =
      "import ctypes, time; ctypes.CDLL(None).prctl(1, 0); print('ready', flush=True); "
      "time.sleep(60)";
  Running running(immure_run({"--set", "process.init=target"}, {"python3", "-c", script, word}));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGKILL);
  EXPECT_EQ(running.wait().code, -SIGKILL);
  EXPECT_TRUE(all_gone(word));
}

TEST_F(Processes, WithoutAPidNamespaceEverythingEndsWithTheLauncherToo) {
  const Argv options{"--set", "namespaces.pid=host", "--set", "root.proc=host"};
  for (const bool wall : {false, true}) {
    const std::string word = mark();
    Argv all = options;
    if (wall) {
      all.insert(all.end(), {"--set", "limits.wall=500ms", "--set", "process.grace=200ms"});
    }
    Running running(immure_run(
        all,
        {"sh", "-c",
         "trap '' TERM; setsid sh -c 'sleep 61; :' " + word + " & echo ready; sleep 62; :", word}));
    ASSERT_TRUE(running.wait_for_output("ready"));
    if (!wall) running.signal(SIGKILL);
    EXPECT_EQ(running.wait().code, wall ? 124 : -SIGKILL);
    EXPECT_TRUE(all_gone(word)) << wall;
  }
}

TEST_F(Processes, WithWaitAllASignalReachesWhatTheCommandLeftBehind) {
  Running running(immure_sh({"--set", "process.wait=all"},
                            "(trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done) & "
                            "exit 7"));
  ASSERT_TRUE(running.wait_for_output("ready"));
  std::this_thread::sleep_for(milliseconds(200));
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait().code, 7);
}

TEST_F(Processes, WithWaitAllTheCommandsOwnStatusStandsWhateverEndsTheRest) {
  const TempDir directory;
  for (const bool twice : {false, true}) {
    const std::string word = mark();
    const std::string events = directory.path() + "/events";
    Running running({.argv = {"sh", "-c",
                              "exec " + binary() +
                                  " run --status-fd 3 --set process.wait=all --set "
                                  "process.grace=" +
                                  (twice ? "1min" : "500ms") +
                                  " -- sh -c \"setsid sh -c 'trap : TERM; echo ready; while :; do "
                                  "sleep 0.05; done' " +
                                  word + " & exit 125\" 3>" + events}});
    ASSERT_TRUE(running.wait_for_output("ready"));
    std::this_thread::sleep_for(milliseconds(200));
    running.signal(SIGTERM);
    std::this_thread::sleep_for(milliseconds(200));
    if (twice) running.signal(SIGTERM);
    EXPECT_EQ(running.wait().code, 125) << twice;
    EXPECT_TRUE(all_gone(word));
    // The code is the command's, and so says `by`; what became of the rest is told beside it.
    const std::string told = lines(read_file(events)).back();
    EXPECT_TRUE(contains(told, R"("by":"target")")) << told;
    EXPECT_TRUE(contains(told, R"("code":125)")) << told;
    EXPECT_TRUE(contains(told, R"("rest":"killed")")) << told;
  }
}

TEST_F(Processes, WithWaitAllTheWallTimeIsThatOfTheWholeRun) {
  const std::string word = mark();
  const Outcome outcome = run(immure_sh(
      {"--set", "process.wait=all", "--set", "limits.wall=300ms", "--set", "process.grace=200ms"},
      "setsid sh -c 'trap : TERM; while :; do sleep 0.05; done' " + word + " & exit 3"));
  EXPECT_EQ(outcome.code, 124) << outcome.err;
  EXPECT_TRUE(all_gone(word));
}

TEST_F(Processes, TheEndOfAStoppedLauncherEndsEverything) {
  const std::string word = mark();
  Running running(immure_run({}, {"sh", "-c", "echo ready; sleep 60; :", word}));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGSTOP);
  running.signal(SIGKILL);
  EXPECT_EQ(running.wait().code, -SIGKILL);
  EXPECT_TRUE(all_gone(word));
}

TEST_F(Processes, TheCommandGetsTheCallersSignalDispositionsAndMask) {
  const std::string normal = run({.argv = {IMMURE_PAYLOAD, "signals"}}).out;
  EXPECT_EQ(run(immure_run({}, {IMMURE_PAYLOAD, "signals"})).out, normal);
  Program program = immure_run({}, {IMMURE_PAYLOAD, "signals"});
  program.before_exec = [] {
    sigset_t mask;
    ::sigemptyset(&mask);
    ::sigaddset(&mask, SIGUSR1);
    ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  };
  EXPECT_TRUE(contains(run(program).out, "blocked 1 "));
}

TEST_F(Processes, InputAndOutputPassThrough) {
  Program program = immure_sh({}, "cat; echo to-stderr >&2");
  program.input = std::string(300'000, 'x') + "end";
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.out, program.input);
  EXPECT_EQ(outcome.err, "to-stderr\n");
}

TEST_F(Processes, StdioIsRedirectedAsTheProfileSays) {
  Program program = immure_sh({"--set", "process.stdin=null"}, "cat; echo done");
  program.input = "ignored";
  EXPECT_EQ(run(program).out, "done\n");
  EXPECT_EQ(run(immure_sh({"--set", "process.stdout=null"}, "echo lost")).out, "");
}

TEST_F(Processes, AttributesOfTheProcessAreSet) {
  const TempDir directory;
  const Outcome outcome = run(immure_sh(
      {"--set", "process.umask=0o077", "--set", "process.nice=5", "--set", "process.cpus=\"0\"",
       "--set", "limits.nofile=99", "--set", "limits.fsize=1M", "-C", "/usr"},
      "umask; nice; grep Cpus_allowed_list /proc/self/status; ulimit -n; "
      "grep 'Max file size' /proc/self/limits | awk '{print $4}'; pwd"));
  EXPECT_EQ(outcome.out, "0077\n5\nCpus_allowed_list:\t0\n99\n1048576\n/usr\n") << outcome.err;
}

TEST_F(Processes, Argv0IsAsAskedFor) {
  const Outcome outcome =
      run(immure_run({"--set", "process.argv0=other"}, {IMMURE_PAYLOAD, "arguments", "a b", ""}));
  EXPECT_EQ(outcome.out, "[other][arguments][a b][]") << outcome.err;
}

TEST_F(Processes, BlockAndReadyDescriptorsMarkTheStart) {
  const TempDir directory;
  const std::string script =
      "mkfifo block && { " + binary() +
      " run --block-fd 8 --ready-fd 9 -- echo ran 8<block 9>ready & } && exec 7>block && sleep 0.5 "
      "&& echo \"before: $(wc -c < ready)\" && echo >&7 && wait && echo \"after: $(wc -c < "
      "ready)\"";
  const Outcome outcome = run({.argv = {"sh", "-c", script}, .cwd = directory.path()});
  EXPECT_EQ(lines(outcome.out).at(0), "before: 0") << outcome.err;
  EXPECT_EQ(lines(outcome.out).at(1), "ran") << outcome.err;
  EXPECT_NE(lines(outcome.out).at(2), "after: 0") << outcome.err;
}

TEST_F(Processes, ABlockDescriptorThatCannotBeReadStartsNothing) {
  const Outcome outcome =
      run({.argv = {"sh", "-c", binary() + " run --block-fd 8 -- echo ran 8</usr"}, .cwd = "/usr"});
  EXPECT_EQ(outcome.code, 125) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(contains(outcome.err, "--block-fd") && contains(outcome.err, "directory"))
      << outcome.err;
}

TEST_F(Processes, ADescriptorOfOursCannotBePassedOnToForgeEvents) {
  const TempDir directory;
  const Outcome outcome =
      run({.argv = {"sh", "-c",
                    binary() + " run --status-fd 9 --set process.pass_fds=[3] -- sh -c 'echo "
                               "forged >&3' 3>&- 9>events"},
           .cwd = directory.path()});
  EXPECT_EQ(outcome.code, 125) << outcome.err;
  EXPECT_FALSE(contains(read_file(directory.path() + "/events"), "forged"));
}

TEST_F(Processes, StatusDescriptorTellsWhoEndedTheRun) {
  const TempDir directory;
  const auto status = [&](const std::string& rest) {
    const Outcome outcome =
        run({.argv = {"sh", "-c", binary() + " run --status-fd 3 " + rest + " 3>events"},
             .cwd = directory.path()});
    return read_file(directory.path() + "/events");
  };
  const std::string target = status("-- sh -c 'exit 125'");
  EXPECT_TRUE(contains(target, R"("t":"start")")) << target;
  EXPECT_TRUE(contains(target, R"("by":"target")")) << target;
  EXPECT_TRUE(contains(target, R"("code":125)")) << target;
  EXPECT_FALSE(contains(target, R"(,"name":)")) << target;
  const std::string named = status("--name web-1 -- true");
  EXPECT_TRUE(contains(named, R"("name":"web-1")")) << named;
  const std::string ours = status("--ro /no/such -- true");
  EXPECT_TRUE(contains(ours, R"("by":"immure")")) << ours;
  EXPECT_TRUE(contains(ours, R"("code":125)")) << ours;
}

TEST_F(Processes, StatusDescriptorTellsWhichNamespacesThereAre) {
  const TempDir directory;
  const std::string inside =
      "for n in cgroup ipc mnt net pid user uts time; do "
      "printf '\"%s\":%s\\n' $n $(readlink /proc/self/ns/$n | tr -dc 0-9); done";
  const auto events = [&](const std::string& options, Outcome& outcome) {
    outcome = run(
        {.argv = {"bash", "-c",
                  binary() + " run --status-fd 3 " + options + "-- sh -c \"$0\" 3>events", inside},
         .cwd = directory.path()});
    return read_file(directory.path() + "/events");
  };
  Outcome outcome;
  const std::string told = events("", outcome);
  ASSERT_EQ(lines(outcome.out).size(), 8U) << outcome.err;
  for (const std::string& line : lines(outcome.out)) {
    EXPECT_TRUE(contains(told, line + ",") || contains(told, line + "}")) << line << "\n" << told;
  }
  const std::string later = events("--set time.boottime=1h ", outcome);
  EXPECT_TRUE(contains(later, lines(outcome.out).at(3))) << later;
  EXPECT_FALSE(contains(later, "\"time\":")) << later;
}

}  // namespace
}  // namespace immure::test
