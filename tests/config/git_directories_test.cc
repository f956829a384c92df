#include "config/git_directories.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace immure {
namespace {

namespace fs = std::filesystem;

class GitDirectoriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "immure-git-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = fs::canonical(name);
  }
  void TearDown() override { fs::remove_all(top_); }

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path) << text;
  }
  GitDirectories find(const std::string& project) {
    return find_git_directories((top_ / project).string());
  }
  std::string at(const std::string& path) { return (top_ / path).string(); }

  fs::path top_;
};

TEST_F(GitDirectoriesTest, ADirectoryIsTheRepository) {
  write("work/.git/HEAD", "ref: x\n");
  EXPECT_EQ(find("work").directory, at("work/.git"));
  EXPECT_EQ(find("work").pointer, "");
  EXPECT_EQ(find("nothing").directory, "");
}

TEST_F(GitDirectoriesTest, ALinkedWorktreeIsFollowedWhereItsDirectoryNamesIt) {
  write("main/.git/HEAD", "ref: x\n");
  write("main/.git/objects/x", "");
  write("main/.git/worktrees/tree/HEAD", "ref: y\n");
  write("main/.git/worktrees/tree/gitdir", at("tree/.git") + "\n");
  write("main/.git/worktrees/tree/commondir", "../..\n");
  write("tree/.git", "gitdir: " + at("main/.git/worktrees/tree") + "\n");
  const GitDirectories found = find("tree");
  EXPECT_EQ(found.directory, at("main/.git/worktrees/tree"));
  EXPECT_EQ(found.common, at("main/.git"));
  EXPECT_EQ(found.pointer, at("tree/.git"));
}

TEST_F(GitDirectoriesTest, ASubmodulesDirectoryNamesTheProject) {
  write("main/.git/modules/lib/HEAD", "ref: y\n");
  write("main/.git/modules/lib/config", "[core]\n\tbare = false\n\tworktree = ../../../lib\n");
  write("main/lib/.git", "gitdir: ../.git/modules/lib\n");
  EXPECT_EQ(find("main/lib").directory, at("main/.git/modules/lib"));
  // Another directory of the repository is not that submodule.
  write("main/evil/.git", "gitdir: ../.git/modules/lib\n");
  EXPECT_EQ(find("main/evil").directory, "");
}

// What a sandbox can leave in the project, for the next one to show what lies around it.
TEST_F(GitDirectoriesTest, WhatLiesAroundTheProjectIsNotItsRepository) {
  const std::string project = "dev/worktrees/proj";
  write("dev/HEAD", "ref: x\n");
  write("dev/objects/x", "");
  write(project + "/.git", "gitdir: evil\n");
  write(project + "/evil/HEAD", "ref: y\n");
  write(project + "/evil/gitdir", "../.git\n");
  write(project + "/evil/commondir", "../../..\n");
  EXPECT_EQ(find(project).directory, at(project + "/evil"));
  EXPECT_EQ(find(project).common, "");
  // And when it is the directory of the worktrees itself.
  write("dev/worktrees/.git", "gitdir: evil\n");
  write("dev/worktrees/evil/HEAD", "ref: y\n");
  write("dev/worktrees/evil/gitdir", "../.git\n");
  write("dev/worktrees/evil/commondir", "../..\n");
  EXPECT_EQ(find("dev/worktrees").directory, at("dev/worktrees/evil"));
  EXPECT_EQ(find("dev/worktrees").common, "");
}

TEST_F(GitDirectoriesTest, NothingIsLookedAtWhereNothingAnswers) {
  write("tree/.git", "gitdir: " + at("dir") + "\n");
  write("dir/HEAD", "ref: y\n");
  write("dir/gitdir", at("tree/.git") + "\n");
  EXPECT_EQ(find("tree").directory, at("dir"));
  const auto silent = [this](const std::string& path) { return path != at("dir"); };
  EXPECT_EQ(find_git_directories(at("tree"), silent).directory, "");
}

// A project that is not trusted may name any directory of the user's.
TEST_F(GitDirectoriesTest, ADirectoryThatKnowsNothingOfTheProjectIsNotBelieved) {
  write("other/.git/HEAD", "ref: x\n");
  write("evil/.git", "gitdir: " + at("other/.git") + "\n");
  EXPECT_EQ(find("evil").directory, "");
  write("secrets/HEAD", "x");
  write("evil/.git", "gitdir: ../secrets\n");
  EXPECT_EQ(find("evil").directory, "");
  // It names another worktree.
  write("other/.git/worktrees/tree/HEAD", "ref: y\n");
  write("other/.git/worktrees/tree/gitdir", at("tree/.git") + "\n");
  write("evil/.git", "gitdir: " + at("other/.git/worktrees/tree") + "\n");
  EXPECT_EQ(find("evil").directory, "");
}

TEST_F(GitDirectoriesTest, ACommonDirectoryElsewhereIsNotBelieved) {
  write("tree/.git", "gitdir: " + at("dir") + "\n");
  write("dir/HEAD", "ref: y\n");
  write("dir/gitdir", at("tree/.git") + "\n");
  write("dir/commondir", at("secrets") + "\n");
  fs::create_directories(top_ / "secrets");
  EXPECT_EQ(find("tree").directory, at("dir"));
  EXPECT_EQ(find("tree").common, "");
}

}  // namespace
}  // namespace immure
