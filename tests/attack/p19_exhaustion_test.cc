// One sandbox takes no more of the machine than its bounds, also where its profile says nothing of
// them: processes, memory that looks like files, and what the kernel counts for a user.
// Each flood is bounded itself. Memory of processes needs a cgroup, and is no part of this.
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P19Exhaustion : public AttackTest {
 protected:
  // The same twice inside: without the bound, and with it.
  static void expect_bounded(const std::string& attack, const Argv& command, const Argv& unbounded,
                             const Argv& bounded, const std::string& refusal) {
    expect_held({.promise = 19,
                 .attack = attack,
                 .control = inside(command, unbounded),
                 .inside = inside(command, bounded)},
                {refusal});
  }
};

TEST_F(P19Exhaustion, Processes) {
  const Argv more{"--set", "limits.nproc=inherit"};
  expect_bounded("fork bomb", payload({"flood-processes", "4200"}), more, {}, "EAGAIN");
  expect_bounded("thread bomb", payload({"flood-threads", "4200"}), more, {}, "EAGAIN");
  expect_bounded("fork bomb, bound by the profile", payload({"flood-processes", "40"}), {},
                 {"--set", "limits.nproc=40"}, "EAGAIN");
}

TEST_F(P19Exhaustion, ProcessesOfTheSameUserElsewhereDoNotCount) {
  std::vector<Argv> sleepers(30, Argv{"sleep", "60"});
  std::vector<std::unique_ptr<Running>> others;
  for (const Argv& argv : sleepers) {
    others.push_back(std::make_unique<Running>(Program{.argv = argv}));
  }
  EXPECT_EQ(inside(payload({"flood-processes", "10"}), {"--set", "limits.nproc=20"}), "ok");
  // The control: a limit that counts all of the user's processes.
  Program program{.argv = payload({"flood-processes", "10"})};
  program.before_exec = [] {
    const rlimit few{.rlim_cur = 20, .rlim_max = 20};
    ::setrlimit(RLIMIT_NPROC, &few);
  };
  EXPECT_EQ(said(program), "EAGAIN");
}

// Each id has a count of its own.
TEST_F(P19Exhaustion, ProcessesOfManyIdsTogether) {
  const Argv many{"--set", "user.uid_map=\"subid\"",
                  "--set", "user.gid_map=\"subid\"",
                  "--set", "user.uid=0",
                  "--set", "caps.keep=[\"CAP_SETUID\"]",
                  "--set", "limits.nproc=40"};
  Argv unbounded = many;
  unbounded.insert(unbounded.end(), {"--set", "sysctl.\"kernel.pid_max\"=\"4194304\""});
  IMMURE_REQUIRE(inside({"echo", "ok"}, unbounded) == "ok",
                 "no subordinate ids, or one pid_max for the whole machine (Linux 6.14)");
  const Argv flood{
      "sh", "-c",
      "for u in $(seq 12); do perl -MPOSIX -e 'setuid(shift); exec @ARGV' $u sh -c 'for i in "
      "$(seq 35); do sleep 4 & done; wait' 2>/dev/null || echo refused & done; wait; echo ok"};
  const auto first = [](const std::string& text) { return text.substr(0, text.find('\n')); };
  expect_held({.promise = 19,
               .attack = "fork bomb of many ids",
               .control = first(inside(flood, unbounded)),
               .inside = first(inside(flood, many))},
              {"refused"});
}

TEST_F(P19Exhaustion, MemoryOfTmpfs) {
  const Argv fill = payload({"fill-all", "30", "/tmp", "/var/tmp", "/dev/shm", own_home()});
  expect_bounded("fill all tmpfs", fill, {}, {"--set", "limits.tmp_total=80M"}, "ENOSPC");
  expect_bounded("fill /tmp", payload({"fill-all", "30", "/tmp"}), {},
                 {"--set", "fs.\"/tmp\"=\"tmpfs,size=20M\""}, "ENOSPC");
}

// What nobody gave a size is one piece of memory, and no more than the kernel gives to one tmpfs.
TEST_F(P19Exhaustion, TmpfsWithoutASizeShareOne) {
  const Argv devices{"stat", "-c", "%d", "/tmp", "/var/tmp", "/dev/shm", own_home()};
  const std::vector<std::string> all = lines(inside(devices));
  ASSERT_EQ(all.size(), 4U);
  for (const std::string& device : all) EXPECT_EQ(device, all.front());
  EXPECT_EQ(inside({"sh", "-c", "echo secret > /tmp/x; ls /var/tmp /dev/shm/; ls -A /tmp/.."}),
            inside({"sh", "-c", "ls /var/tmp /dev/shm/; ls -A /tmp/.."}))
      << "one shows nothing of the other";
}

TEST_F(P19Exhaustion, InodesOfTmpfs) {
  expect_bounded("fill a small tmpfs with empty files", payload({"flood-inodes", "1100", "/tmp"}),
                 {}, {"--set", "fs.\"/tmp\"=\"tmpfs,size=1M\""}, "ENOSPC");
  expect_bounded("fill a writable root with empty files", payload({"flood-inodes", "17000", "/"}),
                 {"--set", "root.writable=true", "--set", "root.size=128M"},
                 {"--set", "root.writable=true"}, "ENOSPC");
}

TEST_F(P19Exhaustion, WhatTheKernelCountsForAUser) {
  const Argv no_limits{"--set", "limits.msgqueue=inherit", "--set", "limits.sigpending=inherit"};
  expect_bounded("take the memory of message queues", payload({"flood-queues", "6"}), no_limits, {},
                 "EMFILE");
  expect_bounded("queue many signals", payload({"flood-signals", "5000"}), no_limits, {}, "EAGAIN");
  expect_refused(19, "take the instances of inotify", payload({"flood-watchers", "100"}),
                 {"EMFILE"});
}

TEST_F(P19Exhaustion, SharedMemoryDoesNotOutliveTheSandbox) {
  const std::string key = std::to_string(0x1919);
  const auto left_behind = [&](const std::string& made) {
    EXPECT_EQ(made, "ok");
    return outside(payload({"take-segment", key}));
  };
  expect_held({.promise = 19,
               .attack = "leave shared memory behind",
               .control = left_behind(outside(payload({"leave-segment", key}))),
               .inside = left_behind(inside(payload({"leave-segment", key})))},
              {"ENOENT"});
}

}  // namespace
}  // namespace immure::test
