// Namespaces that are there already: namespaces.X = "path:…" and "fd:N".
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <optional>

#include "support/immure.h"

namespace immure::test {
namespace {

// A process with a network, uts and ipc namespace in a user namespace of ours.
class Join : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    if (::getuid() == 0) GTEST_SKIP() << "root makes them another way";
    const Argv argv{"unshare", "--user", "--map-root-user",
                    "--net",   "--uts",  "--ipc",
                    "sh",      "-c",     "hostname joined; echo ready; exec sleep 60"};
    other_.emplace(Program{.argv = argv});
    ASSERT_TRUE(other_->wait_for_output("ready")) << other_->wait().err;
  }

  std::string file(const std::string& kind) const {
    return "/proc/" + std::to_string(other_->pid()) + "/ns/" + kind;
  }
  static std::string link(const std::string& path) {
    return trimmed(run({.argv = {"readlink", path}}).out);
  }

  std::optional<Running> other_;
};

TEST_F(Join, ANamespaceOfOursIsSharedAndNothingElse) {
  const Outcome outcome = in_sandbox(
      {"--set", "namespaces.net=path:" + file("net"), "--set", "namespaces.uts=path:" + file("uts"),
       "--set", "user.uid=7"},
      "readlink /proc/self/ns/net /proc/self/ns/uts; cat /proc/sys/kernel/hostname; id -u; "
      "readlink /proc/self/ns/ipc /proc/self/ns/user; grep CapEff /proc/self/status");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> out = lines(outcome.out);
  ASSERT_EQ(out.size(), 7U) << outcome.out;
  EXPECT_EQ(out[0], link(file("net")));
  EXPECT_EQ(out[1], link(file("uts")));
  EXPECT_EQ(out[2], "joined");
  EXPECT_EQ(out[3], "7");
  EXPECT_NE(out[4], link(file("ipc")));
  EXPECT_NE(out[5], link(file("user"))) << "no power over what is joined";
  EXPECT_EQ(out[6], "CapEff:\t0000000000000000");
}

TEST_F(Join, AllCapabilitiesInsideGiveNoneOverWhatIsJoined) {
  const Outcome outcome = in_sandbox({"--set", "namespaces.uts=path:" + file("uts"), "--set",
                                      "caps.keep=[\"ALL\"]", "--set", "seccomp.base=none"},
                                     "hostname changed 2>&1; cat /proc/sys/kernel/hostname");
  EXPECT_TRUE(contains(outcome.out, "joined")) << outcome.out << outcome.err;
}

TEST_F(Join, ADescriptorServesAsWell) {
  Program program =
      immure_run({"--set", "namespaces.ipc=fd:9"},
                 {"sh", "-c", "readlink /proc/self/ns/ipc; ls /proc/self/fd | wc -l"});
  const std::string path = file("ipc");
  program.before_exec = [&] {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    ::dup2(fd, 9);
  };
  const Outcome outcome = run(program);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, link(path) + "\n4\n") << "and is not the command's: 0 1 2 and ls's own";
}

TEST_F(Join, TheSandboxStillEndsWithItsLauncher) {
  Running running(immure_run({"--set", "namespaces.net=path:" + file("net")},
                             {"sh", "-c", "echo up; exec sleep 314159"}));
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGKILL);
  EXPECT_TRUE(all_gone("314159"));
  const Outcome failed = in_sandbox({"--set", "namespaces.net=path:" + file("net")}, "exit 3");
  EXPECT_EQ(failed.code, 3) << failed.err;
}

TEST_F(Join, WhatIsNotOursToJoinIsRefusedWithItsOwner) {
  const auto refused = [](const std::string& setting) {
    const Outcome outcome = in_sandbox({"--set", setting}, "true");
    EXPECT_EQ(outcome.code, 125) << setting;
    EXPECT_TRUE(contains(outcome.err, "E353")) << outcome.err;
    return outcome.err;
  };
  const std::string own = link("/proc/self/ns/user");
  const std::string inode = own.substr(own.find('[') + 1, own.size() - own.find('[') - 2);
  EXPECT_TRUE(contains(refused("namespaces.net=path:/proc/self/ns/net"), inode));
  EXPECT_TRUE(contains(refused("namespaces.net=path:/proc/1/ns/net"), "EACCES"));
  EXPECT_TRUE(contains(refused("namespaces.net=path:" + file("uts")), "another kind"));
  EXPECT_TRUE(contains(refused("namespaces.net=path:/dev/null"), "not the file of a namespace"));
  EXPECT_TRUE(contains(refused("namespaces.net=path:/nonexistent"), "ENOENT"));
  EXPECT_TRUE(contains(refused("namespaces.net=fd:77"), "EBADF"));
}

// A pid namespace in a user namespace of ours: its process 1 is a shell.
class JoinPids : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    if (::getuid() == 0) GTEST_SKIP() << "root makes them another way";
    other_.emplace(Program{.argv = {"unshare", "--user", "--map-root-user", "--pid", "--fork",
                                    "--kill-child", "sh", "-c", "echo ready; sleep 141421"}});
    ASSERT_TRUE(other_->wait_for_output("ready")) << other_->wait().err;
  }

  static Argv options(const std::string& source) {
    return {"--set", "namespaces.pid=" + source, "--set", "root.proc=host"};
  }
  std::string file() const {
    return "/proc/" + std::to_string(other_->pid()) + "/ns/pid_for_children";
  }

  std::optional<Running> other_;
};

TEST_F(JoinPids, TheCommandIsInTheNamespaceAndNotItsProcessOne) {
  const Outcome outcome =
      in_sandbox(options("path:" + file()), "readlink /proc/self/ns/pid; echo $$");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> out = lines(outcome.out);
  ASSERT_EQ(out.size(), 2U) << outcome.out;
  EXPECT_EQ(out[0], trimmed(run({.argv = {"readlink", file()}}).out));
  EXPECT_LT(std::stoi(out[1]), 40) << "a number of that namespace";
  EXPECT_GT(std::stoi(out[1]), 2) << "the shell there, and immure's process, came first";
}

TEST_F(JoinPids, WhatIsLeftBehindEndsWithTheCommand) {
  const Outcome outcome =
      in_sandbox(options("path:" + file()),
                 "setsid sh -c 'sleep 271828 & setsid sleep 271828 & wait' > /dev/null 2>&1 & "
                 "sleep 0.2; exit 5");
  EXPECT_EQ(outcome.code, 5) << outcome.err;
  EXPECT_TRUE(all_gone("271828"));
  EXPECT_FALSE(processes_with("141421").empty()) << "the others there go on";
}

TEST_F(JoinPids, AllEndsWithTheLauncher) {
  Running running(immure_sh(options("path:" + file()),
                            "setsid sleep 161616 > /dev/null 2>&1 & echo up; exec sleep 161616"));
  ASSERT_TRUE(running.wait_for_output("up"));
  running.signal(SIGKILL);
  EXPECT_TRUE(all_gone("161616"));
  EXPECT_FALSE(processes_with("141421").empty()) << "the others there go on";
}

TEST_F(JoinPids, AllEndsWithTheNamespace) {
  Running running(
      immure_sh(options("path:" + file()), "echo up; setsid sleep 151515 & exec sleep 151515"));
  ASSERT_TRUE(running.wait_for_output("up"));
  other_.reset();
  EXPECT_TRUE(all_gone("151515"));
  EXPECT_NE(running.wait().code, 0);
}

TEST_F(JoinPids, ANamespaceWithoutAProcessOneIsRefused) {
  Program program = immure_run(options("fd:9"), {"true"});
  const Fd fd(::open(file().c_str(), O_RDONLY | O_CLOEXEC));
  program.before_exec = [&] { ::dup2(fd.get(), 9); };
  EXPECT_EQ(run(program).code, 0) << "the control";
  other_.reset();
  ASSERT_TRUE(all_gone("141421"));
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "its process 1 has ended")) << outcome.err;
}

// Its numbers are others than those of the launcher's /proc, so kill(2) is no way.
TEST_F(JoinPids, WhereNothingCouldBeEndedNothingIsStarted) {
  Program program = immure_run(options("path:" + file()), {"echo", "ran"});
  EXPECT_EQ(run(program).out, "ran\n") << "the control";
  program.before_exec = [] {
    std::array<sock_filter, 4> calls{
        {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
         BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
    const sock_fprog filter{.len = calls.size(), .filter = calls.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
  };
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(contains(outcome.err, "tie the sandbox to its launcher")) << outcome.err;
}

TEST_F(JoinPids, WhatItCannotShowOrEndIsRefused) {
  const Outcome proc = in_sandbox({"--set", "namespaces.pid=path:" + file()}, "true");
  EXPECT_EQ(proc.code, 125);
  EXPECT_TRUE(contains(proc.err, "root.proc")) << proc.err;
  Argv target = options("path:" + file());
  target.insert(target.end(), {"--set", "process.init=target"});
  const Outcome init = in_sandbox(target, "true");
  EXPECT_EQ(init.code, 125);
  EXPECT_TRUE(contains(init.err, "leaves nobody to end")) << init.err;
  const Outcome not_ours = in_sandbox(
      {"--set", "namespaces.pid=path:/proc/self/ns/pid", "--set", "root.proc=none"}, "true");
  EXPECT_EQ(not_ours.code, 125);
  EXPECT_TRUE(contains(not_ours.err, "E353")) << not_ours.err;
}

// The Join fixture's user namespace shows its owner as root.
TEST_F(Join, AUserNamespaceIsEnteredWithoutPowerInIt) {
  const Argv options{"--set", "namespaces.user=path:" + file("user")};
  const std::string look =
      "readlink /proc/self/ns/user /proc/self/ns/uts; id -u; grep CapEff /proc/self/status; "
      "cat /proc/sys/user/max_user_namespaces";
  const Outcome outcome = in_sandbox(options, look);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> out = lines(outcome.out);
  ASSERT_EQ(out.size(), 5U) << outcome.out;
  EXPECT_EQ(out[0], link(file("user")));
  EXPECT_NE(out[1], link(file("uts"))) << "the others are new";
  EXPECT_EQ(out[2], "0");
  EXPECT_EQ(out[3], "CapEff:\t0000000000000000");
  EXPECT_NE(out[4], "0") << "the others there may go on making namespaces";
  const Outcome pod = in_sandbox({"--set", "namespaces.user=path:" + file("user"), "--set",
                                  "namespaces.net=path:" + file("net")},
                                 "readlink /proc/self/ns/net");
  EXPECT_EQ(trimmed(pod.out), link(file("net"))) << pod.err;
}

TEST_F(Join, InAUserNamespaceNoOtherIsMadeAndItsInitIsOutOfReach) {
  const Argv options{"--set", "namespaces.user=path:" + file("user")};
  const auto act = [&](const std::string& name) {
    const Outcome outcome = run(immure_run(options, {IMMURE_PAYLOAD, name}));
    return trimmed(outcome.out) + trimmed(outcome.err);
  };
  EXPECT_EQ(trimmed(run({.argv = {"nsenter", "--user", "--preserve-credentials", "-t",
                                  std::to_string(other_->pid()), IMMURE_PAYLOAD, "unshare-user"}})
                        .out),
            "ok")
      << "the control";
  for (const std::string name : {"unshare-user", "clone-user", "unshare-mount", "mount-tmpfs"}) {
    EXPECT_EQ(act(name), "EPERM") << name;
  }
  EXPECT_EQ(act("clone3-user"), "ENOSYS");
  EXPECT_EQ(act("open-init-memory"), "EACCES");
  EXPECT_EQ(act("link-of-init-exe"), "EACCES");
}

TEST_F(Join, ASandboxInAUserNamespaceEndsWithItsLauncher) {
  Running running(immure_sh({"--set", "namespaces.user=path:" + file("user")},
                            "setsid sleep 173205 > /dev/null 2>&1 & echo up; exec sleep 173205"));
  ASSERT_TRUE(running.wait_for_output("up")) << running.wait().err;
  running.signal(SIGKILL);
  EXPECT_TRUE(all_gone("173205"));
}

TEST_F(Join, WhatWouldChangeAUserNamespaceForOthersIsRefused) {
  const std::string user = "namespaces.user=path:" + file("user");
  for (const Argv& more :
       {Argv{"--set", "user.uid=7"}, Argv{"--allow", "nested"}, Argv{"--set", "seccomp.base=none"},
        Argv{"--set", "seccomp.allow=[\"unshare\"]"}}) {
    Argv options{"--set", user};
    options.insert(options.end(), more.begin(), more.end());
    const Outcome outcome = in_sandbox(options, "echo ran");
    EXPECT_EQ(outcome.code, 125) << more[1] << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "E353")) << more[1] << ": " << outcome.err;
  }
  const Outcome own = in_sandbox({"--set", "namespaces.user=path:/proc/self/ns/user"}, "true");
  EXPECT_EQ(own.code, 125);
  EXPECT_TRUE(contains(own.err, "it is our own")) << own.err;
  Running bare(Program{.argv = {"unshare", "--user", "sh", "-c", "echo ready; exec sleep 60"}});
  ASSERT_TRUE(bare.wait_for_output("ready"));
  const Outcome unmapped = in_sandbox(
      {"--set", "namespaces.user=path:/proc/" + std::to_string(bare.pid()) + "/ns/user"}, "true");
  EXPECT_EQ(unmapped.code, 125);
  EXPECT_TRUE(contains(unmapped.err, "map it there")) << unmapped.err;
}

TEST_F(Join, AllThatAreJoinedBelongToOneOwner) {
  Running second(Program{.argv = {"unshare", "--user", "--map-root-user", "--uts", "sh", "-c",
                                  "echo ready; exec sleep 60"}});
  ASSERT_TRUE(second.wait_for_output("ready"));
  const Outcome outcome =
      in_sandbox({"--set", "namespaces.net=path:" + file("net"), "--set",
                  "namespaces.uts=path:/proc/" + std::to_string(second.pid()) + "/ns/uts"},
                 "true");
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "another user namespace")) << outcome.err;
}

}  // namespace
}  // namespace immure::test
