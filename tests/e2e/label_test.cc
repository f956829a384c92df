// process.apparmor and process.selinux, where the kernel has neither: refused, unless the profile
// says that it can do without.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

class Label : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_P(Label, IsRefusedWhereTheKernelHasNone) {
  const std::string word = GetParam();
  if (exists(word == "apparmor" ? "/proc/self/attr/apparmor" : "/sys/fs/selinux")) {
    GTEST_SKIP() << "this kernel has it";
  }
  const std::string setting = "process." + word + "=immure_test_t";
  const Outcome refused = in_sandbox({"--set", setting}, "echo ran");
  EXPECT_EQ(refused.code, 125);
  EXPECT_EQ(refused.out, "");
  EXPECT_TRUE(contains(refused.err, "error[E430]: process." + word)) << refused.err;
  EXPECT_TRUE(contains(refused.err, "best_effort = [\"" + word + "\"]")) << refused.err;
  const Outcome without =
      in_sandbox({"--set", setting, "--set", "best_effort=[\"" + word + "\"]"}, "echo ran");
  EXPECT_EQ(without.code, 0) << without.err;
  EXPECT_EQ(without.out, "ran\n");
  EXPECT_TRUE(contains(without.err, "immure_test_t")) << "a note: " << without.err;
  const Outcome other =
      in_sandbox({"--set", setting, "--set", "best_effort=[\"sched\"]"}, "echo ran");
  EXPECT_EQ(other.code, 125) << "only what is named may be missing";
}

INSTANTIATE_TEST_SUITE_P(Modules, Label, testing::Values("apparmor", "selinux"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace immure::test
