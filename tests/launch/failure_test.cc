// The words for what a child reports, for failures that this machine may never show.
#include <gtest/gtest.h>

#include <cerrno>

#include "base/log.h"
#include "launch/monitor.h"

namespace immure {
namespace {

std::string failed_step(Step step, int errnum) {
  LaunchPlan plan;
  plan.setup.push_back(PlannedStep{.what = std::move(step)});
  const ChildReport report{
      .kind = ChildReport::Kind::failed, .errnum = errnum, .step = 0, .status = 0};
  return format_error(explain_failure(report, plan), {});
}

std::string failed_stage(std::uint32_t stage, int errnum) {
  const ChildReport report{
      .kind = ChildReport::Kind::failed, .errnum = errnum, .step = stage, .status = 0};
  return format_error(explain_failure(report, {}), {});
}

TEST(Failure, OfTheIdMaps) {
  EXPECT_EQ(failed_stage(stage_id_maps, EINVAL),
            "immure: error[E400]: can't write the id maps of the new user namespace: Invalid "
            "argument (EINVAL)\n"
            "  more: immure doctor\n");
}

TEST(Failure, OfAProcFileSystemInAContainer) {
  EXPECT_EQ(failed_step(ProcMount{.target = "proc"}, EPERM),
            "immure: error[E402]: can't " + describe(ProcMount{.target = "proc"}) +
                ": Operation not permitted (EPERM)\n"
                "  help: this looks like a container whose own /proc is partly covered; the kernel "
                "then refuses a fresh one\n"
                "        use --set root.proc=none, or --set root.proc=host\n");
}

TEST(Failure, OfAnOverlay) {
  const OverlayMount overlay{.target = "data", .lower = {"/srv"}};
  EXPECT_EQ(failed_step(overlay, ENODEV),
            "immure: error[E410]: can't " + describe(overlay) +
                ": No such device (ENODEV)\n"
                "  help: this kernel has no overlays for users (5.11 has): immure doctor\n");
}

TEST(Failure, OfCoreSchedulingThatTheKernelLacks) {
  EXPECT_EQ(
      failed_step(NewCoreCookie{}, EINVAL),
      "immure: error[E420]: can't " + describe(NewCoreCookie{}) +
          ": Invalid argument (EINVAL)\n"
          "  help: this kernel has no core scheduling (CONFIG_SCHED_CORE), or this machine no "
          "SMT\n"
          "        to go on without: best_effort = [\"core-sched\"]\n");
}

TEST(Failure, OfALabelThatTheKernelDoesNotKnow) {
  const SetExecLabel profile{.apparmor = true, .label = "web", .request = "exec web"};
  EXPECT_EQ(
      failed_step(profile, ENOENT),
      "immure: error[E501]: can't start the command with the AppArmor profile web: No such "
      "file or directory (ENOENT)\n"
      "  help: the profile must be loaded: sudo apparmor_parser -r FILE; aa-status lists them\n"
      "        to go on without: best_effort = [\"apparmor\"]\n");
  const SetExecLabel label{.apparmor = false, .label = "a_t", .request = "a_t"};
  EXPECT_EQ(failed_step(label, EPROTO),
            "immure: error[E501]: can't start the command with the SELinux label a_t: Protocol "
            "error (EPROTO)\n"
            "  help: the kernel reported success and did not do it; nothing was started\n");
}

TEST(Failure, OfMemoryThatAnOldKernelCannotKeepFromBeingExecuted) {
  EXPECT_EQ(failed_step(RefuseExecGain{}, EOPNOTSUPP),
            "immure: error[E501]: can't " + describe(RefuseExecGain{}) +
                ": Operation not supported (EOPNOTSUPP)\n"
                "  help: it takes Linux 6.3\n"
                "        to go on without: best_effort = [\"mdwe\"]\n");
}

TEST(Failure, OfATimeStampCounterThatTheProcessorCannotClose) {
  EXPECT_EQ(failed_step(CloseTsc{}, EINVAL),
            "immure: error[E501]: can't " + describe(CloseTsc{}) +
                ": Invalid argument (EINVAL)\n"
                "  help: only x86 can close its time stamp counter: leave out process.tsc\n");
}

TEST(Failure, OfAProgramForAnotherMachine) {
  LaunchPlan plan;
  plan.command.shown = "./tool";
  const ChildReport report{
      .kind = ChildReport::Kind::failed, .errnum = ENOEXEC, .step = 0, .status = 0};
  const Error error = explain_failure(report, plan);
  EXPECT_EQ(error.exit_code, 126);
  EXPECT_TRUE(format_error(error, {}).starts_with(
      "immure: error[E604]: can't start \"./tool\": Exec format error (ENOEXEC)\n  help: "));
}

}  // namespace
}  // namespace immure
