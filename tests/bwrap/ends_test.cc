// How a sandbox ends: with its launcher, whenever that is killed; below a filter that allows next
// to nothing; and with no more than the command, where something else fails.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <random>
#include <thread>

#include "bwrap/support.h"

namespace immure::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Words that no other process has on its command line.
std::string mark(int number) {
  return "1618" + std::to_string(::getpid()) + "." + std::to_string(number);
}

void end_all(const std::string& word) {
  for (const pid_t pid : processes_with(word)) ::kill(pid, SIGKILL);
}

class Launcher : public Both {
 protected:
  static Argv options(const std::string& more) {
    Argv argv = words(more, "");
    argv.insert(argv.begin(), {"--ro-bind", "/", "/", "--dev", "/dev"});
    return argv;
  }
  // A launcher whose command has the word on its command line, and leaves another that has it.
  static Program launched(const std::string& more, const std::string& word) {
    return started(program(), options(more),
                   {"sh", "-c", "setsid sleep " + word + " & echo up; sleep " + word + "; true"});
  }
};
INSTANTIATE_TEST_SUITE_P(Of, Launcher, testing::Values("Ours", "Debians"),
                         [](const auto& one) { return one.param; });

TEST_P(Launcher, LeavesNothingIfItIsKilledAndDiesWithItsParent) {
  const std::string word = mark(1);
  Running running(launched("--unshare-pid --die-with-parent", word));
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGKILL);
  EXPECT_TRUE(all_gone(word));
  end_all(word);
}

TEST_P(Launcher, LeavesTheSandboxIfItIsKilledWithoutThatOption) {
  const std::string word = mark(2);
  Running running(launched("--unshare-pid", word));
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGKILL);
  EXPECT_FALSE(all_gone(word, seconds(1)));
  end_all(word);
}

TEST_P(Launcher, LeavesNothingIfItsParentIsKilled) {
  const std::string word = mark(3);
  Argv argv = launched("--unshare-pid --die-with-parent", word).argv;
  argv.insert(argv.begin(), {"sh", "-c", "\"$@\" & wait", "parent"});
  Running running(Program{.argv = argv});
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGKILL);
  EXPECT_TRUE(all_gone(word));
  end_all(word);
}

TEST_P(Launcher, DoesNotPassSignalsOn) {
  const std::string word = mark(4);
  Running running(launched("--unshare-pid --die-with-parent", word));
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGTERM);
  EXPECT_EQ(running.wait().code, -SIGTERM) << "it dies of it itself";
  EXPECT_TRUE(all_gone(word));
  end_all(word);
}

// bubblewrap leaves a window between the clone and the request to die with the parent.
// A command that is pid 1 takes its own death signal back. PR_SET_PDEATHSIG(2const)
TEST(OursKilled, LeavesNothingOfACommandThatIsPid1) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string word = mark(20);
  const std::string script =
      "import ctypes, time; ctypes.CDLL(None).prctl(1, 0, 0, 0, 0); print('up', flush=True); "
      "time.sleep(" +
      word + ")";
  Running running(started(
      ours(),
      {"--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--as-pid-1", "--die-with-parent"},
      {"/usr/bin/python3", "-c", script}));
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGKILL);
  EXPECT_TRUE(all_gone(word));
  end_all(word);
}

TEST(OursKilled, LeavesNothingAtAnyMoment) {
  IMMURE_REQUIRE_SANDBOX();
  std::mt19937 random(7);
  const std::string words_in_all = mark(5);
  for (const std::string more :
       {"--unshare-pid", "--unshare-all --new-session", "", "--unshare-pid --as-pid-1",
        "--unshare-pid --lock-file /etc/passwd"}) {
    for (int round = 0; round < 60; ++round) {
      Argv options{"--ro-bind", "/", "/", "--dev", "/dev", "--die-with-parent"};
      for (const std::string& word : words(more, "")) options.push_back(word);
      Running running(started(ours(), options, {"sleep", words_in_all}));
      std::this_thread::sleep_for(microseconds(random() % 20'000));
      running.signal(SIGKILL);
    }
    // The launcher's own children have its command line until they are the command.
    EXPECT_TRUE(all_gone(words_in_all)) << more;
    end_all(words_in_all);
  }
}

// A descriptor that cannot be written to ends the launcher: and with it what it had started.
TEST(OursFailed, LeavesNothing) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string word = mark(6);
  for (const std::string more : {"--info-fd 70", "--json-status-fd 70", "--userns2 70",
                                 "--pidns 70", "--unshare-pid --info-fd 70 --die-with-parent",
                                 "--unshare-user --userns-block-fd 70 --info-fd 71"}) {
    Argv options{"--ro-bind", "/", "/", "--dev", "/dev"};
    for (const std::string& one : words(more, "")) options.push_back(one);
    const Outcome outcome = run(started(ours(), options, {"sleep", word}));
    EXPECT_EQ(outcome.code, 1) << more;
    EXPECT_TRUE(outcome.err.starts_with("bwrap: ")) << more << ": " << outcome.err;
    EXPECT_TRUE(all_gone(word)) << more;
    end_all(word);
  }
}

// Every call but these ends the process with SIGSYS.
std::string trap_all_but(std::initializer_list<long> numbers) {
  std::vector<sock_filter> program;
  const auto add = [&](unsigned code, unsigned value, std::size_t yes = 0, std::size_t no = 0) {
    program.push_back({.code = static_cast<__u16>(code),
                       .jt = static_cast<__u8>(yes),
                       .jf = static_cast<__u8>(no),
                       .k = value});
  };
  add(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr));
  std::size_t left = numbers.size();
  for (const long number : numbers) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), left);
    --left;
  }
  add(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
  add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

// As image loaders do: a filter that allows what their own program needs, and traps all else. It is
// loaded into the reaper, too, and into the command before it is executed.
std::string for_the_probe() {
  return trap_all_but({SYS_execve, SYS_write, SYS_close, SYS_wait4, SYS_exit, SYS_exit_group,
                       // what the start of a static program does
                       SYS_brk, SYS_arch_prctl, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq,
                       SYS_prlimit64, SYS_readlink, SYS_readlinkat, SYS_getrandom, SYS_mprotect,
                       SYS_newfstatat, SYS_uname});
}

const std::vector<std::string> allowlisted{
    "--unshare-pid --seccomp 20",
    "--seccomp 20",
    "--unshare-all --die-with-parent --seccomp 20",
    "--unshare-all --new-session --add-seccomp-fd 20",
    "--unshare-pid --as-pid-1 --seccomp 20",
    "--unshare-pid --lock-file /probe --seccomp 20",
    "--unshare-all --json-status-fd 21 --seccomp 20",
    "--unshare-all --clearenv --die-with-parent --chdir / --dev /dev --tmpfs /tmp-home "
    "--setenv HOME /tmp-home --symlink usr/lib /lib --seccomp 20"};

TEST(Allowlist, IsEnoughForTheCommandAndItsReaper) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  for (const std::string& program : {ours(), debians()}) {
    if (::access(program.c_str(), X_OK) != 0) continue;
    for (const std::string& options : allowlisted) {
      const Heard heard = play(program,
                               {.rule = "",
                                .options = options,
                                .command = {"/probe", "quiet", "7"},
                                .given = {{20, for_the_probe()}},
                                .heard = {21}},
                               files);
      EXPECT_EQ(heard.outcome.code, 7) << program << " " << options << ": " << heard.outcome.err;
      EXPECT_EQ(heard.outcome.out, "ran\n") << program << " " << options;
      EXPECT_EQ(heard.outcome.err, "") << program << " " << options;
      if (contains(options, "--json")) {
        EXPECT_TRUE(heard.written.at(21).ends_with("{ \"exit-code\": 7 }\n"));
      }
    }
  }
}

// wait4(2) answers so (-1: as the kernel has it), and all else is the kernel's.
std::string waiting_answers(int errnum) {
  const unsigned answer =
      errnum < 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | static_cast<unsigned>(errnum);
  const std::vector<sock_filter> program{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_wait4},
      {BPF_RET | BPF_K, 0, 0, answer},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

// Whoever waits for the command would ask for ever, or take it for ended.
TEST(WaitingThatAFilterRefuses, EndsTheSandbox) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  const std::string word = mark(7);
  for (const std::string more : {"--unshare-pid", "--lock-file /etc/passwd"}) {
    const auto heard = [&](const std::string& program, const std::string& filter, Argv command) {
      return play(program,
                  {.rule = "",
                   .options = "--ro-bind / / --dev /dev --die-with-parent --json-status-fd 21 " +
                              more + " --seccomp 20",
                   .command = std::move(command),
                   .given = {{20, filter}},
                   .heard = {21},
                   .alone = true,
                   .limit = seconds(program == ours() ? 20 : 2)},
                  files);
    };
    EXPECT_EQ(heard(ours(), waiting_answers(-1), {"true"}).outcome.code, 0) << "the control";
    for (const int errnum : {EINTR, EPERM, ECHILD, 0}) {
      for (const Argv& command : {Argv{"true"}, Argv{"sleep", word}}) {
        const Heard our = heard(ours(), waiting_answers(errnum), command);
        EXPECT_EQ(our.outcome.code, 1) << more << " " << errnum;
        EXPECT_TRUE(our.outcome.err.starts_with("bwrap: init wait(): ")) << our.outcome.err;
        EXPECT_FALSE(contains(our.written.at(21), "exit-code")) << our.written.at(21);
        EXPECT_TRUE(all_gone(word)) << more << " " << errnum;
        end_all(word);
      }
    }
    if (::access(debians().c_str(), X_OK) == 0) {
      EXPECT_TRUE(heard(debians(), waiting_answers(EINTR), {"true"}).outcome.timed_out)
          << "bubblewrap's asks for ever";
    }
  }
}

TEST(Allowlist, ThatLacksACallOfTheCommandEndsItWithSIGSYS) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  for (const std::string& program : {ours(), debians()}) {
    if (::access(program.c_str(), X_OK) != 0) continue;
    const Heard heard = play(program,
                             {.rule = "",
                              .options = "--unshare-pid --seccomp 20",
                              .command = {"/probe", "report"},
                              .given = {{20, for_the_probe()}}},
                             files);
    EXPECT_EQ(heard.outcome.code, 128 + SIGSYS) << program << ": " << heard.outcome.err;
  }
}

}  // namespace
}  // namespace immure::test
