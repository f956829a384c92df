// Hosts that let their users make no namespaces: what immure says there, and what its doctor finds.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

// Of a command that cannot be started.
void expect_refusal(const std::string& text) {
  const Outcome outcome = run({.argv = {binary(), "run", "--", "true"}});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err, text);
}

void expect_finding(const std::string& finding) {
  const Outcome outcome = run({.argv = {binary(), "doctor"}});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.out, finding)) << outcome.out;
}

TEST(NoUserNamespaces, AreAnErrorThatNamesTheSwitch) {
  expect_refusal(
      "immure: error[E400]: can't create the sandbox's namespaces: Operation not permitted "
      "(EPERM) (kernel.unprivileged_userns_clone is 0: users may make no user namespaces)\n"
      "  help: sudo sysctl -w kernel.unprivileged_userns_clone=1\n"
      "  more: immure doctor\n");
}

TEST(NoUserNamespaces, AreFoundByTheDoctor) {
  expect_finding(
      "missing  user namespaces: Operation not permitted (EPERM)\n"
      "           costs: no sandbox can start\n"
      "           mend:  sudo sysctl -w kernel.unprivileged_userns_clone=1\n");
}

TEST(NoUserNamespaces, AreToldByTheDropInAsByBubblewrap) {
  const Outcome outcome = run({.argv = {IMMURE_BWRAP, "--ro-bind", "/", "/", "true"}});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "bwrap: No permissions to create a new namespace, likely because the kernel does not "
            "allow non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl "
            "kernel.unprivileged_userns_clone=1'.\n");
}

TEST(LimitOfUserNamespaces, IsAnErrorThatNamesIt) {
  expect_refusal(
      "immure: error[E400]: can't create the sandbox's namespaces: No space left on device "
      "(ENOSPC) (user.max_user_namespaces is 0: none may be made)\n"
      "  help: sudo sysctl -w user.max_user_namespaces=15000\n"
      "  more: immure doctor\n");
}

TEST(LimitOfUserNamespaces, IsFoundByTheDoctor) {
  expect_finding(
      "missing  user namespaces: No space left on device (ENOSPC)\n"
      "           costs: no sandbox can start\n"
      "           mend:  sudo sysctl -w user.max_user_namespaces=15000\n");
}

TEST(LimitOfNetNamespaces, IsAnErrorThatNamesIt) {
  expect_refusal(
      "immure: error[E400]: can't create the sandbox's namespaces: No space left on device "
      "(ENOSPC) (user.max_net_namespaces is 0: none may be made)\n"
      "  help: sudo sysctl -w user.max_net_namespaces=15000\n"
      "  more: immure doctor\n");
}

TEST(LimitOfNetNamespaces, IsFoundByTheDoctor) {
  expect_finding(
      "missing  net namespaces: No space left on device (ENOSPC)\n"
      "           costs: no sandbox can start\n"
      "           mend:  sudo sysctl -w user.max_net_namespaces=15000\n");
}

// The rest goes on to be had: bubblewrap's own options ask for less.
TEST(LimitOfNetNamespaces, DoesNotTouchASandboxWithoutOne) {
  const Outcome outcome =
      run({.argv = {IMMURE_BWRAP, "--unshare-pid", "--ro-bind", "/", "/", "echo", "started"}});
  EXPECT_EQ(outcome.out, "started\n") << outcome.err;
}

}  // namespace
}  // namespace immure::test
