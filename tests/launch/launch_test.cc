// The engine by itself: hand-made plans, run for real as whoever runs the test.
#include "launch/launch.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

namespace immure {
namespace {

constexpr std::uint64_t all_namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                                         CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

// A directory that is gone with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/immure-launch-XXXXXX";
    path_ = ::mkdtemp(name.data());
    ::chmod(path_.c_str(), 0755);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Whether this process may make user namespaces: not inside a sandbox, for example.
bool can_make_namespaces() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(::unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
  int status = 1;
  return ::waitpid(pid, &status, 0) == pid && status == 0;
}

class Launch : public testing::Test {
 protected:
  void SetUp() override {
    static const bool can = can_make_namespaces();
    if (can) return;
    if (std::getenv("IMMURE_TESTS_MUST_RUN") != nullptr) FAIL() << "no user namespaces here";
    GTEST_SKIP() << "no user namespaces here";
  }
};

// The smallest plan in which a shell of the host runs.
LaunchPlan shell_plan(const std::string& script) {
  LaunchPlan plan;
  plan.namespaces = all_namespaces;
  plan.uid_map = std::to_string(::getuid()) + " " + std::to_string(::getuid()) + " 1\n";
  plan.gid_map = std::to_string(::getgid()) + " " + std::to_string(::getgid()) + " 1\n";
  plan.setup = {{MakeRoot{.size_bytes = 1 << 20}, {}},
                {MakeDir{"usr", 0755}, {}},
                {BindMount{.source = "/usr", .target = "usr"}, {}},
                {MakeLink{"bin", "usr/bin"}, {}},
                {MakeLink{"lib", "usr/lib"}, {}},
                {MakeLink{"lib64", "usr/lib64"}, {}},
                {MakeDir{"tmp", 0777}, {}}};
  plan.command_setup = {{ChangeDirectory{"/"}, {}}, {LimitPrivileges{}, {}}};
  plan.command.argv = {"sh", "-c", script};
  plan.command.candidates = {"/bin/sh"};
  plan.command.environment = {"PATH=/usr/bin"};
  plan.command.shown = "sh";
  return plan;
}

void add_step(LaunchPlan& plan, Step step) { plan.setup.push_back({std::move(step), {}}); }

// The monitor lets go of standard input and output unless they are kept, and the tests print.
LaunchOptions options() { return {.keep_fds = {0, 1}}; }

std::variant<Exit, Error> run(LaunchPlan plan) {
  add_step(plan, EnterRoot{});
  return launch(plan, options());
}

Exit exit_of(const std::variant<Exit, Error>& result) {
  if (const auto* error = std::get_if<Error>(&result)) {
    ADD_FAILURE() << error->doing << " errno " << error->errnum << " " << error->reason;
    return Exit{.code = -1};
  }
  return std::get<Exit>(result);
}

Error error_of(const std::variant<Exit, Error>& result) {
  if (const auto* error = std::get_if<Error>(&result)) return *error;
  ADD_FAILURE() << "the command ran and ended with " << std::get<Exit>(result).code;
  return {};
}

TEST_F(Launch, ReportsTheExitStatusAsItIs) {
  EXPECT_EQ(exit_of(run(shell_plan("exit 0"))).code, 0);
  EXPECT_EQ(exit_of(run(shell_plan("exit 125"))).code, 125);
  EXPECT_EQ(exit_of(run(shell_plan("exit 255"))).code, 255);
}

TEST_F(Launch, ReportsTheSignalThatEndedTheCommand) {
  const Exit exit = exit_of(run(shell_plan("kill -SEGV $$")));
  EXPECT_EQ(exit.reason, Exit::Reason::signaled);
  EXPECT_EQ(exit.signal, SIGSEGV);
  EXPECT_EQ(exit.code, 128 + SIGSEGV);
}

TEST_F(Launch, TheCommandIsPid1OnlyWithoutAReaper) {
  EXPECT_EQ(exit_of(run(shell_plan("[ $$ = 2 ]"))).code, 0);
  LaunchPlan plan = shell_plan("[ $$ = 1 ]");
  plan.reaper = false;
  EXPECT_EQ(exit_of(run(plan)).code, 0);
}

TEST_F(Launch, WallTimeEndsTheCommandWith124) {
  LaunchPlan plan = shell_plan("trap '' TERM; while :; do :; done");
  plan.wall_ns = 100'000'000;
  plan.grace_ns = 100'000'000;
  const Exit exit = exit_of(run(plan));
  EXPECT_EQ(exit.reason, Exit::Reason::wall);
  EXPECT_EQ(exit.code, 124);
  EXPECT_GE(exit.wall_ms, 200);
  EXPECT_LT(exit.wall_ms, 3000);
}

TEST_F(Launch, AFailedStepNamesItselfAndWhoAskedForIt) {
  LaunchPlan plan = shell_plan("true");
  Origin origin;
  origin.flag = "--ro /nowhere";
  plan.setup.push_back({BindMount{.source = "/nowhere", .target = "tmp"}, origin});
  const Error error = error_of(run(plan));
  EXPECT_EQ(error.code, Code::setup_step);
  EXPECT_EQ(error.errnum, ENOENT);
  EXPECT_EQ(error.origin.flag, "--ro /nowhere");
  EXPECT_EQ(error.exit_code, 125);
  EXPECT_EQ(error.doing, describe(plan.setup.back().what));
}

TEST_F(Launch, AMissingCommandIs127AndOneThatCannotRunIs126) {
  LaunchPlan missing = shell_plan("true");
  missing.command.candidates = {"/usr/bin/no-such-program"};
  EXPECT_EQ(error_of(run(missing)).exit_code, 127);
  LaunchPlan directory = shell_plan("true");
  directory.command.candidates = {"/usr/bin"};
  EXPECT_EQ(error_of(run(directory)).exit_code, 126);
}

TEST_F(Launch, TheFirstCandidateThatCanRunIsTaken) {
  LaunchPlan plan = shell_plan("exit 9");
  plan.command.candidates = {"/nowhere/sh", "/usr/bin", "/bin/sh"};
  EXPECT_EQ(exit_of(run(plan)).code, 9);
}

TEST_F(Launch, AReadOnlyBindRefusesWritesAndAWritableOneTakesThem) {
  const TemporaryDirectory host;
  for (const bool read_only : {true, false}) {
    LaunchPlan plan = shell_plan("echo x > /tmp/file");
    add_step(plan, BindMount{.source = host.path(), .target = "tmp", .read_only = read_only});
    EXPECT_EQ(exit_of(run(plan)).code, read_only ? 2 : 0);
    EXPECT_EQ(::access((host.path() + "/file").c_str(), F_OK), read_only ? -1 : 0);
  }
}

TEST_F(Launch, ALinkPlantedAsASourceIsNotFollowed) {
  const TemporaryDirectory host;
  const std::string link = host.path() + "/link";
  ASSERT_EQ(::symlink("/etc", link.c_str()), 0);
  LaunchPlan plan = shell_plan("true");
  add_step(plan, BindMount{.source = link, .target = "tmp"});
  EXPECT_EQ(error_of(run(plan)).errnum, ELOOP);
}

TEST_F(Launch, ATargetBehindAnAbsoluteLinkStaysInTheNewRoot) {
  LaunchPlan plan = shell_plan("[ -d /tmp/made ] && [ -d /alias/made ]");
  add_step(plan, MakeLink{"alias", "/tmp"});
  add_step(plan, MakeDir{"alias/made", 0755});
  EXPECT_EQ(exit_of(run(plan)).code, 0);
  EXPECT_NE(::access("/tmp/made", F_OK), 0) << "made on the host";
}

TEST_F(Launch, ALinkUpwardsDoesNotLeaveTheNewRoot) {
  LaunchPlan plan = shell_plan("[ -d /tmp/made-up ]");
  add_step(plan, MakeLink{"up", "../../../../tmp"});
  add_step(plan, MakeDir{"up/made-up", 0755});
  EXPECT_EQ(exit_of(run(plan)).code, 0);
  EXPECT_NE(::access("/tmp/made-up", F_OK), 0) << "made on the host";
}

TEST_F(Launch, AnOverlayTakesWritesAndTheHostDoesNot) {
  const TemporaryDirectory host;
  LaunchPlan plan = shell_plan("echo x > /tmp/file && [ -s /tmp/file ]");
  plan.setup.insert(plan.setup.begin() + 1, {MakeScratch{}, {}});
  add_step(plan, OverlayMount{.target = "tmp", .lower = {host.path()}});
  EXPECT_EQ(exit_of(run(plan)).code, 0);
  EXPECT_NE(::access((host.path() + "/file").c_str(), F_OK), 0);
}

TEST_F(Launch, NothingOfTheScratchFileSystemIsLeftInside) {
  LaunchPlan plan =
      shell_plan("[ -d /../usr ] && [ ! -e /../f0 ] && [ \"$(cat /usr-file)\" = text ]");
  plan.setup.insert(plan.setup.begin() + 1, {MakeScratch{}, {}});
  add_step(plan, MakeFile{"usr-file", 0444, ""});
  add_step(plan, CoverFile{"usr-file", "text", 0444, true});
  EXPECT_EQ(exit_of(run(plan)).code, 0);
}

TEST_F(Launch, ASealedRootIsReadOnlyAndAnUnsealedOneIsNot) {
  for (const bool sealed : {true, false}) {
    LaunchPlan plan = shell_plan("echo x > /file");
    if (sealed) add_step(plan, SealRoot{});
    EXPECT_EQ(exit_of(run(plan)).code, sealed ? 2 : 0);
  }
}

TEST_F(Launch, ADescriptorThatIsNotOpenCannotBePassedOn) {
  LaunchPlan plan = shell_plan("true");
  plan.pass_fds = {77};
  EXPECT_EQ(error_of(run(plan)).code, Code::usage);
}

TEST_F(Launch, TellsWhenTheSandboxExistsAndWhenTheCommandRuns) {
  LaunchPlan plan = shell_plan("true");
  add_step(plan, EnterRoot{});
  pid_t init = 0;
  bool ready = false;
  LaunchOptions watched = options();
  watched.events.started = [&](pid_t pid) { init = pid; };
  watched.events.ready = [&] { ready = true; };
  EXPECT_EQ(exit_of(launch(plan, watched)).code, 0);
  EXPECT_GT(init, 1);
  EXPECT_TRUE(ready);
}

}  // namespace
}  // namespace immure
