#include "plan/page.h"

#include <gtest/gtest.h>

#include <memory>

#include "fake_host.h"
#include "plan/landlock.h"
#include "plan/why.h"

namespace immure {
namespace {

Origin line(std::uint32_t number) {
  static const auto file = std::make_shared<const SourceFile>(
      SourceFile{.name = "/home/u/web.toml", .text = "[allow]\ncwd = true\n\"/a\" = \"ro\"\n"});
  return {.file = file, .line = number, .column = 1};
}

TEST(Page, PathsOfOneLineStandTogether) {
  const std::vector<Fact> facts = {
      {Heading::writes, "/home/u/x\n", "", line(3), "maps"},
      {Heading::reads, "/a", "", line(2), ""},
      {Heading::reads, "/c", "from /b", line(3), ""},
      {Heading::reads, "/b", "", line(2), ""},
      {Heading::environment, "A", "b\x1b", {.flag = "-e"}, ""},
  };
  EXPECT_EQ(page_of(facts, {.width = 50, .home = "/home/u"}),
            "can write, and it stays\n"
            "  ~/x\\n                               ~/web.toml:3\n"
            "    why: maps\n"
            "\n"
            "can read\n"
            "  /a /b                   ~/web.toml:2  cwd = true\n"
            "  /c (from /b)                        ~/web.toml:3\n"
            "\n"
            "environment\n"
            "  A=b\\x1b                                       -e\n");
}

TEST(Page, ChangesAreToldByPathWhateverIsDoneWithIt) {
  const std::vector<Fact> first = {{Heading::reads, "/a", "", {}, ""},
                                   {Heading::reads, "/b", "", {}, ""}};
  const std::vector<Fact> second = {{Heading::writes, "/a", "", {}, ""},
                                    {Heading::hidden, "/c", "", {}, ""}};
  EXPECT_EQ(page_of_changes(first, second, {}),
            "only the second has\n"
            "  + hidden: /c\n"
            "\n"
            "only the first has\n"
            "  - can read: /b\n"
            "\n"
            "changed\n"
            "  - can read: /a\n"
            "  + can write, and it stays: /a\n");
  EXPECT_EQ(page_of_changes(first, first, {}), "");
}

class WhyPath : public testing::Test {
 protected:
  WhyPath() {
    add_usual_files(files_);
    host_ = usual_host(files_);
    plan_.setup = {
        {MakeRoot{}, {}},
        {MakeLink{.target = "bin", .text = "usr/bin"}, {}},
        {MakeDir{.target = "usr"}, {}},
        {BindMount{.source = "/usr", .target = "usr"}, line(3)},
        {MakeDir{.target = "home"}, {}},
        {MakeDir{.target = "home/u"}, {}},
        {TmpfsMount{.target = "home/u"}, line(2)},
        {TmpfsMount{.target = "usr/sbin", .mode = 0, .read_only = true}, {.flag = "--hide"}},
    };
  }
  std::string why(const std::string& path) {
    const auto answer = why_path({plan_, spec_, host_}, path);
    std::string out;
    for (const WhyLine& part : answer.value()) out += part.text + "\n";
    return out;
  }

  FakeFiles files_;
  Host host_;
  LaunchPlan plan_;
  SandboxSpec spec_;
};

TEST_F(WhyPath, FollowsLinksInside) {
  EXPECT_EQ(why("/bin/true"),
            "/bin/true: can be read, as far as its own permissions go\n"
            "links on the way lead to /usr/bin/true\n"
            "bind /usr on /usr, read-only\n"
            "to write it: --rw /usr/bin/true\n");
}

TEST_F(WhyPath, WhatIsAbsentOrHiddenNamesWhatCoversIt) {
  EXPECT_EQ(why("/home/u/proj/text"),
            "/home/u/proj/text: not in the sandbox\n"
            "it would lie in /home/u: mount a tmpfs on /home/u\n"
            "it exists on this system\n"
            "to show it: --ro /home/u/proj/text\n");
  EXPECT_EQ(why("text"), why("/home/u/proj/text"));
  EXPECT_TRUE(why("/usr/sbin").starts_with("/usr/sbin: hidden: covered with something empty\n"));
  EXPECT_TRUE(why("/usr/sbin/x").starts_with("/usr/sbin/x: not in the sandbox: what holds it is"));
}

TEST_F(WhyPath, SaysWhatLandlockTakesAway) {
  const std::string without =
      "/home/u: can be written, and is gone afterwards\nmount a tmpfs on "
      "/home/u\n";
  RestrictSelf rules{.files = landlock_files::all,
                     .paths = {{"/", landlock_files::look}, {"/home/u", landlock_files::all}}};
  plan_.command_setup = {{rules, {}}};
  EXPECT_EQ(why("/home/u"), without);
  rules.paths.pop_back();
  plan_.command_setup = {{rules, {}}};
  EXPECT_EQ(why("/home/u"), without + "but Landlock leaves: ro,exec\n");
  EXPECT_FALSE(why("/bin/true").contains("Landlock"));
}

TEST_F(WhyPath, CredentialsAreNeverSuggested) {
  EXPECT_TRUE(why("~/.ssh/id_rsa").contains("no flag is suggested for it"));
  EXPECT_FALSE(why("~/.ssh/id_rsa").contains("--ro"));
  EXPECT_FALSE(why("/home/u").contains("--r"));
}

}  // namespace
}  // namespace immure
