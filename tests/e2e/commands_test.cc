// The commands that run nothing: explain, check, doctor, version, help.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "support/immure.h"

namespace immure::test {
namespace {

Outcome immure(Argv arguments, const std::string& cwd = {}) {
  arguments.insert(arguments.begin(), binary());
  return run({.argv = std::move(arguments), .cwd = cwd});
}

TEST(Commands, DryRunPrintsThePlanAndRunsNothing) {
  const TempDir directory;
  const Outcome outcome =
      immure({"run", "--dry-run", "-w", "--", "sh", "-c", "echo ran > made"}, directory.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "bind " + directory.path())) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "bind /usr on /usr, read-only")) << outcome.out;
  EXPECT_FALSE(exists(directory.path() + "/made"));
}

TEST(Commands, OptionsAreReadFromADescriptorAndTheCommandGetsItNot) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory;
  const auto run_with = [&](std::string words, const std::string& command) {
    std::ranges::replace(words, '|', '\0');
    return run({.argv = {"sh", "-c", binary() + " run --args-fd 5 5<&0 </dev/null -- " + command},
                .cwd = directory.path(),
                .input = words});
  };
  const Outcome both =
      run_with("-e|A=two words|-w", "sh -c 'echo \"$A\" > made; ls /proc/self/fd'");
  EXPECT_EQ(both.out, "0\n1\n2\n3\n") << both.err;  // 3 is what ls reads
  EXPECT_EQ(read_file(directory.path() + "/made"), "two words\n");
  // Without them the same is not allowed.
  EXPECT_NE(run_with("", "sh -c 'echo > other'").code, 0);
  const Outcome command = run_with("-w|true|", "echo ran");
  EXPECT_EQ(command.code, 125);
  EXPECT_EQ(command.out, "");
  EXPECT_EQ(command.err,
            "immure: error[E001]: \"true\" is not an option\n"
            "  --> --args-fd 5\n"
            "  help: the command stands on the command line itself\n");
  const Outcome closed = run({.argv = {binary(), "run", "--args-fd", "77", "--", "true"}});
  EXPECT_EQ(closed.code, 125);
  EXPECT_EQ(closed.err, "immure: error[E001]: --args-fd \"77\": this descriptor is not open\n");
}

TEST(Commands, TheNameOfASandboxIsSeenInside) {
  IMMURE_REQUIRE_SANDBOX();
  const auto name = [](const Argv& options) {
    return run(immure_run(options, {"sh", "-c", "echo \"$IMMURE_SANDBOX\""}));
  };
  EXPECT_EQ(name({"--name", "web-1"}).out, "web-1\n");
  EXPECT_EQ(name({}).out, "immure\n");
  for (const char* wrong : {"", "-a", ".a", "a/b", "a b", "\x1b"}) {
    EXPECT_EQ(name({"--name", wrong}).code, 125) << wrong;
  }
  EXPECT_EQ(name({"--name", "a/b"}).err,
            "immure: error[E001]: \"a/b\" can't be the name of a sandbox\n"
            "  --> --name\n"
            "  help: 1 to 64 letters, digits, '.', '_' and '-', the first no '.' or '-'\n");
}

TEST(Commands, DryRunOfWhatCannotBePlannedIs125) {
  EXPECT_EQ(immure({"run", "--dry-run", "--ro", "/no/such", "--", "true"}).code, 125);
}

TEST(Commands, ExplainNamesTheProfileLineOfAMount) {
  const Outcome outcome = immure({"explain", "--", "true"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "default.toml (built in):9  system = true")) << outcome.out;
  EXPECT_FALSE(contains(outcome.out, "\x1b")) << outcome.out;
  const Outcome steps = immure({"explain", "--steps", "--", "true"});
  EXPECT_TRUE(contains(steps.out, "bind /usr on /usr, read-only   [default.toml")) << steps.out;
  EXPECT_TRUE(contains(immure({"explain", "--color", "always", "--", "true"}).out, "\x1b[1m"));
}

TEST(Commands, ExplainAnswersWhyForPathsCallsAndVariables) {
  const auto why = [](const std::string& what) {
    return immure(
        {"explain", "-e", "MODE=test", "--hide", "/usr/share", "--why", what, "--", "true"});
  };
  for (const auto& [what, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"/usr/bin/env", "/usr/bin/env: can be read"},
           {"/bin/env", "links on the way lead to /usr/bin/env"},
           {"/usr/share", "/usr/share: hidden"},
           {"/usr/share/doc", "what holds it is hidden"},
           {"/tmp/x", "not in the sandbox"},
           {".no-such-file", "taken for a path"},
           {"/no/such", "not on this system either"},
           {"/etc/shadow", "no flag is suggested"},
           {"read", "read: allowed"},
           {"kexec_load", "kexec_load: fails with EPERM"},
           {"clone", "fails with EPERM if argument 1 & 0x7e020000 is not 0"},
           {"MODE", "MODE is \"test\""},
           {"env:read", "read is not set"}}) {
    const Outcome outcome = why(what);
    EXPECT_EQ(outcome.code, 0) << what << outcome.err;
    EXPECT_TRUE(contains(outcome.out, words)) << what << ": " << outcome.out;
  }
  const Outcome unknown = why("syscall:opnat");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(contains(unknown.err, "did you mean openat?")) << unknown.err;
  EXPECT_EQ(why("").code, 2);
  EXPECT_EQ(why("env:A=B").code, 2);
}

TEST(Commands, ExplainComparesTwoProfiles) {
  const Outcome same = immure({"explain", "--diff", "default", "default"});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.out, "");
  const TempDir directory;
  const std::string mine = directory.write("mine.toml", "[fs]\n\"/usr/include\" = \"hide\"\n");
  const Outcome other = immure({"explain", "--diff", "default", mine, "true"});
  EXPECT_EQ(other.code, 1) << other.err;
  EXPECT_EQ(other.out.find("only the second has\n  + hidden: /usr/include"), 0U) << other.out;
  EXPECT_EQ(immure({"explain", "--diff", "default"}).code, 2);
  EXPECT_EQ(immure({"explain", "--diff", "default", "no-such-profile"}).code, 2);
  EXPECT_EQ(immure({"explain", "--as", "json", "--steps"}).code, 2);
}

TEST(Commands, ExplainAsTomlIsAFixedPointForShippedProfiles) {
  const TempDir directory;
  for (const char* profile : {"default", "build"}) {
    const Outcome first = immure({"explain", "-p", profile, "--as", "toml", "--", "true"});
    ASSERT_EQ(first.code, 0) << first.err;
    const std::string file = directory.write("written.toml", first.out);
    EXPECT_EQ(immure({"explain", "-p", file, "--as", "toml", "--", "true"}).out, first.out);
    const Outcome changes = immure({"explain", "--diff", profile, file, "true"});
    EXPECT_EQ(changes.code, 0) << changes.out << changes.err;
  }
}

// TOML has no escape for it: "\xff" there is the character U+00FF, which is two other bytes.
TEST(Commands, ExplainAsTomlRefusesAByteThatIsNoUtf8) {
  const auto as_toml = [](const std::string& value) {
    return immure({"explain", "-e", "X=" + value, "--as", "toml", "--", "true"});
  };
  const Outcome wrong = as_toml("a\xff");
  EXPECT_EQ(wrong.code, 2) << wrong.out;
  EXPECT_EQ(wrong.err,
            "immure: error[E103]: can't write \"X = \\\"a\\xff\\\"\" in a profile: "
            "it isn't UTF-8\n");
  EXPECT_EQ(wrong.out, "");
  const Outcome right = as_toml("a\xc3\xbf");
  EXPECT_TRUE(contains(right.out, "\nX = \"a\xc3\xbf\"\n")) << right.out << right.err;
}

TEST(Commands, ExplainGivesTheProfilesOwnReasons) {
  const Outcome outcome = immure({"explain", "--set", "description=for maps", "--set",
                                  "fs.\"/m\"={type=\"tmpfs\",why=\"tiles\"}", "--", "true"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "description: for maps")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "    why: tiles\n")) << outcome.out;
}

TEST(Commands, ExplainAsJsonIsReadByOthers) {
  const Outcome outcome = immure({"explain", "--as", "json", "--", "true"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  Program reader{.argv = {"python3", "-c",
                          "import json,sys; d=json.load(sys.stdin); "
                          "print(d['command']['argv'] if isinstance(d['command'], dict) "
                          "else d['command'], len(d['steps']) > 5)"},
                 .input = outcome.out};
  EXPECT_TRUE(contains(run(reader).out, "True")) << outcome.out;
}

TEST(Commands, CheckFindsEveryProblemOfAFile) {
  const TempDir directory;
  const std::string bad = directory.write(
      "bad.toml", "extends = []\n[fs]\n\"data\" = \"ro\"\n[limits]\nnofil = 3\nwall = \"10m\"\n");
  const Outcome outcome = immure({"check", bad});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  for (const char* code : {"E301", "E202", "E303"}) {
    EXPECT_TRUE(contains(outcome.out + outcome.err, code)) << code << ": " << outcome.err;
  }
  EXPECT_TRUE(contains(outcome.err, "bad.toml:3:")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "nofile")) << "did you mean: " << outcome.err;

  const std::string good = directory.write("good.toml", "[limits]\nnofile = 64\n");
  EXPECT_EQ(immure({"check", good}).code, 0);
  EXPECT_EQ(immure({"check", directory.path() + "/none.toml"}).code, 2);
}

TEST(Commands, AProfileFileOthersCanWriteIsRefused) {
  const TempDir directory;
  const std::string file = directory.write("open.toml", "[limits]\nnofile = 64\n", 0666);
  const Outcome outcome = immure({"run", "-p", file, "--", "true"});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "E107")) << outcome.err;
}

TEST(Commands, ProfilesOfFilesAreUsed) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory;
  const std::string file = directory.write(
      "mine.toml", "hostname = \"mine\"\n[env]\nGREETING = \"hello\"\n[limits]\nnofile = 64\n");
  const Outcome outcome = immure({"run", "-p", file, "--", "sh", "-c",
                                  "echo $GREETING; ulimit -n; cat /proc/sys/kernel/hostname"});
  EXPECT_EQ(outcome.out, "hello\n64\nmine\n") << outcome.err;
}

TEST(Commands, ControlCharactersInMessagesAreEscaped) {
  const Outcome outcome = immure({"run", "--ro", "/no/\x1b[2Jsuch\n", "--", "true"});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_FALSE(contains(outcome.err, "\x1b")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "\\x1b")) << outcome.err;
}

TEST(Commands, ABareWordIsNeverRun) {
  const Outcome outcome = immure({"firefox"});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "E002")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "immure run firefox")) << outcome.err;
}

TEST(Commands, ACommandThatIsNotBuiltSaysSo) {
  const Outcome outcome = immure({"learn", "true"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(outcome.err.starts_with("immure: error[E")) << outcome.err;
}

TEST(Commands, DoctorTriesAndSaysWhetherDefaultCanRun) {
  const Outcome outcome = immure({"doctor"});
  const bool can_run = no_sandbox_here().empty();
  EXPECT_EQ(outcome.code, can_run ? 0 : 1) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "ok       kernel")) << outcome.out;
  EXPECT_EQ(contains(outcome.out, "The profile `default` can run here."), can_run) << outcome.out;
}

TEST(Commands, DoctorSeesThatUserNamespacesAreUsedUp) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string script =
      "echo 0 > /proc/sys/user/max_user_namespaces && exec " + binary() + " doctor";
  const Outcome outcome =
      run({.argv = {"unshare", "--user", "--map-root-user", "sh", "-c", script}});
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "missing  user namespaces")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "sudo sysctl -w user.max_user_namespaces=15000"))
      << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "cannot run here")) << outcome.out;
}

TEST(Commands, VersionAndHelpGoToStandardOutput) {
  const Outcome version = immure({"version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_TRUE(version.out.starts_with("immure 0.")) << version.out;
  const Outcome help = immure({"help"});
  EXPECT_EQ(help.code, 0);
  for (const char* word : {"run", "shell", "explain", "check", "doctor", "version"}) {
    EXPECT_TRUE(contains(help.out, word)) << word;
  }
  const Outcome run_help = immure({"help", "run"});
  for (const char* option :
       {"--profile", "--ro", "--rw", "--tmpfs", "--hide", "--set", "--dry-run"}) {
    EXPECT_TRUE(contains(run_help.out, option)) << option;
  }
}

TEST(Commands, ShellRunsTheUsersShell) {
  IMMURE_REQUIRE_SANDBOX();
  Program program{.argv = {binary(), "shell"}, .input = "echo shell runs; exit 4\n"};
  const Outcome outcome = run(program);
  EXPECT_TRUE(contains(outcome.out, "shell runs")) << outcome.err;
  EXPECT_EQ(outcome.code, 4);
}

}  // namespace
}  // namespace immure::test
