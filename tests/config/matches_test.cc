#include "config/matches.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "config/profile_file.h"
#include "config/toml_profile.h"
#include "config/user_files.h"

namespace immure {
namespace {

namespace fs = std::filesystem;

class Match : public testing::UserFiles {
 protected:
  void SetUp() override {
    UserFiles::SetUp();
    if (::getuid() == 0) GTEST_SKIP() << "root can write what is root's, so nothing matches";
    if (::access("/usr/bin/env", X_OK) != 0) GTEST_SKIP() << "no /usr/bin/env";
    struct stat env {};
    ASSERT_EQ(::stat("/usr/bin/env", &env), 0);
    if (env.st_uid != 0) GTEST_SKIP() << "inside a sandbox, where root's files are nobody's";
  }
  std::string find(const std::string& program) {
    who_.exe = program;
    warnings_.clear();
    return find_match(who_, warnings_);
  }

  Errors warnings_;
};

TEST_F(Match, NamesAProgramByItsNameOrItsPath) {
  EXPECT_EQ(find("/usr/bin/env"), "");
  write_profile("by-name", "match = ['env']\n");
  EXPECT_EQ(find("/usr/bin/env"), "by-name");
  EXPECT_EQ(find("/usr/bin/id"), "");
  write_profile("by-path", "match = ['/usr/bin/id', '/usr/sbin/env']\n");
  EXPECT_EQ(find("/usr/bin/id"), "by-path");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(Match, IsForProgramsOfRootOnly) {
  write_profile("p", "match = ['env', 'mine']\n");
  ASSERT_EQ(find("/usr/bin/env"), "p") << "the control";
  fs::copy_file("/usr/bin/env", root_ / "env");
  EXPECT_EQ(find(path("env")), "") << "a file of ours";
  fs::create_symlink("/usr/bin/env", root_ / "mine");
  EXPECT_EQ(find(path("mine")), "p") << "by what it really is, which the list names, too";
  write_profile("p", "match = ['mine']\n");
  EXPECT_EQ(find(path("mine")), "") << "the name of a link of ours says nothing of the program";
  EXPECT_EQ(find(path("nothing")), "");
  EXPECT_EQ(find(""), "");
}

TEST_F(Match, TakesTheNamesThatRootsLinksGive) {
  // Debian's alternatives: /usr/bin/awk -> /etc/alternatives/awk -> /usr/bin/mawk.
  if (!fs::is_symlink("/usr/bin/awk")) GTEST_SKIP() << "no /usr/bin/awk that is a link";
  const std::string real = fs::canonical("/usr/bin/awk").string();
  const auto names = names_by_root("/usr/bin/awk");
  ASSERT_GE(names.size(), 2U);
  EXPECT_EQ(names.front(), "/usr/bin/awk");
  EXPECT_EQ(names.back(), real);
  write_profile("p", "match = ['awk']\n");
  EXPECT_EQ(find("/usr/bin/awk"), "p");
  write_profile("p", "match = ['" + real + "']\n");
  EXPECT_EQ(find("/usr/bin/awk"), "p");
}

TEST_F(Match, NamesEndWhereALinkIsNotRoots) {
  fs::create_symlink("/usr/bin/env", root_ / "second");
  fs::create_symlink(root_ / "second", root_ / "first");
  EXPECT_EQ(names_by_root(path("first")), std::vector<std::string>{"/usr/bin/env"});
  fs::create_symlink(root_ / "round", root_ / "round");
  EXPECT_TRUE(names_by_root(path("round")).empty());
  EXPECT_TRUE(names_by_root("/usr/bin").empty()) << "a directory";
  fs::copy_file("/usr/bin/env", root_ / "env");
  EXPECT_TRUE(names_by_root(path("env")).empty());
}

TEST_F(Match, IsNotInheritedAndTakesDropInsOfShippedProfiles) {
  write_profile("base", "match = ['env']\n");
  write_profile("a-child", "extends = ['base']\n");
  EXPECT_EQ(find("/usr/bin/env"), "base");
  write_profile("base.toml.d/10", "match = ['!env']\n");
  EXPECT_EQ(find("/usr/bin/env"), "");
  write_profile("build.toml.d/10", "match = ['env']\n");
  EXPECT_EQ(find("/usr/bin/env"), "build");
}

TEST_F(Match, OfAProfileThatIsWrongIsPassedOverAndSaid) {
  write_profile("a-wrong", "match = 'env'\n");
  write_profile("good", "match = ['env']\n");
  EXPECT_EQ(find("/usr/bin/env"), "good");
  ASSERT_EQ(warnings_.size(), 1U);
  const std::string said = format_warning(warnings_[0], {});
  EXPECT_NE(said.find("a-wrong.toml:1:9"), std::string::npos) << said;
  EXPECT_NE(said.find("the profile's \"match\" is not looked at"), std::string::npos) << said;
}

// Made while immure is built, by a program that knows only TOML.
TEST(ShippedMatches, AreThoseOfTheProfilesTexts) {
  for (const Shipped& shipped : shipped_files()) {
    if (!is_profile(shipped)) continue;
    auto file = std::make_shared<SourceFile>();
    file->text = shipped.text;
    const auto parsed = parse_profile(file, {}, testing::someone());
    ASSERT_TRUE(std::holds_alternative<ProfileLayer>(parsed)) << shipped.name;
    std::string items;
    for (const SetItem& item : std::get<ProfileLayer>(parsed).match.items) {
      EXPECT_FALSE(item.remove) << shipped.name;
      items += item.text + "\n";
    }
    EXPECT_EQ(shipped.match, items) << shipped.name;
  }
}

}  // namespace
}  // namespace immure
