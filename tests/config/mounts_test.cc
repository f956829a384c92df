#include <gtest/gtest.h>

#include "config/profile_text.h"

namespace immure {
namespace {

using namespace std::string_literals;

using testing::first_error;
using testing::someone;
using testing::spec_of;

// The one mount of an [fs] with this line.
Mount mount_of(const std::string& line) {
  const SandboxSpec spec = spec_of("[fs]\n" + line + "\n");
  EXPECT_EQ(spec.mounts.size(), 1U) << line;
  return spec.mounts.empty() ? Mount{} : spec.mounts.front();
}

template <class T>
T what(const std::string& line) {
  const Mount mount = mount_of(line);
  const T* found = std::get_if<T>(&mount.what);
  EXPECT_NE(found, nullptr) << line;
  return found == nullptr ? T{} : *found;
}

std::string fs_error(const std::string& line) { return first_error("[fs]\n" + line + "\n"); }

TEST(Mounts, AccessWordsOfBinds) {
  EXPECT_EQ(what<Bind>(R"("/a" = "ro")"), Bind{});
  EXPECT_EQ(what<Bind>(R"("/a" = "rw")"), (Bind{.read_only = false}));
  EXPECT_EQ(what<Bind>(R"("/a" = "dev")"), (Bind{.read_only = false, .devices = true}));
}

TEST(Mounts, AccessWordsOfEverythingElse) {
  EXPECT_EQ(what<Hide>(R"("/a" = "hide")"), Hide{});
  EXPECT_EQ(what<Tmpfs>(R"("/a" = "tmpfs")"), Tmpfs{});
  EXPECT_EQ(what<Dir>(R"("/a" = "dir")"), Dir{});
  EXPECT_EQ(what<Overlay>(R"("/a" = "overlay")"), Overlay{});
  EXPECT_EQ(what<NoMount>(R"("/a" = "none")"), NoMount{});
  EXPECT_EQ(what<KernelMount>(R"("/a" = "proc")").kind, KernelFs::proc);
  EXPECT_EQ(what<KernelMount>(R"("/a" = "devfs")").kind, KernelFs::devfs);
  EXPECT_EQ(what<KernelMount>(R"("/a" = "mqueue")").kind, KernelFs::mqueue);
  EXPECT_EQ(what<KernelMount>(R"("/a" = "sysfs")").kind, KernelFs::sysfs);
  EXPECT_EQ(what<KernelMount>(R"("/a" = "cgroup")").kind, KernelFs::cgroup);
}

TEST(Mounts, OptionsFollowTheAccessWord) {
  EXPECT_EQ(what<Bind>(R"("/a" = "rw,noexec,create,norec,follow")"), (Bind{.read_only = false,
                                                                           .executable = false,
                                                                           .recursive = false,
                                                                           .follow = true,
                                                                           .create = true}));
  EXPECT_EQ(what<Tmpfs>(R"("/a" = "tmpfs,size=16M,mode=1777,noexec")"),
            (Tmpfs{.size_bytes = 16U << 20U, .mode = 01777, .executable = false}));
  EXPECT_EQ(what<Dir>(R"("/a" = "dir,mode=0700")"), Dir{.mode = 0700});
}

TEST(Mounts, AQuestionMarkMakesAnEntryOptional) {
  EXPECT_TRUE(mount_of(R"("/a" = "ro?")").optional);
  EXPECT_TRUE(mount_of(R"("/a" = "rw?,noexec")").optional);
  EXPECT_TRUE(mount_of(R"("/a" = { optional = true })").optional);
  EXPECT_FALSE(mount_of(R"("/a" = "ro")").optional);
}

TEST(Mounts, TablesSayTheRest) {
  EXPECT_EQ(
      what<Bind>(R"("/a" = { src = "~/b/", access = "rw", exec = false, dev = true })"),
      (Bind{.source = "/home/ann/b", .read_only = false, .devices = true, .executable = false}));
  EXPECT_EQ(what<Bind>(R"("/a" = { propagation = "slave", recursive = false, why = "x" })"),
            (Bind{.recursive = false, .propagation = Propagation::slave}));
  EXPECT_EQ(what<Tmpfs>(R"("/a" = { size = 4096, inodes = 10, mode = 0o700, exec = false })"),
            (Tmpfs{.size_bytes = 4096, .inodes = 10, .mode = 0700, .executable = false}));
  EXPECT_EQ(what<Dir>(R"("/a" = { mode = "0711" })"), Dir{.mode = 0711});
  EXPECT_EQ(what<Symlink>(R"("/a" = { target = "../b" })"), Symlink{.text = "../b"});
  EXPECT_EQ(what<KernelMount>(R"("/a" = { proc = { subset = "pid", hidepid = "invisible" } })"),
            (KernelMount{.subset_pid = true, .hidepid_invisible = true}));
  EXPECT_EQ(mount_of(R"("/a" = { type = "ro", why = "it needs it" })").why, "it needs it");
}

TEST(Mounts, FilesAreGivenByTextBytesOrDescriptor) {
  EXPECT_EQ(what<FileContent>(R"("/a" = { content = "x ${HOME}" })"),
            FileContent{.content = "x ${HOME}"});
  EXPECT_EQ(what<FileContent>(R"("/a" = { content = "x ${HOME}", expand = true })"),
            FileContent{.content = "x /home/ann"});
  EXPECT_EQ(what<FileContent>(R"("/a" = { content_base64 = "AP8=", mode = 0o600 })"),
            (FileContent{.content = "\0\xff"s, .mode = 0600}));
  EXPECT_EQ(what<FileContent>(R"("/a" = { content_fd = 5, access = "rw" })"),
            (FileContent{.content_fd = 5, .read_only = false}));
}

TEST(Mounts, OverlaysHaveLayersAndAPlaceForWrites) {
  EXPECT_EQ(what<Overlay>(R"("/a" = { lower = ["/x", "/y"], upper = "/w" })"),
            (Overlay{.lower = {"/x", "/y"}, .upper = "/w"}));
  EXPECT_EQ(what<Overlay>(R"("/a" = { lower = ["/x", "/y"], upper = "tmp" })"),
            (Overlay{.lower = {"/x", "/y"}}));
  EXPECT_EQ(what<Overlay>(R"("/a" = { lower = ["/x", "/y"] })"),
            (Overlay{.lower = {"/x", "/y"}, .read_only = true}));
  EXPECT_EQ(what<Overlay>(R"("/a" = { type = "overlay", src = "/b" })"), Overlay{.lower = {"/b"}});
}

TEST(Mounts, TargetsAreExpandedAndNormalised) {
  EXPECT_EQ(mount_of(R"("~/.cache//x/" = "rw")").target, "/home/ann/.cache/x");
  EXPECT_EQ(mount_of(R"("${CWD}/./.git" = "ro")").target, "/home/ann/work/.git");
}

TEST(Mounts, StandInTheOrderOfTheirDepthWhateverTheFileSays) {
  const SandboxSpec spec =
      spec_of("[fs]\n'/a/b/c' = 'rw'\n'/z' = 'ro'\n'/a' = 'ro'\n'/a/b' = 'ro'");
  std::string order;
  for (const Mount& mount : spec.mounts) order += mount.target + " ";
  EXPECT_EQ(order, "/a /z /a/b /a/b/c ");
}

TEST(Mounts, KnowTheLineThatAskedForThem) {
  const Mount mount = mount_of(R"(  "/a" = "ro")");
  EXPECT_EQ(mount.origin.file->name, "web.toml");
  EXPECT_EQ(mount.origin.line, 2U);
  EXPECT_EQ(mount.origin.column, 3U);
}

TEST(Mounts, PatternsAreMarkedAndVariablesInThemArePlainText) {
  const Mount pattern = mount_of(R"("${CWD}/*.c" = "ro")");
  EXPECT_TRUE(pattern.glob);
  EXPECT_EQ(pattern.target, "/home/ann/work/*.c");
  EXPECT_FALSE(mount_of(R"("/a" = "ro")").glob);

  Circumstances odd = someone();
  odd.cwd = "/home/ann/[x]";
  const SandboxSpec spec = spec_of("[fs]\n\"${CWD}\" = 'ro'\n\"${CWD}/*.c\" = 'hide'\n", odd);
  ASSERT_EQ(spec.mounts.size(), 2U);
  EXPECT_FALSE(spec.mounts[0].glob);
  EXPECT_EQ(spec.mounts[0].target, "/home/ann/[x]");
  EXPECT_TRUE(spec.mounts[1].glob);
  EXPECT_EQ(spec.mounts[1].target, "/home/ann/\\[x]/*.c");
}

TEST(Mounts, AnEscapedPatternCharacterIsThatCharacter) {
  const Mount mount = mount_of(R"('/a/\*b' = "ro")");
  EXPECT_FALSE(mount.glob);
  EXPECT_EQ(mount.target, "/a/*b");
}

TEST(Mounts, AnOptionalEntryWithAnUnsetVariableGoes) {
  EXPECT_TRUE(spec_of("[fs]\n\"${XDG_RUNTIME_DIR}/bus\" = \"ro?\"\n").mounts.empty());
  EXPECT_TRUE(
      spec_of("[fs]\n'/x' = { src = '${env:NOT_SET}/x', optional = true }\n").mounts.empty());
  EXPECT_EQ(fs_error(R"("${XDG_RUNTIME_DIR}/bus" = "ro")"),
            "[E302]: variable ${XDG_RUNTIME_DIR} has no value here");
  EXPECT_EQ(fs_error(R"("${XDG_RUNTIM_DIR}/bus" = "ro?")"),
            "[E302]: unknown variable ${XDG_RUNTIM_DIR}");
}

TEST(Mounts, TheSamePlaceTwiceIsAnErrorHoweverItIsWritten) {
  EXPECT_EQ(fs_error("'/home/ann/x' = 'ro'\n'~/x/' = 'rw'"),
            "[E206]: \"~/x/\" is given twice in [fs]: it names \"/home/ann/x\"");
}

TEST(Mounts, KeysThatMeanNothingForTheTypeAreErrors) {
  EXPECT_EQ(fs_error("'/a' = 'hide,noexec'"),
            "[E202]: \"noexec\" means nothing for \"hide\" (\"/a\")");
  EXPECT_EQ(fs_error("'/a' = { type = 'tmpfs', src = '/b' }"),
            "[E202]: \"src\" means nothing for \"tmpfs\" (\"/a\")");
  EXPECT_EQ(fs_error("'/a' = 'proc,size=1M'"),
            "[E202]: \"size\" means nothing for \"proc\" (\"/a\")");
  EXPECT_EQ(fs_error("'/a' = { type = 'rw', access = 'ro' }"),
            "[E203]: \"/a\" has type \"rw\", but access \"ro\"");
}

TEST(Mounts, MisspeltWordsAreErrors) {
  EXPECT_EQ(fs_error("'/a' = 'r0'"), "[E204]: \"r0\" is no access word of [fs]");
  EXPECT_EQ(fs_error("'/a' = ''"), "[E204]: \"\" is no access word of [fs]");
  EXPECT_EQ(fs_error("'/a' = 'ro,noexce'"), "[E204]: unknown option \"noexce\" in [fs]");
  EXPECT_EQ(fs_error("'/a' = 'ro,'"), "[E204]: unknown option \"\" in [fs]");
  EXPECT_EQ(fs_error("'/a' = 'tmpfs,size'"), "[E204]: unknown option \"size\" in [fs]");
  EXPECT_EQ(fs_error("'/a' = 'ro,noexec?'"), "[E204]: the \"?\" of \"ro,noexec?\" is misplaced");
  EXPECT_EQ(fs_error("'/a' = 'ro ?'"), "[E204]: \"ro \" is no access word of [fs]");
  EXPECT_EQ(fs_error("'/a' = { acess = 'ro' }"),
            "[E202]: unknown key \"acess\" in an entry of [fs]");
}

TEST(Mounts, FilesNeedExactlyOneContent) {
  EXPECT_EQ(fs_error("'/a' = { type = 'file' }"), "[E203]: the file \"/a\" has no content");
  EXPECT_EQ(fs_error("'/a' = { content = 'x', content_fd = 3 }"),
            "[E203]: the file \"/a\" has two contents");
  EXPECT_EQ(fs_error("'/a' = { content_base64 = '*' }"), "[E203]: content_base64 is not base64");
}

}  // namespace
}  // namespace immure
