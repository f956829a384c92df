// Signals arrive: a command cannot make itself one that its user cannot end.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P07SignalsArrive : public AttackTest {
 protected:
  // "ok" if the command still runs after two SIGTERM, the second some time after the first.
  static std::string outlives(const Program& program) {
    Program limited = program;
    limited.limit = std::chrono::seconds(7);
    limited.before_exec = [] { ::setsid(); };
    Running running(limited);
    const pid_t session = running.pid();
    if (!running.wait_for_output("up")) return "did not start: " + running.wait().err;
    for (int i = 0; i < 2; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
      running.signal(SIGTERM);
    }
    const bool timed_out = running.wait().timed_out;
    ::kill(-session, SIGKILL);  // what the control left
    return timed_out ? "ok" : "ended";
  }
};

TEST_F(P07SignalsArrive, ASecondTermEndsEveryCommand) {
  for (const auto& [name, script] : std::vector<std::pair<std::string, std::string>>{
           {"ignores signals", "trap '' TERM INT HUP QUIT; echo up; while :; do sleep 0.1; done"},
           {"blocks signals",
            "exec python3 -c 'import signal, time\n"
            "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
            "print(\"up\", flush=True)\n"
            "time.sleep(60)'"},
           {"leaves it to children",
            "trap '' TERM; (trap '' TERM; while :; do sleep 0.1; done) & echo up; wait; wait; "
            "sleep 60"}}) {
    const Argv command{"bash", "-c", script};
    expect_held({.promise = 7,
                 .attack = "a command that " + name,
                 .control = outlives({.argv = command}),
                 .inside = outlives(immure_run({}, command))},
                {"ended"});
  }
}

// What a command sends does not leave its sandbox, and does not stop it from being ended.
TEST_F(P07SignalsArrive, ACommandThatStopsEverybodyIsStillEnded) {
  const Argv stop{"bash", "-c", "echo up; kill -STOP 1; kill -STOP $$; sleep 60"};
  const Argv alone{"bash", "-c", "echo up; kill -STOP $$; sleep 60"};
  expect_held({.promise = 7,
               .attack = "a command that stops itself, and pid 1",
               .control = outlives({.argv = alone}),
               .inside = outlives(immure_run({}, stop))},
              {"ended"});
}

}  // namespace
}  // namespace immure::test
