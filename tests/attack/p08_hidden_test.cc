// What a profile hides stays hidden, however the command or an earlier one has arranged the names
// around it.
#include <sys/stat.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P08Hidden : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    directory_.write("project/closed/secret", "secret\n");
    directory_.write("project/open/secret", "secret\n");
    directory_.write("project/open/file", "mine\n");
  }
  void TearDown() override { close_directory(0700); }
  std::string project() const { return directory_.path() + "/project"; }
  void close_directory(mode_t mode) const { (void)::chmod((project() + "/closed").c_str(), mode); }
  static Argv hide(const std::string& path) { return {"--set", "fs.\"" + path + "\"=\"hide\""}; }

  // What the script says in the project, which is writable, with its directory closed before.
  std::string said_inside(const Argv& options, const std::string& script, mode_t mode) const {
    close_directory(mode);
    Argv all{"-w"};
    all.insert(all.end(), options.begin(), options.end());
    const Outcome outcome = run(immure_sh(all, script, project()));
    return outcome.code == 125 ? trimmed(outcome.err) : trimmed(outcome.out);
  }

  TempDir directory_;
};

// Its owner can open it, and so can the command.
TEST_F(P08Hidden, BehindADirectoryThatNobodyMayEnter) {
  IMMURE_REQUIRE(::getuid() != 0, "nothing is closed to root");
  const std::string open =
      "cat open/file > /dev/null || echo too much; chmod 700 closed 2>/dev/null; "
      "cat closed/secret > /dev/null 2>&1 && echo ok || echo held";
  for (const std::string name : {"closed/secret", "*/secret", "closed/*", "c*/s[e]cret"}) {
    for (const mode_t mode : {0000U, 0400U, 0200U}) {
      expect_held(
          {.promise = 8,
           .attack = "open the directory of " + name + ", closed as " + std::to_string(mode),
           .control = said_inside({}, open, mode),
           .inside = said_inside(hide(project() + '/' + name), open, mode)},
          {"held"});
    }
  }
}

// The same directory by another name.
TEST_F(P08Hidden, BehindADirectoryThatNobodyMayEnterByAnotherName) {
  IMMURE_REQUIRE(::getuid() != 0, "nothing is closed to root");
  const Argv again{"--set", "fs.\"/mnt/again\"={src=\"" + project() + "\", access=\"rw\"}"};
  Argv hidden = again;
  for (const std::string& word : hide(project() + "/closed/secret")) hidden.push_back(word);
  const std::string open =
      "chmod 700 closed /mnt/again/closed 2>/dev/null; "
      "cat /mnt/again/closed/secret > /dev/null 2>&1 && echo ok || echo held";
  expect_held({.promise = 8,
               .attack = "open the directory by another name",
               .control = said_inside(again, open, 0),
               .inside = said_inside(hidden, open, 0)},
              {"held"});
}

// There is no mounting over the link: the first start would hide the file, and the second another.
TEST_F(P08Hidden, ThroughALinkThatIsReplaced) {
  ASSERT_EQ(::symlink("open", (project() + "/link").c_str()), 0);
  const std::string look = "cat open/secret > /dev/null 2>&1 && echo ok; ln -sfn closed link";
  const auto in_the_second_start = [&](const Argv& options) {
    (void)said_inside(options, look, 0700);
    return said_inside(options, look, 0700);
  };
  const std::string refused = in_the_second_start(hide(project() + "/link/secret"));
  expect_held({.promise = 8,
               .attack = "replace a link on the way to what is hidden",
               .control = in_the_second_start({}),
               .inside = contains(refused, "it could be replaced") ? "refused" : refused},
              {"refused"});
  EXPECT_EQ(said_inside(hide(project() + "/open/secret"), look, 0700), "") << "by its own name";
}

}  // namespace
}  // namespace immure::test
