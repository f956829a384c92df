#include "config/own_files.h"

#include <gtest/gtest.h>

#include "config/user_files.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

class OwnFiles : public testing::UserFiles {
 protected:
  void SetUp() override {
    UserFiles::SetUp();
    write("p/.immure.toml", "");
    fs::create_directories(root_ / "p/sub");
    who_.cwd = path("p/sub");
  }

  // The mounts that are added to those of this text: "TARGET<SOURCE …", below the home; or what is
  // refused.
  std::string added(const std::string& text, const std::vector<LoadedProfile>& profiles = {}) {
    SandboxSpec spec = testing::spec_of(text, who_);
    const std::size_t before = spec.mounts.size();
    const Errors refused = keep_own_files_read_only(spec, profiles, who_);
    std::string out;
    for (const Error& error : refused) {
      EXPECT_EQ(error.code, Code::refused_mount);
      out += "[E323] " + error.doing + ": " + error.reason;
    }
    if (!refused.empty()) return with_tilde(std::move(out));
    std::size_t count = 0;
    for (const Mount& mount : spec.mounts) {
      if (!mount.origin.flag.starts_with("always: ")) continue;
      const auto& bind = std::get<Bind>(mount.what);
      EXPECT_TRUE(bind.read_only);
      EXPECT_TRUE(mount.optional);
      out += (out.empty() ? "" : " ") + mount.target;
      if (!bind.source.empty()) out += "<" + bind.source;
      ++count;
    }
    EXPECT_EQ(spec.mounts.size(), before + count);
    return with_tilde(std::move(out));
  }

  std::string with_tilde(std::string out) const {
    while (out.find(root_.string()) != std::string::npos) {
      out.replace(out.find(root_.string()), root_.string().size(), "~");
    }
    return out;
  }
};

TEST_F(OwnFiles, AreReadOnlyWhereAWritableBindShowsThem) {
  EXPECT_EQ(added("fs.'~/p' = 'rw'"), "~/p/.immure.toml");
  EXPECT_EQ(added("fs.'~/p' = 'dev'"), "~/p/.immure.toml");
  EXPECT_EQ(added("fs.'~/[op]' = 'rw'"), "~/p/.immure.toml");
  EXPECT_EQ(added("fs.'~' = 'rw'"), "~/config/immure ~/p/.immure.toml");
  EXPECT_EQ(added("fs.'/data' = { src = '~/p', access = 'rw' }"),
            "/data/.immure.toml<~/p/.immure.toml");
  EXPECT_EQ(added("fs.'/' = { src = '~', access = 'rw' }"),
            "/config/immure<~/config/immure /p/.immure.toml<~/p/.immure.toml");
}

TEST_F(OwnFiles, AreLeftAloneWhereNothingIsWritable) {
  EXPECT_EQ(added("fs.'~/p' = 'ro'"), "");
  EXPECT_EQ(added("fs.'~/p' = 'overlay'"), "") << "what is written is discarded";
  EXPECT_EQ(added("fs.'~/p/sub' = 'rw'"), "") << "the file lies above";
  EXPECT_EQ(added("fs.'~/other' = 'rw?'"), "");
}

TEST_F(OwnFiles, AreNotShownWhereAnotherEntryCoversThem) {
  EXPECT_EQ(added("fs.'~' = 'rw'\nfs.'~/p' = 'hide'\nfs.'~/config' = 'tmpfs'"), "");
  EXPECT_EQ(added("fs.'~' = 'rw'\nfs.'~/p' = 'ro'"), "~/config/immure");
}

TEST_F(OwnFiles, AreAsTheProfileSaysWhenItNamesThem) {
  EXPECT_EQ(added("fs.'~/p' = 'rw'\nfs.'~/p/.immure.toml' = 'rw'"), "");
  EXPECT_EQ(added("fs.'~/config/immure' = 'rw'"), "");
}

TEST_F(OwnFiles, IncludeTheProfilesOfTheRun) {
  const std::string profile = write("p/sub/web.toml", "");
  EXPECT_EQ(added("fs.'~/p/sub' = 'rw'",
                  {{.name = "default", .path = "built in"}, {.name = "web", .path = profile}}),
            "~/p/sub/web.toml");
}

// What a sandbox leaves in its place would be the next launcher.
TEST_F(OwnFiles, IncludeImmureItself) {
  const fs::path self = fs::canonical("/proc/self/exe");
  const std::string directory = self.parent_path().string();
  EXPECT_EQ(added("fs.'" + directory + "' = 'rw'"), self.string());
  EXPECT_EQ(added("fs.'" + directory + "' = 'ro'"), "");
}

TEST_F(OwnFiles, AreFoundByAPatternThatMatchesALink) {
  fs::create_directory_symlink(root_ / "p", root_ / "link");
  EXPECT_EQ(added("fs.'~/lin*' = 'rw'"), "~/link/.immure.toml<~/p/.immure.toml ~/p/.immure.toml");
}

// The sandbox would put another directory in its place, with profiles of its own.
TEST_F(OwnFiles, AreNotReachedOverALinkThatTheSandboxCouldReplace) {
  fs::rename(root_ / "config", root_ / "real");
  fs::create_directory_symlink("real", root_ / "config");
  EXPECT_EQ(added("fs.'~/real' = 'rw'"), "~/real/immure") << "the link lies elsewhere";
  EXPECT_EQ(added("fs.'~' = 'rw'"),
            "[E323] \"~/config\" is a symlink to your profiles, which the sandbox could replace: "
            "your profiles are read-only inside");
  EXPECT_EQ(added("fs.'~' = 'rw'\nfs.'~/config' = 'hide'"), "~/p/.immure.toml ~/real/immure");
  fs::remove_all(root_ / "real");
  EXPECT_TRUE(added("fs.'~' = 'rw'").starts_with("[E323] \"~/config\"")) << "a dangling one";
}

// As stow(8) makes them.
TEST_F(OwnFiles, IncludeWhatIsLinkedFromWhereProfilesAre) {
  const auto link = [&](const std::string& target, const std::string& name) {
    fs::create_directories((root_ / name).parent_path());
    fs::create_symlink(root_ / target, root_ / name);
  };
  write("dots/web.toml", "");
  write("dots/drop/user.toml", "");
  write("dots/more.toml", "");
  write("dots/allow/mine.toml", "");
  link("dots/web.toml", "config/immure/profiles/web.toml");
  link("dots/drop", "config/immure/profiles/web.toml.d");
  link("dots/more.toml", "config/immure/profiles/build.toml.d/more.toml");
  link("dots/allow", "config/immure/allow");
  EXPECT_EQ(added("fs.'~/dots' = 'rw'"),
            "~/dots/allow ~/dots/drop ~/dots/more.toml ~/dots/web.toml");
  // One whose target the sandbox could make.
  link("dots/later.toml", "config/immure/profiles/later.toml");
  EXPECT_EQ(added("fs.'~/dots' = 'rw'"),
            "[E323] \"~/dots/later.toml\" is missing, and the sandbox could make it: your profiles "
            "are read-only inside");
  EXPECT_EQ(added("fs.'~/p' = 'rw'"), "~/p/.immure.toml");
}

TEST_F(OwnFiles, AreNotWritableByChance) {
  const std::string cwd =
      "[E323] \"~/config/immure/profiles\" can't be writable: your profiles "
      "are read-only inside";
  who_.cwd = path("config/immure/profiles");
  EXPECT_EQ(added("fs.'${CWD}' = 'rw'"), cwd);
  EXPECT_EQ(added("fs.'${CWD}' = 'ro'"), "");
  who_.cwd = path("p");
  EXPECT_EQ(added("fs.'~/config/immure/profiles' = 'rw'"), "") << "named, so it is meant";
  SandboxSpec spec = testing::spec_of("fs.'~/config/immure' = 'rw'", who_);
  spec.mounts.at(0).by_intent = true;  // as --allow args=rw makes it of an argument
  EXPECT_EQ(keep_own_files_read_only(spec, {}, who_).size(), 1U);
}

TEST_F(OwnFiles, AreFoundThroughALinkToTheirDirectory) {
  fs::create_directory_symlink(root_ / "p", root_ / "link");
  EXPECT_EQ(added("fs.'~/link' = 'rw'"), "~/link/.immure.toml<~/p/.immure.toml ~/p/.immure.toml");
}

}  // namespace
}  // namespace immure
