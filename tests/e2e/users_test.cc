// Who the command is: names, groups, and more ids than one.
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/inside.h"

namespace immure::test {
namespace {

class Users : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

// The file gives our user ids of its own, and the helpers are there.
bool has_subordinate_ids() {
  const std::string name = trimmed(run({.argv = {"id", "-un"}}).out);
  return installed("newuidmap") && installed("newgidmap") &&
         contains("\n" + read_file("/etc/subuid"), "\n" + name + ":") &&
         contains("\n" + read_file("/etc/subgid"), "\n" + name + ":");
}

const Argv kAllIds{"--set", "user.uid_map=subid", "--set", "user.gid_map=subid",
                   "--set", "user.uid=0",         "--set", "user.gid=0"};

TEST_F(Users, ANameIsThatOfTheCommandEverywhere) {
  EXPECT_EQ(inside("id -un; echo $USER $LOGNAME", {"--set", "user.name=guest"}),
            "guest\nguest guest");
  const Outcome bad = in_sandbox({"--set", "user.name=a:b"}, "true");
  EXPECT_EQ(bad.code, 125);
  EXPECT_TRUE(contains(bad.err, "E341")) << bad.err;
}

TEST_F(Users, TheFilesOfUsersAreMadeUpOrTheHostsOrNone) {
  const std::string look = "cat /etc/passwd /etc/group";
  const std::string made = inside(look, {"--set", "user.passwd=minimal"});
  EXPECT_TRUE(contains(made, "nobody:x:65534:")) << made;
  EXPECT_FALSE(contains(made, "daemon")) << made;
  EXPECT_EQ(inside(look, {"--set", "user.passwd=host"}),
            trimmed(read_file("/etc/passwd") + read_file("/etc/group")));
  EXPECT_EQ(inside("ls /etc/passwd /etc/group 2>/dev/null | wc -l", {"--set", "user.passwd=none"}),
            "0");
  EXPECT_EQ(inside("echo x 2>/dev/null >> /etc/passwd && echo written || echo no",
                   {"--set", "user.passwd=host"}),
            "no");
}

TEST_F(Users, GroupsThatCannotBeDroppedAreNamed) {
  const std::string outside = trimmed(run({.argv = {"id", "-G"}}).out);
  IMMURE_REQUIRE(contains(outside, " "), "the user has no supplementary group");
  EXPECT_TRUE(contains(inside("id -G", {}), "65534"));
  const Outcome note = in_sandbox({"--set", "user.groups=drop"}, "true");
  EXPECT_EQ(note.code, 0);
  EXPECT_TRUE(contains(note.err, "can't drop")) << note.err;
  EXPECT_EQ(in_sandbox({"--set", "user.groups=keep"}, "true").err, "");
  const Outcome explained = run({.argv = {binary(), "explain", "true"}});
  EXPECT_TRUE(contains(explained.out, "other groups: kept: ")) << explained.out;
}

TEST_F(Users, SubordinateIdsStandForManyAndDropTheGroups) {
  IMMURE_REQUIRE(has_subordinate_ids(), "no newuidmap, or no ids in /etc/subuid");
  EXPECT_EQ(inside("id -u; id -G; wc -l < /proc/self/uid_map; cat /proc/self/setgroups", kAllIds),
            "0\n0\n2\nallow");
  Argv keep = kAllIds;
  keep.insert(keep.end(), {"--set", "caps.keep=[\"CAP_CHOWN\"]"});
  EXPECT_EQ(inside("touch /tmp/x && chown 5:6 /tmp/x && stat -c %u:%g /tmp/x", keep), "5:6");
  EXPECT_EQ(inside("touch /tmp/x && chown 5:6 /tmp/x 2>/dev/null && echo changed || echo refused",
                   kAllIds),
            "refused")
      << "the ids alone give no right";
  EXPECT_EQ(inside("touch /tmp/x && chown 5:6 /tmp/x 2>/dev/null && echo changed || echo refused",
                   {"--set", "caps.keep=[\"CAP_CHOWN\"]"}),
            "refused")
      << "the right alone gives no ids";
  keep = kAllIds;
  keep.insert(keep.end(), {"--set", "user.groups=keep"});
  if (contains(trimmed(run({.argv = {"id", "-G"}}).out), " ")) {
    EXPECT_TRUE(contains(inside("id -G", keep), "65534"));
  }
}

TEST_F(Users, OneIdInAListNeedsNoHelper) {
  const std::string uid = std::to_string(::getuid());
  EXPECT_EQ(inside("id -u; cat /proc/self/setgroups",
                   {"--set", "user.uid_map=[{ inside = 12, outside = " + uid + " }]"}),
            "12\ndeny");
}

TEST_F(Users, IdsOfOthersAreRefusedWithTheCommandThatGivesThem) {
  const std::string uid = std::to_string(::getuid());
  const Outcome outcome = in_sandbox({"--set", "user.uid_map=[{ inside = 1, outside = " + uid +
                                                   " }, { inside = 0, outside = 4200000000 }]"},
                                     "true");
  EXPECT_EQ(outcome.code, 125);
  EXPECT_TRUE(contains(outcome.err, "E341")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "sudo usermod --add-subuids 4200000000-4200000000"))
      << outcome.err;
}

TEST_F(Users, AHelperThatMayNotIsAnErrorAndNothingIsLeft) {
  IMMURE_REQUIRE(has_subordinate_ids(), "no newuidmap, or no ids in /etc/subuid");
  // Where no program gains rights, the helper cannot either.
  Program program = immure_run(kAllIds, {"sleep", "271828"});
  program.argv.insert(program.argv.begin(), {"setpriv", "--no-new-privs"});
  if (::getuid() == 0) GTEST_SKIP() << "root needs no rights from the file";
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 125) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "E462")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "newuidmap")) << outcome.err;
  EXPECT_TRUE(all_gone("271828"));
}

// Root whose capabilities are its namespace's alone, started in itself.
TEST_F(Users, RootInsideItselfIsToldWhatItLacks) {
  const Argv nested{"--set", "namespaces.nested={user=4,mnt=4,pid=4,ipc=4,uts=4,net=4,cgroup=4}",
                    "--set", "user.uid=0",
                    "--set", "user.gid=0"};
  Program program = immure_run(nested, {binary(), "run", "--", "true"});
  const Outcome refused = run(program);
  EXPECT_EQ(refused.code, 125) << refused.out;
  EXPECT_TRUE(contains(refused.err, "CAP_SETFCAP")) << refused.err;
  Argv with = nested;
  with.insert(with.end(), {"--set", "caps.keep=[\"CAP_SETFCAP\"]"});
  const Outcome works = run(immure_run(with, {binary(), "run", "--", "id", "-u"}));
  EXPECT_EQ(works.code, 0) << works.err;
  EXPECT_EQ(trimmed(works.out), "0");
}

}  // namespace
}  // namespace immure::test
