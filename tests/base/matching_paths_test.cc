#include "base/matching_paths.h"

#include <glob.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace immure {
namespace {

namespace fs = std::filesystem;

class MatchingPaths : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "immure-glob-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
    for (const char* directory : {"one", "other", ".hidden", "one/deep", "a*b"}) {
      fs::create_directories(top_ + "/" + directory);
    }
    for (const char* file :
         {"one/x.txt", "other/x.txt", "other/.x", "one/deep/x.txt", "a*b/x", "axb"}) {
      std::ofstream(top_ + "/" + file) << "text\n";
    }
    fs::create_symlink("one", top_ + "/to-one");
    fs::create_symlink("nowhere", top_ + "/dangling");
  }
  void TearDown() override { fs::remove_all(top_); }

  static std::vector<std::string> sorted(std::vector<std::string> paths) {
    std::ranges::sort(paths);
    return paths;
  }
  static std::vector<std::string> by_glob(const std::string& pattern) {
    std::vector<std::string> paths;
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    ::globfree(&found);
    std::erase_if(paths, [](const std::string& path) {  // as where a plan looks for what to bind
      return path.ends_with("/.") || path.ends_with("/..");
    });
    return sorted(paths);
  }

  std::string top_;
};

TEST_F(MatchingPaths, AreThoseOfGlob) {
  for (const char* pattern :
       {"/*",      "/o*",        "/o*/x.txt",    "/*/x.txt", "/*/*",    "/*/deep/*", "/.*",
        "/?ne",    "/[n-o]ne",   "/[!t]*",       "/a\\*b/*", "/a\\*b",  "/a*b",      "/*/nothing",
        "/none/*", "/one/x.txt", "/one/x.txt/*", "/dang*",   "/to-*/*", "/o[",       "/other/.*",
        ""}) {
    EXPECT_EQ(sorted(matching_paths(top_ + pattern)), by_glob(top_ + pattern)) << pattern;
  }
  EXPECT_EQ(matching_paths(top_ + "/*/x.txt").size(), 3U);
}

TEST_F(MatchingPaths, HaveNoEntriesOfWhatMayNotBeListed) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may list everything";
  ASSERT_EQ(::chmod((top_ + "/one").c_str(), 0100), 0);
  EXPECT_EQ(sorted(matching_paths(top_ + "/o*/x*")), by_glob(top_ + "/o*/x*"));
  EXPECT_EQ(matching_paths(top_ + "/o*/x*"), std::vector{top_ + "/other/x.txt"});
  EXPECT_EQ(matching_paths(top_ + "/on*/x.txt"), std::vector{top_ + "/one/x.txt"});
  ASSERT_EQ(::chmod((top_ + "/one").c_str(), 0700), 0);
}

}  // namespace
}  // namespace immure
