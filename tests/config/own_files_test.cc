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

  // The mounts that are added to those of this text: "TARGET<SOURCE …", below the home.
  std::string added(const std::string& text, const std::vector<LoadedProfile>& profiles = {}) {
    SandboxSpec spec = testing::spec_of(text, who_);
    const std::size_t before = spec.mounts.size();
    keep_own_files_read_only(spec, profiles, who_);
    std::string out;
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

TEST_F(OwnFiles, AreFoundThroughALinkToTheirDirectory) {
  fs::create_directory_symlink(root_ / "p", root_ / "link");
  EXPECT_EQ(added("fs.'~/link' = 'rw'"), "~/link/.immure.toml<~/p/.immure.toml ~/p/.immure.toml");
}

}  // namespace
}  // namespace immure
