// Files that the user trusts later are not planted, in a project that is given to be written.
#include <unistd.h>

#include <map>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P17TrustedLater : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    fresh();
  }
  std::string project() const { return directory_.path() + "/project"; }
  void fresh() const {
    (void)run({.argv = {"sh", "-c", "chmod -Rf u+rwx \"$0\"; rm -rf \"$0\"", project()}});
    ASSERT_EQ(run({.argv = {"sh", "-c",
                            "mkdir -p \"$0\" && cd \"$0\" && git init -q . && rm .git/hooks/* && "
                            "mkdir .vscode && echo {} > .vscode/tasks.json && echo > .envrc",
                            project()}})
                  .code,
              0);
  }

  // "ok" if the script planted `name`, as the host sees it afterwards.
  std::string plants(const Program& program, const std::string& name) const {
    (void)run(program);
    const bool planted = contains(read_file(project() + '/' + name), "planted");
    fresh();
    return planted ? "ok" : "not planted";
  }
  void expect_not_planted(const std::string& attack, const std::string& name,
                          const std::string& script) const {
    expect_held({.promise = 17,
                 .attack = attack,
                 .control = plants({.argv = {"sh", "-c", script}, .cwd = project()}, name),
                 .inside = plants(immure_sh({"-w"}, script, project()), name)},
                {"not planted"});
  }

  TempDir directory_;
};

TEST_F(P17TrustedLater, HooksAndSettingsAreNotWritten) {
  for (const std::string name : {".git/hooks/post-commit", ".git/config", ".git/info/attributes",
                                 ".envrc", ".vscode/tasks.json"}) {
    expect_not_planted("write " + name, name, "echo planted >> " + name);
    expect_not_planted("replace " + name, name, "echo planted > new && mv -f new " + name);
  }
}

TEST_F(P17TrustedLater, NorByWayOfTheirParent) {
  const std::string hook = ".git/hooks/post-commit";
  expect_not_planted("rename the parent away", hook,
                     "mv .git away; mkdir -p .git/hooks; echo planted > " + hook);
  expect_not_planted("remove the parent", hook,
                     "rm -rf .git; mkdir -p .git/hooks; echo planted > " + hook);
  expect_not_planted("a link in place of the parent", hook,
                     "mkdir -p other/hooks; echo planted > other/hooks/post-commit; mv .git away; "
                     "ln -s other .git");
  expect_not_planted("a link in place of the hooks", hook,
                     "mkdir -p other; echo planted > other/post-commit; rm -rf .git/hooks; "
                     "ln -s ../other .git/hooks");
  expect_not_planted("exchange the parent", hook,
                     "mkdir -p other/hooks; echo planted > other/hooks/post-commit; "
                     "python3 -c 'import ctypes; ctypes.CDLL(None).syscall(316, -100, b\".git\", "
                     "-100, b\"other\", 2)'");
  expect_not_planted("a hard link", hook,
                     "ln .git/config other && chmod u+w other && echo planted >> other && "
                     "mkdir -p .git/hooks && ln other " +
                         hook);
}

// What is in a closed directory cannot be looked for, and so not be kept: a first command closes
// it, and a second opens it again.
TEST_F(P17TrustedLater, NorByClosingItsDirectoryBefore) {
  IMMURE_REQUIRE(::getuid() != 0, "nothing is closed to root");
  for (const auto& [directory, name] :
       std::map<std::string, std::string>{{".git", ".git/hooks/post-commit"},
                                          {".claude", ".claude/settings.json"},
                                          {".", ".vscode/tasks.json"}}) {
    const std::string close = "cd '" + project() + "' && mkdir -p .claude && chmod 0 " + directory;
    const std::string open = "chmod 700 '" + project() + "' && cd '" + project() +
                             "' && chmod 700 " + directory + " && mkdir -p $(dirname " + name +
                             ") && echo planted > " + name;
    (void)run({.argv = {"sh", "-c", close}});
    const std::string control = plants({.argv = {"sh", "-c", open}}, name);
    (void)run(immure_sh({"--rw", project()}, close, "/"));
    expect_held({.promise = 17,
                 .attack = "close " + directory + " in an earlier run",
                 .control = control,
                 .inside = plants(immure_sh({"--rw", project()}, open, "/"), name)},
                {"not planted"});
  }
}

TEST_F(P17TrustedLater, TheHomeIsNotTheUsers) {
  IMMURE_REQUIRE(!own_home().empty(), "the user has no home");
  const std::string file = own_home() + "/.immure-attack";
  const std::string script = "echo planted > ~/.immure-attack && echo ok";
  const auto plants_at_home = [&](const Program& program) {
    (void)run(program);
    const bool planted = exists(file);
    ::unlink(file.c_str());
    return planted ? "ok" : "not planted";
  };
  expect_held({.promise = 17,
               .attack = "write to the user's home",
               .control = plants_at_home({.argv = {"sh", "-c", script}}),
               .inside = plants_at_home(immure_sh({}, script, "/"))},
              {"not planted"});
}

}  // namespace
}  // namespace immure::test
