// Where the kernel or an outer sandbox refuses a call, the sandbox is as strong, or the start fails
// and says why. A preloaded filter plays the outer sandbox.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ostream>

#include "support/immure.h"

namespace immure::test {
namespace {

struct Refusal {
  const char* name;
  std::vector<unsigned> calls;
  unsigned errnum;
};

const std::vector<Refusal>& refusals() {
  static const std::vector<Refusal> all{
      {.name = "openat2", .calls = {SYS_openat2}, .errnum = ENOSYS},
      {.name = "mount_setattr", .calls = {SYS_mount_setattr}, .errnum = ENOSYS},
      {.name = "new_mount_api",
       .calls = {SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_open_tree, SYS_move_mount,
                 SYS_mount_setattr},
       .errnum = ENOSYS},
      {.name = "new_mount_api_eperm",
       .calls = {SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_open_tree, SYS_move_mount,
                 SYS_mount_setattr},
       .errnum = EPERM},
      {.name = "pivot_root", .calls = {SYS_pivot_root}, .errnum = EPERM},
      {.name = "close_range", .calls = {SYS_close_range}, .errnum = ENOSYS},
      {.name = "clone3", .calls = {SYS_clone3}, .errnum = ENOSYS},
      {.name = "pidfd", .calls = {SYS_pidfd_open, SYS_pidfd_send_signal}, .errnum = ENOSYS},
      {.name = "all",
       .calls = {SYS_openat2, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_open_tree,
                 SYS_move_mount, SYS_mount_setattr, SYS_close_range, SYS_pivot_root,
                 SYS_landlock_create_ruleset},
       .errnum = ENOSYS}};
  return all;
}

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

// From now on these calls answer errnum in this process and its children.
void refuse(const Refusal& refusal) {
  std::vector<sock_filter> program{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offsetof(seccomp_data, nr)))};
  for (const unsigned call : refusal.calls) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | refusal.errnum));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    ::abort();
  }
}

class Fallback : public testing::TestWithParam<Refusal> {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    directory_.write("project/file", "content\n");
    directory_.write("other/secret", "secret\n");
  }
  Outcome under(Argv options, const std::string& script) const {
    Program program = immure_sh(std::move(options), script, directory_.path() + "/project");
    program.before_exec = [] { refuse(GetParam()); };
    return run(program);
  }
  TempDir directory_;
};

TEST_P(Fallback, TheSandboxIsAsStrong) {
  const std::string other = directory_.path() + "/other";
  const std::string script =
      "echo new > new; echo x > /t/x; cat file " + other + "/secret /t/x 2>/dev/null\n" +
      "for target in " + other + "/new /usr/new /new; do\n" +
      "  (echo x > $target) 2>&1 | grep -o 'Read-only file system'\n" + "done\n" +
      "ls /etc/shadow /boot /root 2>/dev/null; ls -d /proc/[0-9]* | wc -l | grep -qx '[2-6]'\n" +
      "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp:)' /proc/self/status | cut -f2";
  const Outcome outcome =
      under({"-w", "--ro", other, "--tmpfs", "/t", "--hide", directory_.path() + "/project/file"},
            script);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string zero = "0000000000000000\n";
  const std::string refused = "Read-only file system\n";
  EXPECT_EQ(outcome.out, "secret\nx\n" + refused + refused + refused + zero + zero + "1\n2\n")
      << outcome.err;
  EXPECT_EQ(read_file(directory_.path() + "/project/new"), "new\n");
  EXPECT_FALSE(exists(other + "/new"));
}

TEST_P(Fallback, NosuidAndNodevStandOnEveryMountAndNothingOfTheHostStays) {
  const Outcome outcome =
      under({},
            "grep -vE 'nosuid' /proc/self/mountinfo; grep -c . /proc/self/mountinfo; "
            "grep -cE 'shared:|master:' /proc/self/mountinfo");
  const std::vector<std::string> said = lines(outcome.out);
  ASSERT_EQ(said.size(), 2U) << "a mount without nosuid: " << outcome.out << outcome.err;
  EXPECT_LT(std::stoi(said[0]), 80);
  EXPECT_EQ(said[1], "0") << "mounts of the host can appear inside";
}

TEST_P(Fallback, AReadOnlyBindIsReadOnlyInTheMountsBelowIt) {
  const std::string project = directory_.path() + "/project";
  directory_.write("project/below/x", "");
  const std::string script = "mount -t tmpfs none below && exec " + binary() +
                             " run -- sh -c 'echo x > below/new; grep /below /proc/mounts'";
  Program program{
      .argv = {"unshare", "-Um", "--map-current-user", "--keep-caps", "sh", "-c", script},
      .cwd = project};
  program.before_exec = [] {
    if (GetParam().calls.front() != SYS_clone3) refuse(GetParam());
  };
  const Outcome outcome = run(program);
  EXPECT_TRUE(contains(outcome.err, "Read-only file system")) << outcome.out << outcome.err;
  EXPECT_TRUE(contains(outcome.out, "tmpfs ro,nosuid,nodev")) << outcome.out << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(Calls, Fallback, testing::ValuesIn(refusals()),
                         [](const auto& refusal) { return std::string(refusal.param.name); });

// The command in a container of ours whose /proc has a covered file, as Docker's has.
Argv in_container(const std::string& command) {
  return {"unshare",
          "-Um",
          "--map-current-user",
          "--keep-caps",
          "sh",
          "-c",
          "mount --bind /dev/null /proc/version && exec \"$0\" " + command,
          binary()};
}

TEST(MaskedProc, IsAClearErrorWithARemedy) {
  IMMURE_REQUIRE_SANDBOX();
  const Outcome outcome = run({.argv = in_container("run -- true")});
  EXPECT_EQ(outcome.code, 125) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "error[E402]")) << outcome.err;
  EXPECT_TRUE(contains(outcome.err, "root.proc")) << outcome.err;
  const Outcome doctor = run({.argv = in_container("doctor")});
  EXPECT_EQ(doctor.code, 1) << doctor.out;
  EXPECT_TRUE(contains(doctor.out, "missing  a fresh /proc")) << doctor.out;
}

TEST(MaskedProc, IsLivedWithByProcNoneAndProcHost) {
  IMMURE_REQUIRE_SANDBOX();
  const Outcome without =
      run({.argv = in_container("run --set root.proc=none -- sh -c 'ls -A /proc | wc -l'")});
  EXPECT_EQ(without.code, 0) << without.err;
  EXPECT_EQ(without.out, "0\n");
  const Outcome with = run(
      {.argv = in_container("run --set root.proc=host -- sh -c 'test -e /proc/stat && echo there; "
                            "(echo x > /proc/sys/kernel/domainname) 2>/dev/null || "
                            "echo read-only'")});
  EXPECT_EQ(with.out, "there\nread-only\n") << with.err;
}

TEST(NoUserNamespaces, IsAClearErrorThatNamesDoctor) {
  IMMURE_REQUIRE_SANDBOX();
  const std::string script =
      "echo 0 > /proc/sys/user/max_user_namespaces && exec " + binary() + " run -- true";
  const Outcome outcome =
      run({.argv = {"unshare", "-U", "--map-current-user", "--keep-caps", "sh", "-c", script}});
  EXPECT_EQ(outcome.code, 125) << outcome.out;
  EXPECT_EQ(outcome.err,
            "immure: error[E400]: can't create the sandbox's namespaces: No space left on device "
            "(ENOSPC) (user.max_user_namespaces is 0: none may be made)\n"
            "  help: sudo sysctl -w user.max_user_namespaces=15000\n"
            "  more: immure doctor\n");
}

}  // namespace
}  // namespace immure::test
