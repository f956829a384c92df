// Sandboxes that join what another has: --userns, --userns2 and --pidns, as flatpak uses them for
// what an application starts beside itself.
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "bwrap/calls.h"
#include "bwrap/support.h"

namespace immure::test {
namespace {

class Joined : public Both {
 protected:
  void SetUp() override {
    Both::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (::getuid() == 0) GTEST_SKIP() << "root has no user namespace that is joined";
  }

  // Starts the sandbox that is joined, with these options.
  void start(const std::string& options) {
    Argv argv = words(options, "");
    // Without --dev, for which bubblewrap puts one user namespace into another.
    argv.insert(argv.begin(),
                {"--ro-bind", "/", "/", "--proc", "/proc", "--die-with-parent", "--info-fd", "20"});
    const Ends info = pipe_above();
    first_.emplace(
        started(program(), argv, {"sh", "-c", "echo up; exec sleep 60"}, {{20, info.write.get()}}));
    ASSERT_TRUE(first_->wait_for_output("up")) << first_->wait().err;
    child_ = number_of(all_written(info.read), "child-pid");
    ASSERT_NE(child_, 0U);
  }
  std::string file(const std::string& name) const {
    return "/proc/" + std::to_string(child_) + "/ns/" + name;
  }
  Fd open(const std::string& name) const {
    Fd fd(::open(file(name).c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(fd) << file(name);
    return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 200));
  }
  std::string inode(const std::string& name) const {
    std::error_code error;
    return std::filesystem::read_symlink(file(name), error).string();
  }
  // A second sandbox with these descriptors, and what the probe says in it.
  Outcome second(const std::string& options, const std::map<int, int>& descriptors,
                 const Argv& command = {"/probe", "report"}) const {
    Argv argv = words(options, "");
    argv.insert(argv.begin(), {"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs",
                               "/mnt", "--ro-bind", probe(), "/mnt/probe"});
    Argv inside = command;
    if (inside[0] == "/probe") inside[0] = "/mnt/probe";
    return run(started(program(), argv, inside, descriptors));
  }

  // What a process of the namespace that is joined, of the same user and without capabilities,
  // hears when it reaches into another.
  std::string said_by_a_peer(const Argv& act) const {
    Argv argv{"nsenter", "--user=" + file("user"), "--preserve-credentials", IMMURE_ATTACK_PAYLOAD};
    argv.insert(argv.end(), act.begin(), act.end());
    return trimmed(run({.argv = argv}).out);
  }

  std::optional<Running> first_;
  std::uint64_t child_ = 0;
};
INSTANTIATE_TEST_SUITE_P(With, Joined, testing::Values("Ours", "Debians"),
                         [](const auto& one) { return one.param; });

TEST_P(Joined, TheUserNamespaceIsThatOfTheOther) {
  start("--unshare-user --unshare-pid");
  const Fd user = open("user");
  const Outcome outcome = second("--userns 20", {{20, user.get()}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "namespace: " + inode("user") + "\n")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "status: CapEff:\t0000000000000000")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "status: CapBnd:\t0000000000000000")) << outcome.out;
}

TEST_P(Joined, TheOthersProcessesAreSeenInItsPidNamespace) {
  start("--unshare-user --unshare-pid");
  const Fd user = open("user");
  const Fd pid = open("pid");
  const Outcome outcome = second("--userns 20 --pidns 21", {{20, user.get()}, {21, pid.get()}},
                                 {"sh", "-c", "readlink /proc/self/ns/pid; cat /proc/*/comm"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with(inode("pid") + "\n")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "\nsleep\n")) << outcome.out;
}

TEST_P(Joined, AnOwnPidNamespaceBelowTheOthers) {
  start("--unshare-user --unshare-pid");
  const Fd user = open("user");
  const Fd pid = open("pid");
  const Outcome outcome =
      second("--userns 20 --pidns 21 --unshare-pid", {{20, user.get()}, {21, pid.get()}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_FALSE(contains(outcome.out, "namespace: " + inode("pid") + "\n")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "pid: 2\nparent: 1\n")) << outcome.out;
}

TEST_P(Joined, TheExitStatusComesThrough) {
  start("--unshare-user --unshare-pid");
  const Fd user = open("user");
  const Fd pid = open("pid");
  for (const std::string more : {"", " --unshare-pid", " --die-with-parent --new-session"}) {
    const Outcome outcome = second("--userns 20 --pidns 21" + more,
                                   {{20, user.get()}, {21, pid.get()}}, {"/probe", "quiet", "9"});
    EXPECT_EQ(outcome.code, 9) << more << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "ran\n") << more;
  }
}

TEST_P(Joined, TheChildIsNamedAsTheCallerSeesIt) {
  start("--unshare-user --unshare-pid");
  const Fd user = open("user");
  const Fd pid = open("pid");
  const Ends info = pipe_above();
  const Ends block = pipe_above();
  Running running(
      started(program(),
              {"--ro-bind", "/", "/", "--userns", "20", "--pidns", "21", "--info-fd", "22",
               "--block-fd", "23"},
              {"true"},
              {{20, user.get()}, {21, pid.get()}, {22, info.write.get()}, {23, block.read.get()}}));
  const std::uint64_t child = number_of(written_until(info.read, "}"), "child-pid");
  std::error_code error;
  EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(child) + "/ns/pid", error),
            inode("pid"))
      << child;
  ASSERT_EQ(::write(block.write.get(), "x", 1), 1);
  EXPECT_EQ(running.wait().code, 0);
}

// The outer one of two nested user namespaces is needed to mount, the inner one is the command's.
TEST_P(Joined, TheSecondUserNamespaceIsThatOfTheCommand) {
  start("--unshare-user --unshare-pid --disable-userns");
  // What --disable-userns made: the command's namespace has a parent that is ours, too.
  const Fd inner = open("user");
  const Fd outer(::ioctl(inner.get(), NS_GET_PARENT));
  ASSERT_TRUE(outer);
  const Fd outer_above(::fcntl(outer.get(), F_DUPFD_CLOEXEC, 200));
  const Outcome outcome = second("--userns 20 --userns2 21 --assert-userns-disabled",
                                 {{20, outer_above.get()}, {21, inner.get()}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "namespace: " + inode("user") + "\n")) << outcome.out;
}

// When the command's process has lost its capabilities it is on a par with all others of the
// namespace, and pid 1, which has them still, must not be reached through it.
TEST_P(Joined, TheCommandsProcessIsClosedToItsPeersUntilItIsTheCommand) {
  start("--unshare-user");  // they see the host's processes
  const Fd user = open("user");
  const Ends info = pipe_above();
  HeldCalls commands(SYS_execve);
  Program launcher = started(program(),
                             {"--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid",
                              "--die-with-parent", "--userns", "20", "--info-fd", "21"},
                             {"/bin/sleep", "60"}, {{20, user.get()}, {21, info.write.get()}});
  launcher.before_exec = [&commands, descriptors = launcher.before_exec] {
    descriptors();
    commands.hold();
  };
  const Running running(launcher);
  std::optional<HeldCalls::Call> call = commands.next();
  while (call && call->pid == running.pid()) {
    commands.go_on(*call);
    call = commands.next();
  }
  ASSERT_TRUE(call) << "the command is not started";
  const std::string pid = std::to_string(call->pid);
  const std::string first = std::to_string(number_of(written_until(info.read, "}"), "child-pid"));
  const bool is_ours = program() == ours();
  for (const Argv& door :
       {Argv{"link-of", pid, "exe"}, Argv{"link-of", pid, "root"}, Argv{"open-of", pid, "mem", "w"},
        Argv{"write-memory", pid}, Argv{"take-descriptor", pid}, Argv{"attach", pid}}) {
    const std::string said = said_by_a_peer(door);
    const bool refused = said == "EPERM" || said == "EACCES";
    EXPECT_TRUE(is_ours ? refused : said == "ok") << door[0] << " " << door.back() << ": " << said;
  }
  if (is_ours) {
    EXPECT_EQ(said_by_a_peer({"link-of", first, "exe"}), "EACCES") << "pid 1";
  }
  // With the memory, pid 1 would be closed to the caller as well.
  EXPECT_TRUE(Fd(::open(("/proc/" + first + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC)));
  commands.go_on(*call);
  if (!is_ours) return;  // it may be stopped by the attach
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (trimmed(read_file("/proc/" + pid + "/comm")) != "sleep" &&
         std::chrono::steady_clock::now() < end) {
    ::usleep(5000);
  }
  EXPECT_EQ(said_by_a_peer({"attach", pid}), "ok") << "the command itself: the control";
  EXPECT_TRUE(Fd(::open(("/proc/" + first + "/ns/mnt").c_str(), O_RDONLY | O_CLOEXEC)));
}

TEST_P(Joined, WhatIsNoNamespaceIsSaidToBeSo) {
  start("--unshare-user --unshare-pid");
  const Fd user = open("user");
  const Fd no(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd no_namespace(::fcntl(no.get(), F_DUPFD_CLOEXEC, 200));
  const Outcome first = second("--userns 20", {{20, no_namespace.get()}});
  EXPECT_EQ(first.code, 1);
  EXPECT_EQ(first.err,
            "bwrap: Joining the specified user namespace failed, it might not be a descendant of "
            "the current user namespace.\n");
  const Outcome third =
      second("--userns 20 --pidns 21", {{20, user.get()}, {21, no_namespace.get()}});
  EXPECT_EQ(third.code, 1);
  EXPECT_TRUE(third.err.starts_with("bwrap: Setting pidns failed: Invalid argument\n"))
      << third.err;
}

}  // namespace
}  // namespace immure::test
