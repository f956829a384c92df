// How the command is scheduled, what the host may lack, and how much all tmpfs hold.
#include <gtest/gtest.h>

#include "support/inside.h"

namespace immure::test {
namespace {

class Scheduling : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

// Immure where `setup` was done as root of a user namespace of its own.
Outcome where(const std::string& setup, const std::string& options, const std::string& command) {
  return run({.argv = {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                       setup + "; XDG_CONFIG_HOME=/nonexistent exec \"$0\" run " + options +
                           " -- " + command,
                       binary()}});
}

TEST_F(Scheduling, ThePolicyIsTheOneAskedFor) {
  const std::string policy = "chrt -p $$ | head -1 | sed 's/.*: //'";
  EXPECT_EQ(inside(policy, {}), "SCHED_OTHER");
  EXPECT_EQ(inside(policy, {"--set", "process.sched=batch"}), "SCHED_BATCH");
  EXPECT_EQ(inside(policy, {"--set", "process.sched=idle"}), "SCHED_IDLE");
  EXPECT_EQ(inside("chrt --other -p 0 $$ 2>/dev/null && echo changed || echo refused",
                   {"--set", "process.sched=idle"}),
            "refused")
      << "it can only get worse";
}

TEST_F(Scheduling, RealTimeNeedsThePermission) {
  if (trimmed(run({.argv = {"sh", "-c", "ulimit -r"}}).out) != "0") GTEST_SKIP() << "we may";
  const Outcome refused = in_sandbox({"--set", "process.sched=fifo:1"}, "true");
  EXPECT_EQ(refused.code, 125);
  EXPECT_TRUE(contains(refused.err, "E332")) << refused.err;
  const Outcome without = in_sandbox(
      {"--set", "process.sched=fifo:1", "--set", "best_effort=[\"sched\"]"}, "chrt -p $$");
  EXPECT_EQ(without.code, 0) << without.err;
  EXPECT_TRUE(contains(without.out, "SCHED_OTHER")) << without.out;
  EXPECT_TRUE(contains(without.err, "schedule as fifo, priority 1")) << without.err;
}

TEST_F(Scheduling, DiskPriority) {
  EXPECT_EQ(inside("ionice", {"--set", "process.io_priority=idle"}), "idle");
  EXPECT_EQ(inside("ionice", {"--set", "process.io_priority=best-effort:7"}),
            "best-effort: prio 7");
}

TEST_F(Scheduling, CoresAreSharedUnlessTheKernelCanPrevent) {
  const Outcome strict = in_sandbox({"--set", "process.core_sched=true"}, "true");
  const Outcome loose = in_sandbox(
      {"--set", "process.core_sched=true", "--set", "best_effort=[\"core-sched\"]"}, "echo ran");
  EXPECT_EQ(loose.code, 0) << loose.err;
  EXPECT_EQ(loose.out, "ran\n");
  if (strict.code == 0) {
    EXPECT_EQ(loose.err, "");
    return;
  }
  EXPECT_EQ(strict.code, 125);
  EXPECT_TRUE(contains(strict.err, "E420")) << strict.err;
  EXPECT_TRUE(contains(loose.err, "share no core")) << loose.err;
}

TEST_F(Scheduling, ATimeNamespaceMayBeMissing) {
  const std::string setup = "echo 0 > /proc/sys/user/max_time_namespaces";
  const Outcome strict = where(setup, "--set namespaces.time=new", "true");
  EXPECT_EQ(strict.code, 125) << strict.out;
  EXPECT_TRUE(contains(strict.err, "time namespace")) << strict.err;
  const std::string loose = "--set namespaces.time=new --set 'best_effort=[\"time-ns\"]'";
  const Outcome ran = where(setup, loose, "echo ran");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "ran\n");
  EXPECT_TRUE(contains(ran.err, "can't make a time namespace")) << ran.err;
  const Outcome there = where("true", loose, "echo ran");
  EXPECT_EQ(there.err, "") << "nothing is lost where nothing lacks";
}

TEST_F(Scheduling, APidNamespaceMayBeMissing) {
  const std::string setup = "echo 0 > /proc/sys/user/max_pid_namespaces";
  EXPECT_EQ(where(setup, "", "true").code, 125);
  const std::string proc = "--set root.proc=none --set 'best_effort=[\"pid-ns\"]'";
  EXPECT_EQ(where(setup, "--set root.proc=none", "true").code, 125);
  const Outcome ran = where(setup, proc, "sh -c 'sleep 161803 & echo ran'");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "ran\n");
  EXPECT_TRUE(contains(ran.err, "can't make a pid namespace")) << ran.err;
  EXPECT_TRUE(all_gone("161803")) << "what is left behind ends all the same";
  // A fresh /proc needs one: the two go together, and the message says so.
  const Outcome alone = where(setup, "--set 'best_effort=[\"pid-ns\"]'", "true");
  EXPECT_EQ(alone.code, 125);
  EXPECT_TRUE(contains(alone.err,
                       "Operation not permitted (EPERM) (there is no pid namespace to mount it "
                       "for: this host refused one)"))
      << alone.err;
  EXPECT_TRUE(contains(alone.err, "help: best_effort lets go of \"pid-ns\" alone: add \"proc\""))
      << alone.err;
  const Outcome both = where(setup, R"(--set 'best_effort=["pid-ns", "proc"]')", "echo ran");
  EXPECT_EQ(both.out, "ran\n") << both.err;
}

TEST_F(Scheduling, ProcMayBeMissing) {
  const std::string setup = "mount -t tmpfs none /proc/sys/fs";
  const Outcome strict = where(setup, "", "true");
  EXPECT_EQ(strict.code, 125) << strict.out;
  EXPECT_TRUE(contains(strict.err, "E402")) << strict.err;
  const Outcome ran = where(setup, "--set 'best_effort=[\"proc\"]'", "sh -c 'ls -A /proc | wc -l'");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(trimmed(ran.out), "0") << "an empty directory, never the host's";
  EXPECT_TRUE(contains(ran.err, "mount proc")) << ran.err;
  EXPECT_EQ(where(setup, "--set 'best_effort=[\"time-ns\"]'", "true").code, 125)
      << "only what is named may be missing";
}

TEST_F(Scheduling, AllTmpfsTogetherHoldNoMoreThanTheTotal) {
  const std::string fill =
      "for d in /tmp /var/tmp /dev/shm ~; do head -c 60M /dev/zero > $d/x 2>/dev/null; done; "
      "cat /tmp/x /var/tmp/x /dev/shm/x ~/x | wc -c";
  const long free = std::stol(inside(fill, {}));
  EXPECT_GT(free, 200L << 20) << "the control";
  const long held = std::stol(inside(fill, {"--set", "limits.tmp_total=40M"}));
  EXPECT_LE(held, 40L << 20);
  EXPECT_GT(held, 10L << 20);
  const Outcome little = in_sandbox({"--set", "limits.tmp_total=10M"}, "true");
  EXPECT_EQ(little.code, 125);
  EXPECT_TRUE(contains(little.err, "E304")) << little.err;
}

}  // namespace
}  // namespace immure::test
