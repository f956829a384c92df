// allow.32bit: the calls of i386 beside those of x86-64, and what stays refused through them.
#include <gtest/gtest.h>

#include <csignal>

#include "support/immure.h"

#ifdef __x86_64__

namespace immure::test {
namespace {

class ForeignCalls : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    if (run({.argv = {IMMURE_PAYLOAD, "getpid-32"}}).out != "ok\n") {
      GTEST_SKIP() << "this kernel has no calls of i386";
    }
  }
};

Outcome act(const std::string& name, Argv options) {
  return run(immure_run(std::move(options), {IMMURE_PAYLOAD, name}));
}

const Argv kOpen{"--allow", "32bit"};

TEST_F(ForeignCalls, EndTheProcessUnlessTheyAreAllowed) {
  EXPECT_EQ(act("getpid-32", {}).code, 128 + SIGSYS);
  EXPECT_EQ(act("getpid-32", {"--allow", "32bit", "--deny", "32bit"}).code, 128 + SIGSYS);
  EXPECT_EQ(act("getpid-32", kOpen).out, "ok\n");
}

TEST_F(ForeignCalls, AreRefusedWhereTheNativeOnesAre) {
  const auto outside = [](const std::string& name) {
    return run({.argv = {"unshare", "-Urm", IMMURE_PAYLOAD, name}}).out;
  };
  EXPECT_NE(outside("unmount-32"), "EPERM\n") << "the control";
  EXPECT_NE(outside("mount-32"), "EPERM\n") << "the control";
  EXPECT_EQ(outside("unshare-user-32"), "ok\n") << "the control";
  EXPECT_EQ(outside("ptrace-32"), "ok\n") << "the control";
  EXPECT_NE(outside("socketcall-32"), "ENOSYS\n") << "the control";
  for (const std::string name : {"mount-32", "unmount-32", "unshare-user-32", "ptrace-32"}) {
    EXPECT_EQ(act(name, kOpen).out, "EPERM\n") << name;
  }
  EXPECT_EQ(act("socketcall-32", kOpen).out, "ENOSYS\n");
  EXPECT_EQ(act("socket-packet-32", kOpen).out, "EAFNOSUPPORT\n");
}

TEST_F(ForeignCalls, FollowChangesOfSingleCalls) {
  EXPECT_EQ(act("getpid-32", {"--allow", "32bit", "--set", "seccomp.deny=[\"getpid\"]"}).out,
            "EPERM\n");
  EXPECT_EQ(act("ptrace-32", {"--allow", "32bit,debug"}).out, "ok\n");
}

TEST_F(ForeignCalls, AreOpenedNeitherByOtherIntentsNorByAShorterFilter) {
  EXPECT_EQ(act("getpid-32", {"--allow", "debug"}).code, 128 + SIGSYS);
  EXPECT_EQ(act("getpid-32", {"--set", "seccomp.base=strict"}).code, 128 + SIGSYS);
  EXPECT_EQ(act("ptrace-32", {"--allow", "32bit", "--set", "seccomp.base=strict"}).out, "EPERM\n");
}

TEST_F(ForeignCalls, DoNotOpenTheTimeStampCounter) {
  EXPECT_EQ(act("open-tsc-32", kOpen).out, "ok\n") << "the control";
  EXPECT_EQ(act("open-tsc-32", {"--allow", "32bit", "--set", "process.tsc=false"}).out, "EPERM\n");
}

}  // namespace
}  // namespace immure::test

#endif
