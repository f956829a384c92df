// What the intents of [allow] give to a real command, and that they are off without being asked
// for.
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/inside.h"

namespace immure::test {
namespace {

class Intents : public TwoDirectories {
 protected:
  void SetUp() override {
    TwoDirectories::SetUp();
    directory_.write("other/file", "elsewhere\n");
  }
};

TEST_F(Intents, TheCurrentDirectoryCanBeWithdrawn) {
  EXPECT_EQ(inside("cat " + project() + "/readable"), "from the host");
  EXPECT_NE(inside("cat " + project() + "/readable", {"--deny", "cwd"}), "from the host");
}

TEST_F(Intents, TheCurrentDirectoryIsRefusedWhereAnEntryWouldBe) {
  const std::string home = own_home();
  if (home.empty() || home == "/") GTEST_SKIP() << "no home";
  const std::string store = home + "/.kube";
  ASSERT_EQ(run({.argv = {"mkdir", "-p", store + "/immure-test"}}).code, 0);
  const Outcome refused = in_sandbox({"-w"}, "true", store + "/immure-test");
  EXPECT_EQ(refused.code, 125);
  EXPECT_TRUE(contains(refused.err, "error[E323]")) << refused.err;
  EXPECT_EQ(in_sandbox({"-w"}, "true", project()).code, 0);
  (void)run({.argv = {"rmdir", store + "/immure-test"}});
}

TEST_F(Intents, ALaterOptionWins) {
  EXPECT_EQ(inside("cat readable", {"--deny", "cwd", "--allow", "cwd"}), "from the host");
  EXPECT_TRUE(contains(inside("touch new", {"-w", "--allow", "cwd=ro"}), "Read-only"));
}

TEST_F(Intents, ArgumentsAreShownOnlyWhenTheyAreAllowed) {
  const Argv cat{"cat", other() + "/file"};
  const Outcome hidden = run(immure_run({}, cat));
  EXPECT_NE(hidden.code, 0);
  const Outcome shown = run(immure_run({"-a"}, cat));
  EXPECT_EQ(shown.out, "elsewhere\n") << shown.err;
  const Argv touch{"sh", "-c", "echo more >> \"$1\"", "sh", other() + "/file"};
  EXPECT_NE(run(immure_run({"-a"}, touch)).code, 0);
  EXPECT_EQ(run(immure_run({"--allow", "args=rw"}, touch)).code, 0);
  EXPECT_EQ(read_file(other() + "/file"), "elsewhere\nmore\n");
}

TEST_F(Intents, ProgramsHideTheOthers) {
  const Argv few{"--allow", "programs=[\"sh\",\"cat\"]"};
  EXPECT_EQ(inside("cat readable", few), "from the host");
  EXPECT_TRUE(contains(inside("env", few), "Permission denied"));
  EXPECT_TRUE(contains(inside("env", {}), "HOME="));
}

TEST_F(Intents, NamesBelowEtcAreShownOneByOne) {
  if (!exists("/etc/services") || !exists("/etc/protocols")) GTEST_SKIP() << "no /etc/services";
  EXPECT_EQ(inside("ls /etc/services /etc/protocols 2>/dev/null | wc -l"), "0");
  EXPECT_EQ(inside("ls /etc/services /etc/protocols 2>/dev/null", {"--allow", "etc=services"}),
            "/etc/services (exit 2)");
}

TEST_F(Intents, DebuggersWorkOnlyWhereTheyAreAllowed) {
  const std::string trace = "strace -e trace=execve true";
  EXPECT_TRUE(contains(inside(trace), "not permitted"));
  EXPECT_TRUE(contains(inside(trace, {"--allow", "debug"}), "execve(")) << inside(trace);
}

TEST_F(Intents, MemoryThatIsWrittenAndExecutedCanBeRefused) {
  const std::string map =
      "/usr/bin/python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7); print(\"mapped\")'";
  EXPECT_EQ(inside(map), "mapped");
  const Outcome refused = in_sandbox({"--deny", "jit"}, map, project());
  if (refused.code == 125 && contains(refused.err, "it takes Linux 6.3")) {
    GTEST_SKIP() << refused.err;
  }
  EXPECT_TRUE(contains(refused.err, "PermissionError")) << refused.out << refused.err;
}

TEST_F(Intents, SetIdBitsAreWrittenToTheHostOnlyWhereThatIsAllowed) {
  EXPECT_TRUE(contains(inside("touch f; chmod u+s f", {"-w"}), "not permitted"));
  EXPECT_EQ(inside("touch f; chmod u+s f; stat -c %a f", {"-w", "--allow", "setid"}), "4644");
}

TEST_F(Intents, NamespacesInsideAreClosedUnlessAllowed) {
  EXPECT_TRUE(contains(inside("unshare -Ur id -u"), "not permitted"));
  EXPECT_EQ(inside("unshare -Ur id -u", {"--allow", "nested"}), "0");
}

TEST_F(Intents, TheHostsNetworkIsSharedOnlyWhenItIsAllowed) {
  const std::string ours = "readlink /proc/self/ns/net";
  const std::string hosts = trimmed(run({.argv = {"readlink", "/proc/self/ns/net"}}).out);
  EXPECT_NE(inside(ours), hosts);
  EXPECT_EQ(inside(ours, {"--allow", "network=host"}), hosts);
  EXPECT_NE(inside(ours, {"--allow", "network=host", "--allow", "network=none"}), hosts);
}

TEST_F(Intents, AMachineIdIsMadeUp) {
  EXPECT_TRUE(contains(inside("cat /etc/machine-id"), "No such file"));
  const std::string id = inside("cat /etc/machine-id", {"--allow", "machine-id"});
  EXPECT_EQ(id.size(), 32U) << id;
  EXPECT_NE(id, inside("cat /etc/machine-id", {"--allow", "machine-id"}));
}

TEST_F(Intents, APersistentHomeIsKeptApartFromTheRealOne) {
  directory_.write("profiles/keep.toml", "[allow]\nhome = 'persist'\n");
  const std::string profile = directory_.path() + "/profiles/keep.toml";
  const auto at_home = [&](const std::string& script) {
    Program program = immure_sh({"-p", profile}, script, project());
    program.environment = {{"XDG_STATE_HOME", project() + "/state"}, {"PATH", "/usr/bin:/bin"}};
    const Outcome outcome = run(program);
    return trimmed(outcome.out) + trimmed(outcome.err);
  };
  EXPECT_EQ(at_home("echo kept > ~/immure-test-file"), "");
  EXPECT_EQ(at_home("cat ~/immure-test-file"), "kept");
  EXPECT_EQ(read_file(project() + "/state/immure/keep/home/immure-test-file"), "kept\n");
  EXPECT_NE(inside("cat ~/immure-test-file"), "kept");
}

TEST_F(Intents, TheRealHomeIsShownWithoutItsKeys) {
  const std::string home = own_home();
  if (home.empty() || home == "/") GTEST_SKIP() << "no home";
  const std::string made = home + "/immure-test-" + std::to_string(::getpid());
  const Argv make{"sh", "-c", "mkdir -p ~/.ssh && echo key > ~/.ssh/immure-test && echo x > \"$0\"",
                  made};
  ASSERT_EQ(run({.argv = make}).code, 0);
  EXPECT_EQ(inside("cat " + made, {"--allow", "home=ro"}), "x");
  EXPECT_TRUE(contains(inside("cat ~/.ssh/immure-test", {"--allow", "home=ro"}), "denied"));
  EXPECT_TRUE(contains(inside("cat " + made), "No such file"));
  EXPECT_EQ(inside("echo y > " + made + "; cat " + made, {"--allow", "home=overlay"}), "y");
  EXPECT_EQ(read_file(made), "x\n");
  (void)run({.argv = {"sh", "-c", "rm -f ~/.ssh/immure-test \"$0\"", made}});
}

TEST_F(Intents, CommitsAreMadeInALinkedWorktreeAndHooksAreNot) {
  const std::string setup =
      "cd " + directory_.path() +
      " && git init -q main && cd main && git -c user.name=a -c user.email=a@b commit -q "
      "--allow-empty -m one && git worktree add -q ../tree";
  ASSERT_EQ(run({.argv = {"sh", "-c", setup}}).code, 0);
  const std::string commit =
      "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m two 2>&1 && echo done";
  const auto in_tree = [&](Argv options, const std::string& script) {
    const Outcome outcome = in_sandbox(std::move(options), script, directory_.path() + "/tree");
    return trimmed(outcome.out) + trimmed(outcome.err);
  };
  EXPECT_NE(in_tree({"-w"}, commit), "done");
  EXPECT_EQ(in_tree({"-w", "--allow", "git=commit"}, commit), "done");
  const std::string hook = "echo x > " + directory_.path() + "/main/.git/hooks/post-commit";
  EXPECT_TRUE(contains(in_tree({"-w", "--allow", "git=commit"}, "{ " + hook + "; } 2>&1"),
                       "Read-only file system"));
  EXPECT_FALSE(exists(directory_.path() + "/main/.git/hooks/post-commit"));
}

// Commits in the project itself, where its submodules and other worktrees keep theirs.
TEST_F(Intents, WhatGitBelievesOfSubmodulesAndOtherWorktreesStaysAsItIs) {
  const std::string setup =
      "cd " + directory_.path() +
      " && commit='git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one'"
      " && git init -q part && (cd part && $commit) && git init -q main && cd main && $commit && "
      "for name in part libs/part; do git -c protocol.file.allow=always submodule --quiet add "
      "../part $name || exit 1; done && git worktree add -q ../tree";
  ASSERT_EQ(run({.argv = {"sh", "-c", setup}}).code, 0);
  const auto in_main = [&](const std::string& script) {
    const Outcome outcome =
        in_sandbox({"-w", "--allow", "git=commit"}, script, directory_.path() + "/main");
    return trimmed(outcome.out) + trimmed(outcome.err);
  };
  EXPECT_EQ(in_main("git -c user.name=a -c user.email=a@b commit -q --allow-empty -m two && "
                    "echo x > .git/modules/part/description && echo done"),
            "done");
  for (const std::string name : {"modules/part/config", "modules/part/hooks/post-commit",
                                 "modules/libs/part/config", "modules/libs/part/hooks/post-commit",
                                 "worktrees/tree/commondir", "worktrees/tree/gitdir"}) {
    EXPECT_TRUE(contains(in_main("{ echo x > .git/" + name + "; } 2>&1"), "Read-only file system"))
        << name;
  }
  EXPECT_TRUE(contains(in_main("mv .git/modules/part .git/modules/old"), "busy"));
}

TEST_F(Intents, ExplainShowsWhatEachBecomesOnThisHost) {
  const auto explained = [](const std::string& name) {
    return run({.argv = {binary(), "explain", "--allow", name}});
  };
  EXPECT_EQ(explained("userfaultfd").out,
            "# userfaultfd = true: userfaultfd: a program handles its own page faults\n"
            "[seccomp]\nallow = [\"userfaultfd\"]\n");
  const std::string network = explained("network=host").out;
  EXPECT_TRUE(contains(network, "# network = host: the network\n[namespaces]\nnet = \"host\"\n"));
  EXPECT_TRUE(contains(network, "\"/etc/hosts\" = \"ro?\"\n")) << network;
  EXPECT_TRUE(contains(explained("etc=immure-no-such-name").out,
                       "\"/etc/immure-no-such-name\" = \"ro?\"   # not on this host\n"));
  const Outcome unknown = explained("debugg");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(contains(unknown.err, "did you mean \"debug\"?")) << unknown.err;
}

TEST_F(Intents, AnUnknownOneIsAnErrorWithTheLikelyName) {
  const Outcome outcome = in_sandbox({"--allow", "debugg"}, "true");
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err,
            "immure: error[E210]: unknown intent \"debugg\"\n"
            "  --> --allow\n"
            "  help: did you mean \"debug\"?\n");
}

}  // namespace
}  // namespace immure::test
