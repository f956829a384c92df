// Landlock as older kernels have it, and where it is not enabled.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

Outcome with_setting(const std::string& setting) {
  return run({.argv = {binary(), "run", "--set", setting, "--", "echo", "started"}});
}

void expect_started(const std::string& setting) {
  EXPECT_EQ(with_setting(setting).out, "started\n") << setting << with_setting(setting).err;
}

void expect_refused(const std::string& setting, const std::string& reason) {
  const Outcome outcome = with_setting(setting);
  EXPECT_EQ(outcome.code, 125) << setting << outcome.out;
  EXPECT_EQ(outcome.err, "immure: error[E470]: " + reason +
                             "\n  --> --set\n"
                             "  help: immure doctor says what is missing\n"
                             "        to go on without: best_effort = [\"landlock\"]\n");
}

// What a plan says that it lacks.
std::string lacking() {
  const Outcome outcome = run({.argv = {"sh", "-c", binary() + " explain | grep -A1 without:"}});
  return outcome.out;
}

std::string doctor() { return run({.argv = {binary(), "doctor"}}).out; }

// A directory that leaked in through a descriptor leads nowhere: the second wall holds.
std::string through_a_leaked_directory(const std::string& setting) {
  const std::string inside = "cat /proc/self/fd/7/hostname 2>&1";
  return run({.argv = {"sh", "-c",
                       "exec 7</etc; exec " + binary() +
                           " run --set 'process.pass_fds=[7]' --set " + setting + " -- sh -c '" +
                           inside + "'"}})
      .out;
}

TEST(Landlock2, HoldsFilesBack) {
  expect_started("landlock.mode=require");
  EXPECT_TRUE(contains(through_a_leaked_directory("landlock.mode=auto"), "Permission denied"));
  // The control.
  EXPECT_FALSE(contains(through_a_leaked_directory("landlock.mode=off"), "denied"));
}

TEST(Landlock2, IsRefusedForWhatCameLater) {
  expect_refused("landlock.scope=[\"signal\"]",
                 "landlock.scope can't be kept: this kernel has ABI 2 of Landlock, and it takes "
                 "ABI 6");
  expect_refused("landlock.tcp_connect=[443]",
                 "landlock.tcp_connect can't be kept: this kernel has ABI 2 of Landlock, and it "
                 "takes ABI 4");
}

TEST(Landlock2, TellsWhatIsMissing) {
  EXPECT_EQ(lacking(),
            "  without: Landlock for truncating files (Linux 6.2 has it)\n"
            "  without: Landlock for ioctls of devices (Linux 6.10 has it)\n"
            "  without: Landlock for signals and abstract sockets across the sandbox's edge\n"
            "  (Linux 6.12 has it)\n");
  EXPECT_TRUE(contains(doctor(), "limited  Landlock: ABI 2: files, renames\n")) << doctor();
}

TEST(Landlock6, HoldsFilesPortsAndSignalsBack) {
  expect_started("landlock.mode=require");
  expect_started("landlock.scope=[\"signal\"]");
  expect_started("landlock.tcp_connect=[443]");
  EXPECT_TRUE(contains(through_a_leaked_directory("landlock.mode=auto"), "Permission denied"));
  EXPECT_FALSE(contains(through_a_leaked_directory("landlock.mode=off"), "denied"));
}

TEST(Landlock6, LacksNothing) {
  EXPECT_EQ(lacking(), "");
  EXPECT_TRUE(contains(doctor(), "ok       Landlock: ABI 6: ")) << doctor();
}

TEST(NoLandlock, IsRefusedWhereItIsRequired) {
  const std::string reason = " can't be kept: this kernel has no Landlock, or it is not enabled";
  expect_refused("landlock.mode=require", "landlock.mode = \"require\"" + reason);
  expect_refused("landlock.tcp_connect=[443]", "landlock.tcp_connect" + reason);
  const Outcome without = run({.argv = {binary(), "run", "--set", "landlock.mode=require", "--set",
                                        "best_effort=[\"landlock\"]", "--", "echo", "started"}});
  EXPECT_EQ(without.out, "started\n");
  EXPECT_TRUE(contains(without.err, "goes on without what this host lacks (best_effort): landlock"))
      << without.err;
}

TEST(NoLandlock, TellsWhatIsMissing) {
  EXPECT_EQ(lacking(),
            "  without: Landlock: not in this kernel (Linux 5.13 has it), or not enabled\n");
  EXPECT_TRUE(contains(doctor(), "limited  Landlock: not in this kernel, or not enabled\n"))
      << doctor();
}

}  // namespace
}  // namespace immure::test
