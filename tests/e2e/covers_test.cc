// What an entry hides or keeps read-only, by whatever name it could be reached.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

class Covers : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    directory_.write("project/readable", "from the host\n");
    directory_.write("project/sub/deep", "deep\n");
    directory_.write("other/secret", "secret\n");
  }
  std::string project() const { return directory_.path() + "/project"; }

  std::string inside(const std::string& script, const Argv& options = {}) const {
    const Outcome outcome = in_sandbox(options, script, project());
    return trimmed(outcome.out) + trimmed(outcome.err);
  }

  TempDir directory_;
};

TEST_F(Covers, AHiddenPathIsHiddenUnderEveryName) {
  const std::string script =
      "cat readable /alias/readable /above/project/readable /copy/readable 2>/dev/null; true";
  const Argv names{"--ro",  ".:/alias",
                   "--ro",  "..:/above",
                   "--set", R"(fs."/copy"={lower=[")" + project() + R"("],upper="tmp"})"};
  EXPECT_EQ(inside(script, names), "from the host\nfrom the host\nfrom the host\nfrom the host")
      << "the control";
  Argv hiding = names;
  hiding.insert(hiding.end(), {"--hide", "readable"});
  EXPECT_EQ(inside(script, hiding), "");
  EXPECT_EQ(inside("cat /alias/sub/deep /above/other/secret", hiding), "deep\nsecret");
  // One name of it alone can be shown, and one alone be hidden.
  hiding.insert(hiding.end(), {"--ro", "readable:/alias/readable"});
  EXPECT_EQ(inside(script, hiding), "from the host");
  Argv one = names;
  one.insert(one.end(), {"--hide", "/alias/readable"});
  EXPECT_EQ(inside(script, one), "from the host\nfrom the host\nfrom the host");
}

// As the repository of the directory is by the profile build.
TEST_F(Covers, AReadOnlyPathIsReadOnlyUnderEveryWritableName) {
  const std::string script = "echo x > /alias/new; echo x > /alias/sub/deep; cat /alias/sub/deep";
  const Argv options{"-w", "--rw", ".:/alias", "--ro", "sub"};
  const std::string said = inside("{ " + script + "; } 2>&1", options);
  EXPECT_TRUE(contains(said, "Read-only file system")) << said;
  EXPECT_EQ(read_file(project() + "/sub/deep"), "deep\n");
  EXPECT_EQ(read_file(project() + "/new"), "x\n");
  EXPECT_EQ(inside(script, {"-w", "--rw", ".:/alias"}), "x") << "the control";
}

// Who knows "**" from other programs would take the deep one for hidden.
TEST_F(Covers, APatternThatWouldHideLessThanItSeemsIsRefused) {
  directory_.write("project/sub/deep.d/.env", "secret\n");
  const std::string show = "cat sub/deep.d/.env 2>/dev/null || echo hidden";
  const std::string deep = project() + "/**/.env";
  for (const Argv& options : {Argv{"--set", "fs.\"" + deep + R"("="hide")"}, Argv{"--hide", deep},
                              Argv{"--hide", project() + "/*/*/.env"}}) {
    const Outcome refused = in_sandbox(options, show, project());
    EXPECT_EQ(refused.code, 125) << refused.out;
    EXPECT_TRUE(contains(refused.err, "error[E311]")) << refused.err;
  }
  directory_.write("project/[x]", "x\n");
  EXPECT_EQ(in_sandbox({"--hide", project() + "/[x]"}, "wc -c < '[x]' 2>&1", project()).code, 2)
      << "a name like a pattern";
  EXPECT_EQ(inside(show), "secret") << "the control";
  EXPECT_EQ(trimmed(in_sandbox({"--set", "fs.\"" + project() + R"(/*/*/.env"="hide")"},
                               "wc -c < sub/deep.d/.env 2>/dev/null || echo hidden", project())
                        .out),
            "hidden")
      << "what it says to do";
}

}  // namespace
}  // namespace immure::test
