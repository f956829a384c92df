#include "base/real_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace immure {
namespace {

// Goes into a directory of its own, and back.
class WorkingDirectory : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    ASSERT_EQ(::chdir(directory_.c_str()), 0);
  }
  void TearDown() override {
    ASSERT_EQ(::chdir(before_.c_str()), 0);
    ::rmdir(directory_.c_str());
  }

  std::string before_ = working_directory();
  std::string directory_ = "/tmp/immure-cwd-XXXXXX";
};

TEST_F(WorkingDirectory, IsWhereWeAre) { EXPECT_EQ(working_directory(), real_path(directory_)); }

TEST_F(WorkingDirectory, IsEmptyWhereItIsGone) {
  ASSERT_EQ(::rmdir(directory_.c_str()), 0);
  EXPECT_EQ(working_directory(), "");
}

}  // namespace
}  // namespace immure
