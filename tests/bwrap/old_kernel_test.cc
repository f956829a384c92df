// A kernel, or a sandbox around us, without the newer calls: openat2(2) and the mount API answer
// ENOSYS. Debian's bubblewrap, which uses none of them, is below the same filter.
#include "bwrap/support.h"

namespace immure::test {
namespace {

// A program that starts the other below the filter.
std::string below_filter(const std::string& program, const TempDir& scripts) {
  const std::string name = program == ours() ? "ours" : "theirs";
  const std::string start = std::string("exec ") + IMMURE_WITHOUT_FEATURES + " " + program;
  return scripts.write(name, "#!/bin/sh\n" + start + " \"$@\"\n", 0755);
}

class WithoutNewerCalls : public Compared {};

TEST_P(WithoutNewerCalls, ItIsAsUnderBubblewrap) {
  const Case& one = GetParam();
  const HostFiles files;
  const TempDir scripts;
  const Heard theirs = play(below_filter(debians(), scripts), one, files);
  const Heard our = play(below_filter(ours(), scripts), one, files);
  EXPECT_EQ(comparable(theirs, debians(), one), comparable(our, ours(), one))
      << "  left: Debian's, right: ours: bwrap " << one.options;
}

std::vector<Case> old_kernel() {
  std::vector<Case> rows;
  for (const std::string options : {"--bind @ /h",
                                    "--ro-bind @ /h",
                                    "--dev-bind @ /h",
                                    "--ro-bind @/file /a/f",
                                    "--bind @/dir /a --ro-bind @/other /a/below",
                                    "--bind @/dir /a --remount-ro /a",
                                    "--bind-try @/missing /a",
                                    "--dir /a/b --tmpfs /a/c --chmod 0500 /a/b",
                                    "--perms 0700 --size 8192 --tmpfs /a",
                                    "--file 20 /a/b",
                                    "--perms 0600 --bind-data 20 /a",
                                    "--ro-bind-data 20 /a",
                                    "--symlink a /b/l",
                                    "--dir /a --symlink a /l --dir /l/b",
                                    "--dir /a --symlink a /l --bind @/dir /l/b",
                                    "--symlink b /a --file 20 /a",
                                    "--symlink nowhere /a --dir /a",
                                    "--symlink nowhere /a --bind @/file /a",
                                    "--bind @ /h --ro-bind-data 20 /h/dangling",
                                    "--dir /x/y --symlink x/y /l --bind @/dir /l/../z",
                                    "--dir /x/y --symlink x/y /l --tmpfs /l/../z --dir /l/../z/w",
                                    "--dir /x/y --symlink x/y /l --chmod 0711 /l/..",
                                    "--ro-bind /proc/self/root@/file /a",
                                    "--dev /dev",
                                    "--dev /dev --tmpfs /dev/shm",
                                    "--unshare-pid --proc /proc",
                                    "--unshare-all --dev /dev --mqueue /dev/mqueue",
                                    "--unshare-user --uid 0 --gid 0 --cap-add CAP_CHOWN",
                                    "--unshare-user --disable-userns",
                                    "--unshare-net",
                                    "--unshare-uts --hostname inside",
                                    "--tmpfs /a --remount-ro /a",
                                    "--new-session --unshare-pid --die-with-parent",
                                    "--unshare-pid --as-pid-1",
                                    "--ro-bind @ /h --dir /h/new",
                                    "--dir /a --remount-ro /a",
                                    "--json-status-fd 25"}) {
    rows.push_back({.rule = options,
                    .options = options,
                    .given = {{20, "twenty\n"}},
                    .heard = {25},
                    .may_differ = {{"^tree: /(a|b) dir 07[05]{2}", "the mode of parents"},
                                   {" - mqueue ", "see Namespaces"}}});
  }
  for (const std::string options : {"--ro-bind / /", "--ro-bind / / --dev /dev --tmpfs /tmp",
                                    "--ro-bind / / --bind @ @ --unshare-all"}) {
    rows.push_back({.rule = options,
                    .options = options,
                    .command = {"sh", "-c", "ls -d /usr /tmp; echo new >@/new; ls /tmp/.. | wc -l"},
                    .alone = true});
  }
  return rows;
}
INSTANTIATE_TEST_SUITE_P(Table, WithoutNewerCalls, testing::ValuesIn(old_kernel()), NameOfCase());

// mount(2) changes one mount at a time: those below are looked for by their paths, which all begin
// with that of the root.
TEST(WithoutMountApi, AReadOnlyRootHasNoWritableMountBelow) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir work;
  const std::vector<std::string> places{work.path() + "/a", work.path() + "/a/b c",
                                        work.path() + "/a/b c/d"};
  std::string script;
  for (const std::string& place : places) {
    script += "mkdir -p '" + place + "' && mount -t tmpfs a '" + place + "' && ";
  }
  const TempDir scripts;
  const auto written_to = [&](const std::string& program, const std::string& options) {
    std::string command = below_filter(program, scripts) + " " + options + " sh -c \"";
    for (const std::string& place : places) {
      command += "echo x > '" + place + "/new' && echo '" + place + "';";
    }
    const Outcome outcome = run({.argv = {"unshare", "--user", "--map-root-user", "--mount", "sh",
                                          "-c", script + command + " true\""}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return lines(outcome.out);
  };
  for (const std::string options : {"", "--unshare-user ", "--tmpfs /mnt ", "--dir /mnt/x "}) {
    EXPECT_EQ(written_to(ours(), options + "--bind / /"), places) << options << ": the control";
    EXPECT_EQ(written_to(ours(), options + "--ro-bind / /"), Argv{}) << options;
  }
  EXPECT_EQ(written_to(debians(), "--ro-bind / /"), Argv{});
}

// The walk by hand stays inside the new root as well.
TEST(WithoutOpenat2, LinksStayInTheNewRoot) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  const TempDir scripts;
  const std::string our = below_filter(ours(), scripts);
  const std::string before = files.tree();
  for (const std::string target :
       {"/oldroot@/empty", "../../../..@/empty", "/proc/self/root@/empty"}) {
    for (const std::string act : {"--dir /d/x", "--bind @/dir /d/x", "--symlink a /d/x"}) {
      const Heard heard = play(our,
                               {.rule = "",
                                .options = "--symlink " + target + " /d " + act,
                                .command = {"/probe", "quiet"}},
                               files);
      EXPECT_EQ(heard.host, before) << target << " " << act << ": " << heard.outcome.err;
    }
  }
  const Heard heard =
      play(our, {.rule = "", .options = "--dir /run --symlink /run /var/run --dir /var/run/user"},
           files);
  EXPECT_EQ(heard.outcome.code, 0) << heard.outcome.err;
  EXPECT_TRUE(contains(heard.outcome.out, "tree: /run/user dir")) << heard.outcome.out;
}

}  // namespace
}  // namespace immure::test
