// Namespaces that are there already: namespaces.X = "path:…" and "fd:N".
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
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
    const Argv argv{"unshare",
                    "--user",
                    "--map-root-user",
                    "--net",
                    "--uts",
                    "--ipc",
                    "sh",
                    "-c",
                    "hostname joined; "
                    "echo ready; exec sleep 60"};
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
