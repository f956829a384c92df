// No privilege is ever gained or needed: not by the ids, not by capabilities, not by set-id files.
#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P01NoPrivilege : public AttackTest {};

Argv as_root_of_a_namespace(const Argv& command) {
  Argv argv{"unshare", "--user", "--map-root-user"};
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

TEST_F(P01NoPrivilege, TheCallsThatGiveSomeAreRefused) {
  const Argv root{"--set", "user.uid=0", "--set", "user.gid=0"};
  const auto try_it = [&](const std::string& act, const std::string& refusal, const Argv& options) {
    expect_held({.promise = 1,
                 .attack = act + (options.empty() ? "" : " as root inside"),
                 .control = outside(as_root_of_a_namespace(payload({act}))),
                 .inside = inside(payload({act}), options)},
                {refusal});
  };
  for (const Argv& options : {Argv{}, root}) {
    try_it("take-capabilities", "EPERM", options);
    try_it("make-ambient", "EPERM", options);
    try_it("change-secure-bits", "EPERM", options);
  }
  try_it("become-root", "EINVAL", {});
}

TEST_F(P01NoPrivilege, ASetIdProgramOfTheSystemGivesNothing) {
  if (::getuid() == 0) GTEST_SKIP() << "root already";
  expect_refused(1, "run su", payload({"run-set-id", "/usr/bin/su", "-c", "true"}), {"as before"});
  expect_refused(1, "run passwd", payload({"run-set-id", "/usr/bin/passwd"}), {"as before"});
}

// A file that root of our own user namespace gave a capability counts in every namespace with the
// same root, so also in a sandbox where we are root.
TEST_F(P01NoPrivilege, AFileCapabilityGivesNothing) {
  if (::getuid() == 0) GTEST_SKIP() << "root already";
  const TempDir directory;
  const std::string file = directory.path() + "/file";
  ASSERT_EQ(run({.argv = {"cp", IMMURE_ATTACK_PAYLOAD, file}}).code, 0);
  ASSERT_EQ(outside(as_root_of_a_namespace(payload({"give-file-capability", file}))), "ok");
  const Argv use = payload({"run-file-with-capability", file});
  expect_held({.promise = 1,
               .attack = "run a file with a capability",
               .control = outside(as_root_of_a_namespace(use)),
               .inside = inside(use, {"--ro", file, "--set", "user.uid=0", "--set", "user.gid=0"})},
              {"none"});
}

TEST_F(P01NoPrivilege, ASetIdBitIsNotPlantedInAWritableDirectory) {
  const TempDir directory;
  const std::string file = directory.path() + "/file";
  std::vector<std::string> ways{"open",  "openat", "openat2",  "creat",
                                "mknod", "fchmod", "fchmodat", "fchmodat2"};
  // Linux 6.6 has the last one.
  if (outside(payload({"create-set-id", file, ways.back()})) == "ENOSYS") ways.pop_back();
  for (const std::string& how : ways) {
    for (const std::string base : {"standard", "strict"}) {
      // The mode of openat2(2) is behind a pointer, where no filter looks.
      expect_refused(1, "a set-id file by " + how + " under " + base,
                     payload({"create-set-id", file, how}), {how == "openat2" ? "ENOSYS" : "EPERM"},
                     {"--rw", directory.path(), "--set", "seccomp.base=" + base});
    }
  }
}

// What a set-id immure would do with rights that its caller does not have.
TEST_F(P01NoPrivilege, ImmureDoesNotStartWithTheRightsOfAnotherGroup) {
  std::vector<gid_t> groups(64);
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  gid_t other = ::getgid();
  for (int i = 0; i < count; ++i) {
    if (groups[static_cast<std::size_t>(i)] != ::getgid())
      other = groups[static_cast<std::size_t>(i)];
  }
  IMMURE_REQUIRE(other != ::getgid(), "the user is in no second group");
  const TempDir directory;
  const std::string copy = directory.path() + "/immure";
  ASSERT_EQ(run({.argv = {"cp", binary(), copy}}).code, 0);
  ASSERT_EQ(::chown(copy.c_str(), ::getuid(), other), 0);
  const Argv start{copy, "run", "--", "echo", "ok"};
  const std::string control = outside(start, "/");
  ASSERT_EQ(::chmod(copy.c_str(), 02755), 0);
  const Outcome set_id = run({.argv = start, .cwd = "/"});
  expect_held({.promise = 1,
               .attack = "start a set-id immure",
               .control = control,
               .inside = set_id.out.empty() ? std::to_string(set_id.code) : set_id.out},
              {"125"});
}

}  // namespace
}  // namespace immure::test
