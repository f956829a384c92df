// AppArmor, with the profiles of apparmor.profiles loaded.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

const std::string show = "cat /proc/self/attr/current; head -c 4 /etc/group 2>&1";

TEST(AppArmor, ConfinesTheCommandByTheProfileThatIsNamed) {
  const Outcome confined = in_sandbox({"--set", "process.apparmor=immure-test-command"}, show);
  EXPECT_TRUE(contains(confined.out, "immure-test-command (enforce)\n")) << confined.err;
  EXPECT_TRUE(contains(confined.out, "'/etc/group' for reading: Permission denied"))
      << confined.out;
  const Outcome free = in_sandbox({}, show);
  EXPECT_EQ(free.out, "unconfined\nroot");
}

TEST(AppArmor, RefusesAProfileThatIsNotLoaded) {
  const Outcome outcome = in_sandbox({"--set", "process.apparmor=immure-test-nowhere"}, show);
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err,
            "immure: error[E501]: can't start the command with the AppArmor profile "
            "immure-test-nowhere: No such file or directory (ENOENT)\n"
            "  --> --set\n"
            "  help: the profile must be loaded: sudo apparmor_parser -r FILE; aa-status lists "
            "them\n"
            "        to go on without: best_effort = [\"apparmor\"]\n");
}

// As distributions do that confine what makes user namespaces.
TEST(AppArmor, ThatConfinesImmureIsNamed) {
  const TempDir directory;
  const std::string copy = directory.path() + "/immure-test-confined";
  ASSERT_EQ(run({.argv = {"cp", binary(), copy}}).code, 0);
  const Outcome outcome = run({.argv = {copy, "run", "--", "true"}});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err,
            "immure: error[E401]: can't create user namespaces on this system: Operation not "
            "permitted (EPERM) (AppArmor confines immure by its profile \"immure-test-confined\")\n"
            "  help: let this profile have: userns, capability, mount, umount, pivot_root,\n"
            "  more: immure doctor\n");
  const Outcome doctor = run({.argv = {copy, "doctor"}});
  EXPECT_EQ(doctor.code, 1);
  EXPECT_TRUE(contains(doctor.out,
                       "missing  id maps in a user namespace: Operation not permitted "
                       "(EPERM)\n"
                       "           costs: no sandbox can start\n"
                       "           mend:  let the AppArmor profile "
                       "\"immure-test-confined\" have: userns, capability, mount, "
                       "umount, pivot_root,\n"))
      << doctor.out;
}

}  // namespace
}  // namespace immure::test
