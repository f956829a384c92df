// What bubblewrap 0.11 has and Debian's 0.8 has not, or does otherwise.
#include <filesystem>

#include "bwrap/support.h"

namespace immure::test {
namespace {

class Newer : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }

  // What ours says of the options; the tree of files is in it.
  Heard heard(const std::string& options, Argv command = {"/probe", "report", "tree"}) const {
    return play(ours(),
                {.rule = "",
                 .options = options,
                 .command = std::move(command),
                 .given = {{20, "twenty\n"}}},
                files_);
  }
  // The line of the tree for the path, without its owner; "" if there is none.
  std::string in_tree(const std::string& options, const std::string& path) const {
    const Heard result = heard(options);
    EXPECT_EQ(result.outcome.code, 0) << options << ": " << result.outcome.err;
    for (const std::string& line : lines(result.outcome.out)) {
      if (line.starts_with("tree: " + path + " ")) return line.substr(7 + path.size());
    }
    return "";
  }
  // The same as a shell on the host's root sees it.
  Outcome shell(const std::string& options, const std::string& script) const {
    return play(ours(),
                {.rule = "",
                 .options = "--ro-bind / / --dev /dev " + options,
                 .command = {"sh", "-c", script},
                 .alone = true},
                files_)
        .outcome;
  }

  HostFiles files_;
};

TEST_F(Newer, ParentsAreOpenToAllUnlessPermsTakesItAway) {
  EXPECT_TRUE(in_tree("--bind @/dir /a/b/c", "/a/b").starts_with("dir 0755"));
  EXPECT_TRUE(in_tree("--symlink x /a/b/c", "/a/b").starts_with("dir 0755"));
  EXPECT_TRUE(in_tree("--dir /a/b/c", "/a/b").starts_with("dir 0755"));
  EXPECT_TRUE(in_tree("--perms 0700 --dir /a/b", "/a").starts_with("dir 0700"));
  EXPECT_TRUE(in_tree("--perms 0750 --file 20 /a/b", "/a").starts_with("dir 0750"));
  EXPECT_TRUE(in_tree("--perms 0711 --dir /a/b", "/a").starts_with("dir 0755"));
  EXPECT_TRUE(in_tree("--perms 0705 --tmpfs /a/b", "/a").starts_with("dir 0705"));
}

TEST_F(Newer, ALinkThatIsThereAlreadyIsNoMistake) {
  EXPECT_TRUE(contains(in_tree("--symlink a /l --symlink a /l", "/l"), "-> a"));
  EXPECT_TRUE(contains(in_tree("--bind @ /h --symlink file /h/link", "/h/link"), "-> file"));
  EXPECT_TRUE(contains(in_tree("--ro-bind @ /h --symlink file /h/link", "/h/link"), "-> file"));
}

TEST_F(Newer, TheFirstWordOfTheCommandCanBeAnother) {
  for (const std::string options :
       {"--argv0 other", "--argv0 other --unshare-pid", "--argv0 other --unshare-pid --as-pid-1"}) {
    const Heard result = heard(options, {"/probe", "argv", "a"});
    EXPECT_EQ(result.outcome.out, "argv[0]: other\nword: a\n") << options;
  }
  EXPECT_EQ(heard("--argv0 \"\"", {"/probe", "argv"}).outcome.out, "argv[0]: \n");
  EXPECT_EQ(heard("--argv0 other", {"/missing"}).outcome.err,
            "bwrap: execvp /missing: No such file or directory\n");
}

TEST_F(Newer, TheDenialThatItIsABoundaryChangesNothing) {
  const auto report = [&](const std::string& options) {
    const Case one{.rule = "", .options = options};
    return comparable(play(ours(), one, files_), ours(), one);
  };
  EXPECT_EQ(report("--unshare-all --not-a-security-boundary"), report("--unshare-all"));
}

TEST_F(Newer, NoUserNamespacesAlsoWhereTheFirstIsImplied) {
  if (::getuid() == 0) GTEST_SKIP() << "root has none implied";
  for (const std::string options : {"--disable-userns", "--unshare-all --disable-userns"}) {
    const Outcome outcome =
        shell(options + " --assert-userns-disabled", "unshare --user true 2>/dev/null; echo $?");
    EXPECT_EQ(outcome.out, "1\n") << options << ": " << outcome.err;
  }
  EXPECT_EQ(shell("", "unshare --user true; echo $?").out, "0\n") << "the control";
}

TEST_F(Newer, ATemporaryOverlayLeavesItsSourcesAlone) {
  const std::string before = files_.tree();
  const Outcome outcome =
      shell("--overlay-src @/dir --tmp-overlay @/empty",
            "cd @/empty && cat inner && echo new > inner && rm below/deep && mkdir x && cat inner");
  EXPECT_EQ(outcome.out, "inner\nnew\n") << outcome.err;
  EXPECT_EQ(files_.tree(), before);
}

TEST_F(Newer, TheFirstSourceOfAnOverlayIsTheLowest) {
  for (const std::string kind : {"--tmp-overlay", "--ro-overlay"}) {
    EXPECT_EQ(shell("--overlay-src @/dir --overlay-src @/other " + kind + " @/empty",
                    "cat @/empty/inner @/empty/below/deep")
                  .out,
              "other\ndeep\n")
        << kind;
    EXPECT_EQ(
        shell("--overlay-src @/other --overlay-src @/dir " + kind + " @/empty", "cat @/empty/inner")
            .out,
        "inner\n")
        << kind;
  }
}

TEST_F(Newer, AReadOnlyOverlayCannotBeWritten) {
  const Outcome outcome = shell("--overlay-src @/dir --overlay-src @/other --ro-overlay @/empty",
                                "touch @/empty/new || touch @/empty/inner");
  EXPECT_TRUE(contains(outcome.err, "Read-only file system")) << outcome.err;
  EXPECT_NE(outcome.code, 0);
}

TEST_F(Newer, WhatIsWrittenToAnOverlayStaysInItsUpperDirectory) {
  files_.make_anew();
  const Heard result = play(ours(),
                            {.rule = "",
                             .options = "--ro-bind / / --overlay-src @/dir --overlay @/other "
                                        "@/closed @/empty",
                             .command = {"sh", "-c",
                                         "cat @/empty/inner; echo new > @/empty/new; "
                                         "echo changed > @/empty/below/deep"},
                             .alone = true},
                            files_);
  // A work directory has to be empty or to be one already: `closed` is not empty, but it may be
  // used.
  EXPECT_EQ(result.outcome.out, "other\n") << result.outcome.err;
  EXPECT_TRUE(contains(result.host, "other/new 100644 \"new\n\"")) << result.host;
  EXPECT_TRUE(contains(result.host, "other/below/deep 100600 \"changed\n\"")) << result.host;
  EXPECT_TRUE(contains(result.host, "dir/below/deep 100600 \"deep\n\"")) << result.host;
}

TEST_F(Newer, OverlaysAreMadeForUsers) {
  const Outcome outcome =
      shell("--overlay-src @/dir --tmp-overlay @/empty", "grep ' - overlay ' /proc/self/mountinfo");
  EXPECT_TRUE(contains(outcome.out, "userxattr")) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "nosuid,nodev")) << outcome.out;
}

TEST_F(Newer, PathsOfOverlaysMayHaveAnySign) {
  const std::string odd = files_.path() + "/o,d:d\\ d";
  for (const std::string name : {"/lower", "/upper", "/work"}) {
    std::filesystem::create_directories(odd + name);
  }
  const Outcome outcome =
      run(started(ours(),
                  {"--ro-bind", "/", "/", "--overlay-src", odd + "/lower", "--overlay",
                   odd + "/upper", odd + "/work", files_.path() + "/empty"},
                  {"sh", "-c", "echo new > " + files_.path() + "/empty/new"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(read_file(odd + "/upper/new"), "new\n");
}

TEST_F(Newer, DirectoriesOfAnOverlayThatOverlapAreSaidToBeSo) {
  for (const std::string layers : {"--overlay-src @/dir --overlay-src @/dir --ro-overlay",
                                   "--overlay-src @/dir/below --overlay-src @/dir --tmp-overlay"}) {
    const Outcome outcome = shell(layers + " @/empty", "true");
    EXPECT_TRUE(contains(outcome.err, ": Overlay directories may not overlap\n")) << outcome.err;
    EXPECT_EQ(outcome.code, 1) << layers;
  }
}

}  // namespace
}  // namespace immure::test
