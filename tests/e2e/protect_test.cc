// Names that something outside believes or runs later are not planted: fs_protect.
#include <gtest/gtest.h>

#include <ctime>

#include "support/immure.h"

namespace immure::test {
namespace {

// Times of files are those of the kernel's last tick: what was made in the one in which a run
// starts counts as made in the run.
void wait_for_next_tick() {
  timespec first{};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &first);
  do {
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  } while (now.tv_sec == first.tv_sec && now.tv_nsec == first.tv_nsec);
}

class Protect : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    const std::string setup =
        "mkdir -p " + project() + " && cd " + project() + " && git init -q . && rm .git/hooks/*";
    ASSERT_EQ(run({.argv = {"sh", "-c", setup}}).code, 0);
  }
  std::string project() const { return directory_.path() + "/project"; }

  Outcome inside(const std::string& script, Argv options = {}) const {
    options.insert(options.begin(), "-w");
    return in_sandbox(std::move(options), "exec 2>&1; " + script, project());
  }

  TempDir directory_;
};

TEST_F(Protect, HooksAndSettingsOfAWritableProjectStayAsTheyAre) {
  directory_.write("project/.vscode/tasks.json", "{}\n");
  directory_.write("project/.envrc", "as it was\n");
  for (const std::string name : {".git/hooks/post-commit", ".git/config", ".git/info/attributes",
                                 ".envrc", ".vscode/tasks.json", ".vscode/new"}) {
    const std::string write = "{ echo planted >> " + name + "; }; cat " + name;
    const Outcome outcome = inside(write);
    EXPECT_TRUE(contains(outcome.out, "Read-only file system")) << name << ": " << outcome.out;
    EXPECT_FALSE(contains(outcome.out, "planted\n")) << name;
  }
  // What is not protected is as writable as it was asked for.
  EXPECT_EQ(inside("echo x > .git/description; echo x > new; cat new .git/description").out,
            "x\nx\n");
  EXPECT_EQ(inside("echo x > .envrc; cat .envrc", {"--set", "fs_protect=false"}).out, "x\n");
  EXPECT_EQ(inside("echo y > .envrc; cat .envrc", {"--rw", project() + "/.envrc"}).out, "y\n");
}

TEST_F(Protect, TheirParentIsNotRenamedAwayNorMadeAnew) {
  const Outcome outcome = inside(
      "mv .git away; rm -rf .git; mkdir -p .git/hooks && echo planted > .git/hooks/post-commit");
  EXPECT_TRUE(contains(outcome.out, "cannot move '.git' to 'away': Device or resource busy"))
      << outcome.out;
  EXPECT_FALSE(exists(project() + "/.git/hooks/post-commit"));
  EXPECT_FALSE(exists(project() + "/away"));
  EXPECT_EQ(inside("mkdir free && mv free away && echo moved").out, "moved\n");
}

TEST_F(Protect, WhatWasNotThereIsReportedAfterTheRun) {
  const Outcome outcome =
      inside("exec 3>&-; mkdir .husky; ln -s nowhere .envrc; echo .. > .git/commondir; exit 3",
             {"--status-fd", "2"});
  EXPECT_EQ(outcome.code, 3);
  for (const std::string name : {".envrc", ".git/commondir", ".husky"}) {
    EXPECT_TRUE(
        contains(outcome.err, "immure: warning[W728]: \"" + project() + "/" + name +
                                  "\" was made or changed during the run: what is in it counts "
                                  "outside the sandbox, too\n"
                                  "  help: look at it before git, an editor or an agent "
                                  "does\n"))
        << outcome.err;
    EXPECT_TRUE(contains(
        outcome.err, "{\"v\":1,\"t\":\"planted\",\"path\":\"" + project() + "/" + name + "\"}\n"))
        << outcome.err;
  }
  EXPECT_LT(outcome.err.find("planted"), outcome.err.find("\"exit\""));
  EXPECT_EQ(inside("mkdir -p src && touch src/x").err, "");
  EXPECT_EQ(inside("mkdir .idea", {"--set", "lint.allow=[\"W728\"]"}).err, "");
}

// Where no mount keeps them: a repository inside the project is told of when it is made or changed.
TEST_F(Protect, ARepositoryFurtherDownIsReported) {
  const std::string sub = project() + "/sub/repo";
  ASSERT_EQ(run({.argv = {"git", "init", "-q", sub}}).code, 0);
  ASSERT_EQ(run({.argv = {"git", "init", "-q", project() + "/old"}}).code, 0);
  wait_for_next_tick();
  EXPECT_EQ(inside("cat sub/repo/.git/config >/dev/null; echo x > sub/repo/.git/description").err,
            "");
  const auto told = [&](const std::string& script) {
    wait_for_next_tick();
    const std::string err = inside(script).err;
    const std::string start = "immure: warning[W728]: \"" + project();
    const std::size_t at = err.find(start);
    return at == std::string::npos
               ? err
               : err.substr(at + start.size(), err.find("\" was") - at - start.size());
  };
  EXPECT_EQ(told("echo '[core]' >> sub/repo/.git/config"), "/sub/repo/.git/config");
  EXPECT_EQ(told("mkdir -p new && git init -q new"), "/new/.git");
  EXPECT_EQ(told("mkdir other && mv old/.git other/.git"), "/other/.git");
  EXPECT_EQ(told("echo x > sub/.envrc"), "/sub/.envrc");
  if (::getuid() == 0) return;  // nothing is closed to root
  EXPECT_EQ(told("echo x >> sub/repo/.git/config; chmod 0 sub/repo/.git"), "/sub/repo/.git");
  EXPECT_EQ(told("chmod 700 sub/repo/.git; chmod 0 sub"), "/sub");
  EXPECT_EQ(told("chmod 700 sub"), "");
}

// The outermost git looks into its submodules by itself.
TEST_F(Protect, ASubmodulesRepositoryIsReported) {
  const std::string modules = project() + "/.git/modules";
  for (const std::string name : {"/sub", "/libs/deep"}) {
    ASSERT_EQ(run({.argv = {"git", "init", "-q", "--bare", modules + name}}).code, 0);
  }
  ASSERT_EQ(run({.argv = {"git", "init", "-q", "--bare", project() + "/plain"}}).code, 0);
  const auto told = [&](const std::string& script) {
    wait_for_next_tick();
    const std::string err = inside(script).err;
    const std::string start = "immure: warning[W728]: \"" + project() + "/.git/";
    const std::size_t at = err.find(start);
    return at == std::string::npos
               ? err
               : err.substr(at + start.size(), err.find("\" was") - at - start.size());
  };
  EXPECT_EQ(told("cd .git/modules/sub && echo x > description && mkdir -p objects/00"), "")
      << "as git does with every commit";
  EXPECT_EQ(told("echo x >> .git/modules/sub/config"), "modules/sub/config");
  EXPECT_EQ(told("mkdir -p .git/modules/libs/deep/hooks && "
                 "echo x > .git/modules/libs/deep/hooks/post-checkout"),
            "modules/libs/deep/hooks");
  EXPECT_EQ(told("mv plain .git/modules/plain"), "modules/plain");
  EXPECT_EQ(told("ln -s ../../x .git/modules/linked"), "modules/linked");
  EXPECT_EQ(told("mkdir -p .git/worktrees/x && echo ../.. > .git/worktrees/x/commondir"), "")
      << "as git makes it";
  EXPECT_EQ(told("echo ../../../evil > .git/worktrees/x/commondir"), "worktrees/x/commondir");
  EXPECT_EQ(told("echo x > .git/worktrees/x/config.worktree"), "worktrees/x/config.worktree");
}

TEST_F(Protect, ExplainSaysWhatIsKept) {
  const Outcome outcome =
      run({.argv = {binary(), "explain", "-w", "--why", ".git/hooks/x", "--", "true"},
           .cwd = project()});
  EXPECT_TRUE(contains(outcome.out, "fs_protect")) << outcome.out << outcome.err;
}

}  // namespace
}  // namespace immure::test
