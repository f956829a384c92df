#include "config/protected_names.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "config/user_files.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

class ProtectedNames : public testing::UserFiles {
 protected:
  void SetUp() override {
    UserFiles::SetUp();
    fs::create_directories(root_ / "p/sub");
    who_.cwd = path("p");
    who_.project = OnDemand<std::string>(path("p"));
  }

  // "kept: PATH …; watched: PATH …" below the home, for this text of a profile.
  std::string protection(const std::string& text) {
    SandboxSpec spec = testing::spec_of(text, who_);
    const std::size_t before = spec.mounts.size();
    const std::vector<std::string> missing = protect_names(spec, who_).missing;
    std::string out = "kept:";
    std::size_t kept = 0;
    for (const Mount& mount : spec.mounts) {
      if (mount.origin.flag != "fs_protect") continue;
      ++kept;
      const auto& bind = std::get<Bind>(mount.what);
      EXPECT_TRUE(bind.read_only);
      out += ' ' + mount.target;
      if (!bind.source.empty()) out += '<' + bind.source;
    }
    EXPECT_EQ(spec.mounts.size(), before + kept);
    out += "; watched:";
    for (const std::string& name : missing) out += ' ' + name;
    for (std::size_t at; (at = out.find(root_.string())) != std::string::npos;) {
      out.replace(at, root_.string().size(), "~");
    }
    return out;
  }
};

constexpr const char* kAllMissing =
    "kept:; watched: ~/p/.claude/settings.json ~/p/.claude/settings.local.json ~/p/.envrc ~/p/.git "
    "~/p/.husky ~/p/.idea ~/p/.immure.toml ~/p/.mcp.json ~/p/.vscode";

TEST_F(ProtectedNames, WhatIsThereIsKeptAndWhatIsMissingIsWatched) {
  EXPECT_EQ(protection("fs.'~/p' = 'rw'"), kAllMissing);
  write("p/.envrc", "");
  write("p/.immure.toml", "");
  write("p/.mcp.json", "");
  write("p/.vscode/tasks.json", "");
  write("p/.idea/x", "");
  write("p/.husky/x", "");
  write("p/.claude/settings.json", "");
  write("p/.git/hooks/post-commit", "");
  write("p/.git/config", "");
  EXPECT_EQ(protection("fs.'~/p' = 'rw'"),
            "kept: ~/p/.envrc ~/p/.husky ~/p/.idea ~/p/.immure.toml ~/p/.mcp.json ~/p/.vscode "
            "~/p/.claude/settings.json ~/p/.git/config ~/p/.git/hooks; watched: "
            "~/p/.claude/settings.local.json ~/p/.git/commondir ~/p/.git/config.worktree "
            "~/p/.git/info");
}

TEST_F(ProtectedNames, InADirectoryThatIsClosedAreRefused) {
  if (::getuid() == 0) GTEST_SKIP() << "nothing is closed to root";
  write("p/.git/hooks/post-commit", "");
  const auto refused = [&](const std::string& text) {
    SandboxSpec spec = testing::spec_of(text, who_);
    return protect_names(spec, who_).refused.size();
  };
  EXPECT_EQ(refused("fs.'~/p' = 'rw'"), 0U);
  fs::permissions(root_ / "p/.git", fs::perms::none);
  EXPECT_EQ(refused("fs.'~/p' = 'rw'"), 1U) << "one for all names in it";
  EXPECT_EQ(refused("fs.'~/p' = 'ro'"), 0U);
  EXPECT_EQ(refused("fs_protect = false\nfs.'~/p' = 'rw'"), 0U);
  fs::permissions(root_ / "p/.git", fs::perms::owner_all);
}

TEST_F(ProtectedNames, WatchWhatAFileStandsInTheWayOf) {
  write("p/.claude", "");
  EXPECT_EQ(protection("fs.'~/p' = 'rw'"), kAllMissing);
}

TEST_F(ProtectedNames, AreThoseOfTheProjectWhereverABindShowsIt) {
  write("p/.envrc", "");
  write("p/.git", "gitdir: ../elsewhere\n");
  EXPECT_TRUE(protection("fs.'~' = 'rw'").starts_with("kept: ~/p/.envrc ~/p/.git; "));
  EXPECT_TRUE(protection("fs.'/data' = { src = '~/p', access = 'rw' }")
                  .starts_with("kept: /data/.envrc<~/p/.envrc /data/.git<~/p/.git; "));
  write("q/.envrc", "");
  EXPECT_TRUE(protection("fs.'~/q' = 'dev'").starts_with("kept: ~/q/.envrc; "));
  EXPECT_TRUE(protection("fs.'~' = 'rw'").starts_with("kept: ~/p/.envrc ~/p/.git; "))
      << "not those of other projects";
}

TEST_F(ProtectedNames, OfARepositoryAreKeptWhereItsDirectoryIsNamedByItself) {
  write("bare/HEAD", "");
  write("bare/objects/x", "");
  write("bare/hooks/x", "");
  EXPECT_TRUE(protection("fs.'~/bare' = 'rw'").starts_with("kept: ~/bare/hooks; "));
  write("p/.git/config", "");
  write("p/.git/HEAD", "");
  write("p/.git/objects/x", "");
  EXPECT_TRUE(protection("fs.'~/p/.git' = 'rw'").starts_with("kept: ~/p/.git/config; "));
}

TEST_F(ProtectedNames, AreLeftToAnEntryOfTheProfile) {
  write("p/.envrc", "");
  write("p/.git/config", "");
  EXPECT_TRUE(protection("fs = { '~/p' = 'rw', '~/p/.envrc' = 'rw', '~/p/.git' = 'ro' }")
                  .starts_with("kept:; watched: "));
  EXPECT_FALSE(
      protection("fs = { '~/p' = 'rw', '~/p/.vscode' = 'rw,create' }").ends_with(".vscode"));
}

TEST_F(ProtectedNames, AreNotLookedForWhereNothingIsWritableOrFsProtectIsFalse) {
  write("p/.envrc", "");
  EXPECT_EQ(protection("fs.'~/p' = 'ro'"), "kept:; watched:");
  EXPECT_EQ(protection("fs.'~/p' = 'overlay'"), "kept:; watched:");
  EXPECT_EQ(protection("fs_protect = false\nfs.'~/p' = 'rw'"), "kept:; watched:");
}

TEST_F(ProtectedNames, AreFoundAfterTheRunAsALinkToo) {
  const std::vector<std::string> missing{path("p/.envrc"), path("p/.idea"), path("p/.vscode")};
  const auto made_since = [&](const std::vector<std::string>& names) {
    return immure::made_since({.missing = names, .looked_in = {}}, {});
  };
  EXPECT_EQ(made_since(missing), std::vector<std::string>());
  fs::create_symlink("nowhere", root_ / "p/.vscode");
  write("p/.envrc", "");
  EXPECT_EQ(made_since(missing), (std::vector<std::string>{missing[0], missing[2]}));
}

}  // namespace
}  // namespace immure
