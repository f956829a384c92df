// What is asked for and cannot be had, or only seems to have been had, is an error: the command
// does not run. A filter around the launcher refuses one call, or says that it was done.
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "bwrap/calls.h"
#include "bwrap/support.h"

namespace immure::test {
namespace {

struct Row {
  std::string rule;
  long call;
  unsigned first_argument;
  int errnum;
  std::string options;
};

void PrintTo(const Row& one, std::ostream* to) { *to << one.rule << ": " << one.options; }

class Fatal : public testing::TestWithParam<Row> {};

TEST_P(Fatal, IsWhatCannotBeHad) {
  IMMURE_REQUIRE_SANDBOX();
  const Row& one = GetParam();
  Argv options{"--ro-bind", probe(), "/probe"};
  for (const std::string& word : words(one.options, "")) options.push_back(word);
  Program program = started(ours(), options, {"/probe", "quiet"});
  ASSERT_EQ(run(program).out, "ran\n") << "the control";
  program.before_exec = [&] {
    refuse({.call = one.call, .first_argument = one.first_argument, .errnum = one.errnum});
  };
  const Outcome outcome = run(program);
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  EXPECT_EQ(outcome.out, "") << "the command ran";
  EXPECT_TRUE(outcome.err.starts_with("bwrap: ")) << outcome.err;
}

const std::vector<Row> refusals{
    {"a bounding set that cannot be cut", SYS_prctl, PR_CAPBSET_DROP, EPERM,
     "--unshare-pid --cap-drop ALL"},
    {"a bounding set that only seems to be cut", SYS_prctl, PR_CAPBSET_DROP, nothing_done,
     "--unshare-pid --cap-drop ALL"},
    {"a bounding set that cannot be cut, with uid 0", SYS_prctl, PR_CAPBSET_DROP, EPERM,
     "--unshare-user --uid 0 --cap-drop ALL"},
    {"capabilities that cannot be dropped", SYS_capset, any_value, EPERM,
     "--unshare-user --cap-drop ALL"},
    {"capabilities that only seem to be dropped", SYS_capset, any_value, nothing_done,
     "--unshare-user --cap-drop ALL"},
    {"no death with the parent", SYS_prctl, PR_SET_PDEATHSIG, EINVAL,
     "--unshare-pid --die-with-parent"},
    {"no session", SYS_setsid, any_value, EPERM, "--new-session"},
    {"no name", SYS_sethostname, any_value, EPERM, "--unshare-uts --hostname x"},
    // EPERM is also what an outer sandbox says of a call that it does not know: the older ones do
    // it.
    {"flags of a mount that cannot be set", SYS_mount_setattr, any_value, EINVAL,
     "--ro-bind /usr /usr"},
    {"flags of a mount that only seem to be set", SYS_mount_setattr, any_value, nothing_done,
     "--ro-bind /usr /usr"},
    {"a mount that cannot be moved", SYS_move_mount, any_value, EPERM, "--ro-bind /usr /usr"},
    {"a mount that only seems to be moved", SYS_move_mount, any_value, nothing_done,
     "--tmpfs /usr"},
    {"no change of directory", SYS_chdir, any_value, EACCES, "--dir /a --chdir /a"},
    {"no root of its own", SYS_pivot_root, any_value, EPERM, "--unshare-pid"},
    {"a root of its own that only seems to be", SYS_pivot_root, any_value, nothing_done,
     "--unshare-pid"},
    {"no clone", SYS_clone3, any_value, EPERM, "--unshare-pid"},
};
INSTANTIATE_TEST_SUITE_P(If, Fatal, testing::ValuesIn(refusals),
                         [](const auto& one) { return test_name(one.param.rule, one.index + 1); });

// A kernel that has one more capability than there are names for, in every bounding set.
class NewerKernel : public testing::Test {
 protected:
  static constexpr unsigned long newest = 41;

  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    if (::prctl(PR_CAPBSET_READ, newest, 0, 0, 0) >= 0) GTEST_SKIP() << "this one has it";
  }

  // `can_drop`: what is dropped is gone.
  Outcome start(const std::string& options, bool can_drop) {
    HeldCalls calls(SYS_prctl);
    Argv all{"--ro-bind", probe(), "/probe"};
    for (const std::string& word : words(options, "")) all.push_back(word);
    Program program = started(ours(), all, {"/probe", "quiet"});
    program.before_exec = [&calls] { calls.hold(); };
    Running running(program);
    bool there = true;
    dropped_ = false;
    while (const auto call = calls.next()) {
      const bool is_newest = call->arguments[1] == newest;
      if (is_newest && call->arguments[0] == PR_CAPBSET_READ) {
        calls.answer(*call, there ? 1 : 0);
      } else if (is_newest && call->arguments[0] == PR_CAPBSET_DROP) {
        dropped_ = true;
        there = !can_drop;
        calls.answer(*call, nothing_done);
      } else {
        calls.go_on(*call);
      }
    }
    return running.wait();
  }

  bool dropped_ = false;
};

TEST_F(NewerKernel, ItsCapabilitiesAreDroppedToo) {
  for (const std::string options :
       {"--unshare-user --cap-drop ALL", "--unshare-user --cap-drop 41 --unshare-pid",
        "--unshare-user --cap-add ALL --cap-drop 41"}) {
    const Outcome outcome = start(options, true);
    EXPECT_EQ(outcome.out, "ran\n") << options << ": " << outcome.err;
    EXPECT_TRUE(dropped_) << options;
  }
}

TEST_F(NewerKernel, ItsCapabilitiesThatOnlySeemToBeDroppedAreFatal) {
  const Outcome outcome = start("--unshare-user --cap-drop ALL", false);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "") << "the command ran";
  EXPECT_EQ(outcome.err, "bwrap: capset failed: Protocol error\n");
}

}  // namespace
}  // namespace immure::test
