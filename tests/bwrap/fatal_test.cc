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

}  // namespace
}  // namespace immure::test
