#include "base/write_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/log.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

class WriteFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "immure-write-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
  }
  void TearDown() override { fs::remove_all(top_); }
  static std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string top_;
};

TEST_F(WriteFile, ReplacesTheWholeAndItsMode) {
  const std::string path = top_ + "/file";
  ASSERT_FALSE(write_file(path, "a long first text\n", 0644));
  ASSERT_FALSE(write_file(path, "short\n", 0600));
  EXPECT_EQ(content(path), "short\n");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(top_), fs::directory_iterator()), 1)
      << "nothing else is left";
}

TEST_F(WriteFile, ReplacesALinkAndLeavesItsTarget) {
  ASSERT_FALSE(write_file(top_ + "/target", "target\n", 0644));
  fs::create_symlink(top_ + "/target", top_ + "/link");
  ASSERT_FALSE(write_file(top_ + "/link", "new\n", 0644));
  EXPECT_EQ(content(top_ + "/target"), "target\n");
  EXPECT_EQ(content(top_ + "/link"), "new\n");
}

TEST_F(WriteFile, MakesDirectoriesOnTheWay) {
  EXPECT_FALSE(make_directories(top_ + "/a/b/c"));
  EXPECT_TRUE(fs::is_directory(top_ + "/a/b/c"));
  EXPECT_FALSE(make_directories(top_ + "/a/b/c")) << "there already";
}

TEST_F(WriteFile, SaysWhatCannotBeWritten) {
  ASSERT_FALSE(write_file(top_ + "/file", "x", 0644));
  const auto error = make_directories(top_ + "/file/below");
  ASSERT_TRUE(error);
  EXPECT_EQ(format_error(*error, {.home = top_}),
            "immure: error[E106]: can't make directory \"~/file/below\": Not a directory "
            "(ENOTDIR)\n");
}

}  // namespace
}  // namespace immure
