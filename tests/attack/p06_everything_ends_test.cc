// When the launcher ends, everything ends, whatever the command does to stay.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "attack/attack.h"

namespace immure::test {
namespace {

// What a process does to outlive its starter. It says "up" when that is done.
struct Stay {
  std::string name, script;
};

const std::vector<Stay>& ways_to_stay() {
  static const std::vector<Stay> ways{
      {"in a session of its own", "setsid \"$0\" stay \"$1\" & wait"},
      {"by a second fork", "(setsid \"$0\" stay \"$1\" &); exec \"$0\" stay \"$1\""},
      {"deaf to every signal",
       "trap '' HUP INT QUIT TERM USR1 USR2 PIPE ALRM; setsid \"$0\" stay \"$1\" & wait"},
      {"without the parent's death signal",
       "python3 -c 'import ctypes, time; ctypes.CDLL(None).prctl(1, 0); print(\"up\", flush=True); "
       "time.sleep(60)' \"$1\" & wait"},
      {"stopped", "sh -c 'echo up; kill -STOP $$; :' \"$1\" & wait"}};
  return ways;
}

class P06EverythingEnds : public AttackTest {
 protected:
  // "ok" if a process is left after the starter is gone by `signals`.
  static std::string stays(const Stay& stay, bool sandboxed, const std::vector<int>& signals) {
    static int count = 0;
    const std::string word = "stay-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
    const Argv command{"sh", "-c", stay.script, IMMURE_ATTACK_PAYLOAD, word};
    {
      Running running(sandboxed ? immure_run({}, command) : Program{.argv = command});
      if (!running.wait_for_output("up")) return "did not start: " + running.wait().err;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      for (const int number : signals) running.signal(number);
      (void)running.wait();
    }
    if (all_gone(word, std::chrono::seconds(sandboxed ? 5 : 0))) return "gone";
    for (const pid_t pid : processes_with(word)) ::kill(pid, SIGKILL);
    return "ok";
  }
};

TEST_F(P06EverythingEnds, WithAKilledLauncher) {
  for (const Stay& stay : ways_to_stay()) {
    expect_held({.promise = 6,
                 .attack = "stay " + stay.name + " when the launcher is killed",
                 .control = stays(stay, false, {SIGKILL}),
                 .inside = stays(stay, true, {SIGKILL})},
                {"gone"});
  }
}

TEST_F(P06EverythingEnds, WithALauncherThatWasStoppedBefore) {
  for (const Stay& stay : ways_to_stay()) {
    expect_held({.promise = 6,
                 .attack = "stay " + stay.name + " when a stopped launcher is killed",
                 .control = stays(stay, false, {SIGSTOP, SIGKILL}),
                 .inside = stays(stay, true, {SIGSTOP, SIGKILL})},
                {"gone"});
  }
}

// Without a signal: the command itself ends and leaves something behind.
TEST_F(P06EverythingEnds, WithTheCommand) {
  const Stay stay{"behind",
                  "setsid \"$0\" stay \"$1\" >/dev/null 2>&1 & sleep 0.2; echo up; exit 0"};
  expect_held({.promise = 6,
               .attack = "stay when the command has ended",
               .control = stays(stay, false, {}),
               .inside = stays(stay, true, {})},
              {"gone"});
}

}  // namespace
}  // namespace immure::test
