// Whenever the launcher dies, and however, nothing of its sandbox is left: no process, no mount.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "attack/attack.h"

namespace immure::test {
namespace {

using std::chrono::microseconds;

class P06EveryMoment : public AttackTest {
 protected:
  // Words that no other process has on its command line.
  std::string mark() {
    return "3141" + std::to_string(::getpid()) + "." + std::to_string(++marks_);
  }

  // Something that goes on by itself: it has left its parent.
  static Argv left_behind(const std::string& mark) {
    return {"sh", "-c",
            "setsid sh -c 'trap \"\" HUP TERM INT; sleep " + mark + " & echo ready; wait' & wait"};
  }

  // "ok" if something survived, which is ended here; else "gone".
  static std::string look_for(const std::string& mark, std::chrono::seconds patience) {
    if (all_gone(mark, patience)) return "gone";
    for (const pid_t pid : processes_with(mark)) ::kill(pid, SIGKILL);
    return all_gone(mark) ? "ok" : "ok, and it cannot be ended";
  }

  // Where the profile lets it: the search finds what survives.
  std::string outlives_by_permission() {
    const std::string words = mark();
    Running running(immure_run({"--set", "process.die_with_parent=false"}, left_behind(words)));
    if (!running.wait_for_output("ready")) return "not ready";
    running.signal(SIGKILL);
    return look_for(words, std::chrono::seconds(1));
  }
  void expect_gone(const std::string& attack, const std::string& words) {
    expect_held({.promise = 6,
                 .attack = attack,
                 .control = outlives_by_permission(),
                 .inside = look_for(words, std::chrono::seconds(5))},
                {"gone"});
  }

  int marks_ = 0;
};

TEST_F(P06EveryMoment, OfTheStart) {
  const std::string before = read_file("/proc/self/mountinfo");
  const std::string words = mark();
  for (int round = 0; round < 2; ++round) {
    for (microseconds delay{0}; delay < microseconds(50'000); delay += microseconds(250)) {
      const std::string word = words + "-" + std::to_string(delay.count());
      Running running(immure_run({}, {"sh", "-c", "sleep 1000; true", word}));
      std::this_thread::sleep_for(delay);
      running.signal(SIGKILL);
      running.wait();
    }
  }
  expect_gone("outlive a launcher that is killed at any of 400 moments of its start", words);
  EXPECT_EQ(read_file("/proc/self/mountinfo"), before);
}

TEST_F(P06EveryMoment, OfTheStartAfterAStop) {
  const std::string words = mark();
  for (microseconds delay{0}; delay < microseconds(50'000); delay += microseconds(1000)) {
    Running running(immure_run({}, {"sh", "-c", "sleep 1000; true", words}));
    std::this_thread::sleep_for(delay);
    running.signal(SIGSTOP);
    std::this_thread::sleep_for(microseconds(2000));
    running.signal(SIGKILL);
    running.wait();
  }
  expect_gone("outlive a launcher that is stopped first, at any of 50 moments", words);
}

TEST_F(P06EveryMoment, WhenItsParentTakesItAlong) {
  IMMURE_REQUIRE(installed("setpriv"), "no setpriv");
  const std::string words = mark();
  Argv argv = immure_run({}, left_behind(words)).argv;
  argv.insert(argv.begin(), {"sh", "-c", "setpriv --pdeathsig KILL \"$@\" & wait", "sh"});
  Running running(Program{.argv = argv});
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGKILL);
  expect_gone("outlive a launcher that its parent takes along", words);
}

TEST_F(P06EveryMoment, WhenItsTerminalIsClosed) {
  IMMURE_REQUIRE(installed("script"), "no script");
  // Also one that the kernel would not tell: it has a process group of its own, and is stopped.
  for (const std::string how : {"", "setpgrp; "}) {
    const std::string words = mark();
    const std::string line = binary() + " run --set process.tty=share -- perl -e '" + how +
                             "$| = 1; print qq(ready\\n); kill STOP => $$ if q(" + how +
                             "); sleep 1000' " + words;
    Running running(Program{.argv = {"script", "-qec", line, "/dev/null"}});
    ASSERT_TRUE(running.wait_for_output("ready"));
    running.signal(SIGKILL);
    expect_gone("outlive a closed terminal" + std::string(how.empty() ? "" : ", stopped"), words);
  }
}

TEST_F(P06EveryMoment, AndDoesNotWaitForOneThatIsStopped) {
  const TempDir directory;
  Running running(immure_sh({"--set", "fs.\"" + directory.path() + "\"=\"rw\""},
                            "echo ready; until test -e go; do sleep 0.05; done; echo > went; "
                            "until test -e end; do sleep 0.05; done; exit 7",
                            directory.path()));
  ASSERT_TRUE(running.wait_for_output("ready"));
  running.signal(SIGSTOP);
  directory.write("go", "");
  for (int i = 0; i < 200 && !exists(directory.path() + "/went"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(exists(directory.path() + "/went")) << "the command goes on";
  directory.write("end", "");
  running.signal(SIGCONT);
  EXPECT_EQ(running.wait().code, 7);
}

}  // namespace
}  // namespace immure::test
