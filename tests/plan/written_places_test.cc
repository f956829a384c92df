// What sandboxes could write is remembered, once, in a file that only the user's own start reads.
#include "plan/written_places.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace immure {
namespace {

using Places = std::vector<std::string>;

class WrittenPlaces : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "written_places.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override {
    ::unlink(file().c_str());
    ::rmdir((directory_ + "/immure").c_str());
    ::rmdir(directory_.c_str());
  }

  std::string file() const { return directory_ + "/immure/.writable"; }

  static LaunchPlan writes(const Places& sources, bool read_only = false) {
    LaunchPlan plan;
    for (const std::string& source : sources) {
      plan.setup.push_back(
          {BindMount{.source = source, .target = "t", .read_only = read_only}, {}});
    }
    return plan;
  }

  void remember(const LaunchPlan& plan) const {
    const auto error = remember_written_places(plan, file());
    EXPECT_FALSE(error) << error->doing;
  }

  std::string directory_;
};

TEST_F(WrittenPlaces, LieInTheStateDirectoryOfTheUser) {
  EXPECT_EQ(written_places_file({.home = "/home/u"}), "/home/u/.local/state/immure/.writable");
  EXPECT_EQ(written_places_file({.home = "/home/u", .environment = {{"XDG_STATE_HOME", "/s"}}}),
            "/s/immure/.writable");
  EXPECT_EQ(written_places_file({}), "");
  EXPECT_EQ(read_written_places(""), Places{});
}

TEST_F(WrittenPlaces, AreRememberedOnceAndWhatLiesInOneAsWell) {
  remember(writes({"/srv/a", "/srv/b\nc"}));
  remember(writes({"/srv/a/below", "/srv/a"}));
  EXPECT_EQ(read_written_places(file()), (Places{"/srv/a", "/srv/b\nc", "/srv/a/below"}));
  remember(writes({"/srv/d", "/srv/a/below"}));
  EXPECT_EQ(read_written_places(file()), (Places{"/srv/a", "/srv/b\nc", "/srv/a/below", "/srv/d"}));
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(WrittenPlaces, OfAPlanThatWritesNothingAreNoFile) {
  remember(writes({"/srv/a"}, true));
  remember(writes({"/dev/null"}));
  EXPECT_NE(::access(file().c_str(), F_OK), 0);
}

TEST_F(WrittenPlaces, ThatAreGoneAreLeftOutWhenTheFileGrows) {
  const std::string long_name(2000, 'x');  // 33 of them are above what is kept as it is
  Places many{directory_};
  for (int i = 0; i < 32; ++i) many.push_back("/srv/" + std::to_string(i) + '/' + long_name);
  remember(writes(many));
  EXPECT_EQ(read_written_places(file()), many);
  const std::string last = "/srv/last/" + long_name;
  remember(writes({last}));
  EXPECT_EQ(read_written_places(file()), (Places{directory_, last}));
}

TEST_F(WrittenPlaces, AreNotReadThroughALinkNorFromAPipe) {
  remember(writes({"/srv/a"}));
  const std::string real = directory_ + "/immure/real";
  ASSERT_EQ(::rename(file().c_str(), real.c_str()), 0);
  ASSERT_EQ(::symlink(real.c_str(), file().c_str()), 0);
  EXPECT_EQ(read_written_places(file()), Places{});
  EXPECT_TRUE(remember_written_places(writes({"/srv/b"}), file()));
  ASSERT_EQ(::unlink(file().c_str()), 0);
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_EQ(read_written_places(file()), Places{}) << "and does not wait";
  EXPECT_TRUE(remember_written_places(writes({"/srv/b"}), file()));
  ::unlink(real.c_str());
}

}  // namespace
}  // namespace immure
