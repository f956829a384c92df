// What of the host's file system is there, and what can be done with it.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "support/inside.h"

namespace immure::test {
namespace {

// The script as ourselves in a mount namespace that we may change.
Argv in_own_mounts(const std::string& script) {
  return {"unshare", "-Um", "--map-current-user", "--keep-caps", "sh", "-c", script};
}

class Files : public TwoDirectories {
 protected:
  void SetUp() override {
    TwoDirectories::SetUp();
    directory_.write("project/sub/deep", "deep\n");
  }
};

TEST_F(Files, TheSystemIsThereAndReadOnly) {
  EXPECT_EQ(inside("test -x /usr/bin/env && test -x /bin/sh && echo there"), "there");
  const std::string written = inside("{ echo x > /usr/bin/immure-test; }");
  EXPECT_TRUE(contains(written, "Read-only file system")) << written;
  EXPECT_TRUE(contains(inside("{ mkdir /new; }"), "Read-only file system"));
}

TEST_F(Files, NothingElseOfTheHostIsThere) {
  EXPECT_EQ(inside("ls -d /boot /srv /media /mnt /run/* /var/log 2>/dev/null | wc -l"), "0");
  EXPECT_EQ(inside("cat " + other() + "/secret 2>/dev/null || echo no"), "no");
  EXPECT_EQ(inside("cat /etc/shadow /etc/machine-id /etc/ssh/sshd_config 2>/dev/null | wc -c"),
            "0");
}

TEST_F(Files, TheCurrentDirectoryIsReadOnlyInDefaultAndWritableInBuildOrWithW) {
  EXPECT_EQ(inside("pwd; cat readable sub/deep"), project() + "\nfrom the host\ndeep");
  const std::string refused = inside("{ echo x > new; }");
  EXPECT_TRUE(contains(refused, "Read-only file system")) << refused;
  EXPECT_FALSE(exists(project() + "/new"));
  EXPECT_EQ(inside("echo x > new", {"-w"}), "");
  EXPECT_EQ(read_file(project() + "/new"), "x\n");
  EXPECT_EQ(inside("echo y > built", {"-p", "build"}), "");
  EXPECT_EQ(read_file(project() + "/built"), "y\n");
  (void)inside("echo x > ../escaped", {"-w"});
  EXPECT_FALSE(exists(directory_.path() + "/escaped"));
}

TEST_F(Files, TheHomeItselfIsNotSharedAsCurrentDirectory) {
  const std::string home = own_home();
  IMMURE_REQUIRE(!home.empty() && exists(home), "no home");
  const Outcome outcome = run(immure_sh({}, "ls -A ~ | wc -l; pwd", home));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(lines(outcome.out).front(), "0") << "an empty, private home";
  EXPECT_TRUE(contains(outcome.err, "immure: note: the current directory is your home"))
      << outcome.err;
}

TEST_F(Files, HomeAndTmpArePrivateAndWritable) {
  EXPECT_EQ(inside("echo a > ~/private && echo b > /tmp/private && echo c > /var/tmp/private && "
                   "cat ~/private /tmp/private /var/tmp/private"),
            "a\nb\nc");
  EXPECT_FALSE(exists("/tmp/private"));
  EXPECT_FALSE(exists("/var/tmp/private"));
  EXPECT_FALSE(exists(own_home() + "/private"));
  EXPECT_EQ(inside("ls -A /tmp"), directory_.path().substr(5)) << "only the way to the project";
}

TEST_F(Files, FlagsAddBinds) {
  EXPECT_EQ(inside("cat " + other() + "/secret", {"--ro", other()}), "secret");
  EXPECT_EQ(inside("cat /data/secret", {"--ro", other() + ":/data"}), "secret");
  EXPECT_TRUE(contains(inside("{ echo x > /data/new; }", {"--ro", other() + ":/data"}),
                       "Read-only file system"));
  EXPECT_EQ(inside("echo x > /data/new", {"--rw", other() + ":/data"}), "");
  EXPECT_EQ(read_file(other() + "/new"), "x\n");
  EXPECT_EQ(inside("cat ../other/secret", {"--ro", "../other"}), "secret") << "relative to the cwd";
}

TEST_F(Files, AMissingSourceIsAnErrorUnlessOptional) {
  const Outcome missing = in_sandbox({"--ro", "/no/such"}, "true", project());
  EXPECT_EQ(missing.code, 125);
  EXPECT_TRUE(contains(missing.err, "/no/such")) << missing.err;
  EXPECT_TRUE(contains(missing.err, "--ro")) << missing.err;
  EXPECT_EQ(in_sandbox({"--ro", "/no/such?"}, "true", project()).code, 0);
}

TEST_F(Files, HiddenPathsAreEmptyAndUnreadable) {
  const Argv options{"--hide", project() + "/sub", "--hide", project() + "/readable"};
  if (::getuid() != 0) {
    EXPECT_EQ(inside("ls sub >/dev/null && echo seen || echo hidden", options),
              "ls: cannot open directory 'sub': Permission denied\nhidden");
  }
  EXPECT_EQ(inside("cat readable 2>/dev/null | wc -c; ls sub 2>/dev/null | wc -l", options),
            "0\n0");
  EXPECT_EQ(read_file(project() + "/readable"), "from the host\n");
}

TEST_F(Files, AnOverlayTakesWritesAndForgetsThem) {
  EXPECT_EQ(inside("echo changed > readable && rm sub/deep && cat readable && ls sub",
                   {"--overlay", project()}),
            "changed");
  EXPECT_EQ(read_file(project() + "/readable"), "from the host\n");
  EXPECT_EQ(read_file(project() + "/sub/deep"), "deep\n");
}

TEST_F(Files, AnOverlayWithAnUpperKeepsTheWritesThere) {
  directory_.write("changes/.keep", "");
  directory_.write("changes.work/.keep", "");
  const std::string upper = directory_.path() + "/changes";
  EXPECT_EQ(
      inside("echo changed > readable && cat readable",
             {"--set", "fs.\"" + project() + "\"={type=\"overlay\",upper=\"" + upper + "\"}"}),
      "changed");
  EXPECT_EQ(read_file(project() + "/readable"), "from the host\n");
  EXPECT_EQ(read_file(upper + "/readable"), "changed\n");
}

TEST_F(Files, ATmpfsHoldsNoMoreThanItsSize) {
  const Argv options{"--set", "fs.\"/small\"=\"tmpfs,size=64K\""};
  EXPECT_EQ(inside("head -c 40000 /dev/zero > /small/a && echo fits", options), "fits");
  const std::string full = inside("{ head -c 100000 /dev/zero > /small/a; }", options);
  EXPECT_TRUE(contains(full, "No space left on device")) << full;
}

TEST_F(Files, InlineFilesLinksAndDirectoriesAreMade) {
  EXPECT_EQ(inside("cat /etc/motd; readlink /link; stat -c %a /made",
                   {"--set", "fs.\"/etc/motd\"={content=\"hello\\n\"}", "--set",
                    "fs.\"/link\"={target=\"/usr/bin\"}", "--set",
                    "fs.\"/made\"={type=\"dir\",mode=\"0710\"}"}),
            "hello\n/usr/bin\n710");
}

TEST_F(Files, NoexecStopsExecution) {
  directory_.write("bin/tool", "#!/bin/sh\necho ran\n", 0755);
  const std::string bin = directory_.path() + "/bin";
  EXPECT_EQ(inside("/t/tool", {"--ro", bin + ":/t"}), "ran");
  const std::string refused =
      inside("/t/tool", {"--set", "fs.\"/t\"={src=\"" + bin + "\",exec=false}"});
  EXPECT_TRUE(contains(refused, "Permission denied")) << refused;
}

TEST_F(Files, ASymlinkOutOfABindLeadsNowhere) {
  const std::string link = project() + "/out";
  ASSERT_EQ(::symlink((other() + "/secret").c_str(), link.c_str()), 0);
  ASSERT_EQ(read_file(link), "secret\n") << "the control";
  EXPECT_EQ(inside("cat out 2>/dev/null || echo dangling"), "dangling");
}

TEST_F(Files, ALinkedSourceIsShownUnderBothNames) {
  const std::string link = directory_.path() + "/alias";
  ASSERT_EQ(::symlink("other", link.c_str()), 0);
  EXPECT_EQ(inside("readlink " + link + "; cat " + link + "/secret " + other() + "/secret",
                   {"--ro", link}),
            "other\nsecret\nsecret");
}

TEST_F(Files, NothingIsMadeOnTheHostForAMountPointThatIsMissingThere) {
  const Outcome outcome = in_sandbox({"-w", "--tmpfs", project() + "/missing"}, "true", project());
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "E321")) << outcome.err;
  EXPECT_FALSE(exists(project() + "/missing"));
}

TEST_F(Files, ALinkPlantedAtAMountPointIsNotFollowedToTheHost) {
  // The sandboxed command of an earlier run could have left this behind.
  ASSERT_EQ(::symlink(other().c_str(), (project() + "/cache").c_str()), 0);
  const std::string said = inside("echo planted > " + project() + "/cache/x; ls " + other(),
                                  {"-w", "--tmpfs", project() + "/cache"});
  EXPECT_FALSE(exists(other() + "/x")) << said;
}

// A link that an earlier run of the sandbox could have made in a directory it may write, to have
// another directory of the user's mounted by the next one.
TEST_F(Files, APlantedLinkIsNotFollowedAsASourceOfAnyKind) {
  ASSERT_EQ(::symlink(other().c_str(), (project() + "/link").c_str()), 0);
  directory_.write("low/x", "");
  const std::string low = directory_.path() + "/low";
  const std::string link = project() + "/link";
  const std::vector<Argv> attempts{
      {"-w", "--ro", link},
      {"-w", "--rw", link},
      {"-w", "--overlay", link},
      {"-w", "--ro", link + ":/seen"},
      {"-w", "--set", "fs.\"/seen\"={lower=[\"" + low + "\"],upper=\"" + link + "\"}"},
      {"-w", "--set", "fs.\"/seen\"={lower=[\"" + low + "\",\"" + link + "\"]}"},
      {"-w", "--set", "root.dir=\"" + link + "\""},
      {"--set", "fs.\"" + directory_.path() + "/proj*\"=\"rw\"", "--ro", link}};
  for (const Argv& attempt : attempts) {
    const Outcome outcome = in_sandbox(attempt, "cat /seen/secret " + link + "/secret", project());
    EXPECT_EQ(outcome.code, 125) << attempt.back() << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "E323")) << attempt.back() << outcome.err;
    EXPECT_FALSE(contains(outcome.out, "secret")) << attempt.back();
  }
  EXPECT_FALSE(exists(other() + ".work"));
  // The next run, with nothing writable, knows nothing of the one that made the link.
  for (const Argv& attempt :
       {Argv{"--ro", link}, Argv{"--ro", link + ":/seen"}, Argv{"--overlay", link}}) {
    const Outcome outcome = in_sandbox(attempt, "cat /seen/secret " + link + "/secret", project());
    EXPECT_EQ(outcome.code, 125) << attempt.back() << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "if you made the link, name \"" + other() + "\" instead"))
        << outcome.err;
  }
  // What it says to do works, and so does the link where no sandbox usually writes.
  EXPECT_EQ(inside("cat " + link + "/secret", {"--ro", other()}), "secret");
  EXPECT_EQ(in_sandbox({"--ro", link}, "cat " + link + "/secret", other()).out, "secret\n");
}

// There is no mounting over a link: what is named through one would be whatever stands there next.
TEST_F(Files, NothingIsKeptReadOnlyThroughALinkThatCanBeReplaced) {
  directory_.write("project/real/file", "as it was\n");
  ASSERT_EQ(::symlink("real", (project() + "/link").c_str()), 0);
  for (const std::string name : {"/link", "/link/file"}) {
    const Outcome outcome = in_sandbox({"-w", "--ro", project() + name}, "true", project());
    EXPECT_EQ(outcome.code, 125);
    EXPECT_EQ(outcome.err, "immure: error[E323]: \"" + project() + name +
                               "\" can't be kept read-only: " +
                               (name == "/link" ? "it" : "\"" + project() + "/link\"") +
                               " is a symlink in a directory that the sandbox may write: it could "
                               "be replaced\n  --> --ro\n  help: put what it leads to in its "
                               "place, or take the entry away: \"none\"\n");
  }
  const std::string change = "{ echo new > real/file; } 2>&1; cat real/file";
  EXPECT_TRUE(contains(inside(change, {"-w", "--ro", project() + "/real"}), "Read-only"));
  EXPECT_EQ(inside(change, {"-w", "--rw", project() + "/link"}), "new");
  EXPECT_EQ(inside("cat link/file", {"--ro", project() + "/link"}), "new");
}

// Renamed away with its directory and made anew, a hidden name would leave the secret to the next
// run, which hides what stands at the name then.
TEST_F(Files, TheDirectoriesOfAHiddenNameBelowAWritableBindCannotBeRenamed) {
  directory_.write("project/a/b/secret", "secret\n");
  directory_.write("project/a/b/kept/file", "kept\n");
  const std::string attack =
      "import ctypes, os\n"
      "def rename(old, new, flags):\n"
      "  return ctypes.CDLL(None, use_errno=True).renameat2(-100, old, -100, new, flags) == 0 or "
      "os.strerror(ctypes.get_errno())\n"
      "exchange = 2\n"
      "for old in b'a', b'a/b', b'a/b/secret', b'a/b/kept':\n"
      "  print(rename(old, b'sub', exchange), rename(old, b'gone', 0))\n";
  const Argv options{"-w", "--hide", project() + "/a/b/secret", "--ro", project() + "/a/b/kept"};
  const std::string script = "python3 -c \"" + attack + "\"; cat readable";
  const std::string said = inside(script, options);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 4) << said;
  EXPECT_FALSE(contains(said, "True")) << said;
  EXPECT_EQ(read_file(project() + "/a/b/secret"), "secret\n");
  EXPECT_EQ(read_file(project() + "/a/b/kept/file"), "kept\n");
  // What lies beside the hidden name can be changed as ever, its directories too.
  EXPECT_EQ(inside("echo x > a/b/new && mv a/b/new a/newer && mkdir a/c && mv a/c a/d && "
                   "cat a/newer",
                   options),
            "x");

  const std::string control = inside(script, {"-w"});
  EXPECT_TRUE(contains(control, "True")) << control;
  EXPECT_FALSE(exists(project() + "/a/b/secret"));
}

TEST_F(Files, SetIdBitsCannotBeWrittenWhereTheHostWouldKeepThem) {
  const Outcome outcome = run([&] {
    Program program = immure_run({"-w"}, {IMMURE_PAYLOAD, "set-id-mode", project() + "/readable"});
    program.cwd = project();
    return program;
  }());
  EXPECT_EQ(trimmed(outcome.out), "EPERM") << outcome.err;
  struct stat info = {};
  ASSERT_EQ(::stat((project() + "/readable").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 06000U, 0U);
}

TEST_F(Files, NosuidAndNodevStandOnEveryHostMount) {
  EXPECT_EQ(
      inside("grep -E ' (/usr|" + project() + ") ' /proc/self/mountinfo | grep -c 'nosuid,nodev'"),
      "2");
}

TEST_F(Files, AMountMadeLaterOnTheHostDoesNotAppearInside) {
  // Inside a mount namespace of ours, with propagation like a desktop's shared root.
  directory_.write("project/late/empty", "");
  const std::string go = directory_.path() + "/go";
  const std::string out = directory_.path() + "/out";
  directory_.write("out", "");
  const std::string script =
      "mount --make-rshared / && cd " + project() + " && { " + binary() +
      " run -- sh -c 'echo started; read x; ls late' < " + go + " > " + out + " & } && exec 3>" +
      go + " && until grep -q started " + out +
      "; do sleep 0.01; done && mount -t tmpfs none late && touch late/new && echo go >&3 && "
      "wait && cat " +
      out;
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  const Outcome outcome = run({.argv = in_own_mounts(script)});
  EXPECT_EQ(trimmed(outcome.out), "started\nempty") << outcome.err;
}

TEST_F(Files, ARecursiveBindIsReadOnlyInItsSubmountsToo) {
  directory_.write("other/sub/x", "");
  const std::string script = "mount -t tmpfs none " + other() + "/sub && " + binary() +
                             " run --ro " + other() + " -- sh -c 'echo x > " + other() +
                             "/sub/new || echo refused'";
  const Outcome outcome = run({.argv = in_own_mounts(script)});
  EXPECT_TRUE(contains(outcome.out, "refused")) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "Read-only file system")) << outcome.err;
}

TEST_F(Files, TheRunLeavesNothingOnTheHost) {
  const std::string before = run({.argv = {"find", directory_.path()}}).out;
  const std::string mounts = read_file("/proc/self/mountinfo");
  EXPECT_EQ(inside("echo x > ~/a; echo y > /tmp/b; true"), "");
  EXPECT_EQ(run({.argv = {"find", directory_.path()}}).out, before);
  EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts);
}

}  // namespace
}  // namespace immure::test
