#include "base/path.h"

#include <gtest/gtest.h>

namespace immure {
namespace {

TEST(Normalize, TakesOutEmptyAndDotComponents) {
  EXPECT_EQ(normalize("/"), "/");
  EXPECT_EQ(normalize("//"), "/");
  EXPECT_EQ(normalize("/./."), "/");
  EXPECT_EQ(normalize("/a//b/./c/"), "/a/b/c");
  EXPECT_EQ(normalize("/a/.b/..c"), "/a/.b/..c");
}

TEST(HasDotDot, LooksAtWholeComponents) {
  EXPECT_TRUE(has_dot_dot(".."));
  EXPECT_TRUE(has_dot_dot("/a/../b"));
  EXPECT_TRUE(has_dot_dot("/a/.."));
  EXPECT_FALSE(has_dot_dot("/a/..b/c.."));
}

TEST(HasGlob, IgnoresWhatABackslashMakesPlain) {
  EXPECT_TRUE(has_glob("/a/*.so"));
  EXPECT_TRUE(has_glob("/a/?"));
  EXPECT_TRUE(has_glob("/a/[ab]"));
  EXPECT_TRUE(has_glob("/a\\\\*"));
  EXPECT_FALSE(has_glob("/a/\\*"));
  EXPECT_FALSE(has_glob("/a\\"));
  EXPECT_FALSE(has_glob("/a]"));
}

TEST(IsWithin, ComparesWholeComponents) {
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("/ab", "/a"));
  EXPECT_FALSE(is_within("/a", "/a/b"));
}

TEST(ParentOf, EndsAtTheRoot) {
  EXPECT_EQ(parent_of("/a/b"), "/a");
  EXPECT_EQ(parent_of("/a"), "/");
  EXPECT_EQ(parent_of("/"), "/");
}

TEST(BaseName, IsTheLastComponent) {
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(base_name("b"), "b");
  EXPECT_EQ(base_name("/"), "");
}

TEST(Depth, CountsComponents) {
  EXPECT_EQ(depth("/"), 0U);
  EXPECT_EQ(depth("/a"), 1U);
  EXPECT_EQ(depth("/a/b"), 2U);
}

TEST(RelativeToRoot, TakesTheFirstSlashAway) {
  EXPECT_EQ(relative_to_root("/a/b"), "a/b");
  EXPECT_EQ(relative_to_root("/"), "");
}

TEST(Tilde, StandsForTheHomeOnlyAtAComponent) {
  EXPECT_EQ(tilde("/home/u/x", "/home/u"), "~/x");
  EXPECT_EQ(tilde("/home/u", "/home/u"), "~");
  EXPECT_EQ(tilde("/home/user", "/home/u"), "/home/user");
  EXPECT_EQ(tilde("/x", ""), "/x");
  EXPECT_EQ(tilde("/x", "/"), "/x");
}

}  // namespace
}  // namespace immure
