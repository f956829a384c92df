// Namespaces, ids and capabilities, side by side with Debian's bubblewrap; and what is written to
// the descriptors that tell of them.
#include <unistd.h>

#include "bwrap/support.h"

namespace immure::test {
namespace {

class Namespaces : public Compared {};
TEST_P(Namespaces, AreAsUnderBubblewrap) { expect_same(GetParam()); }

std::vector<Case> each(std::initializer_list<std::string> options,
                       const std::vector<Difference>& may_differ = {}) {
  std::vector<Case> rows;
  for (const std::string& option : options) {
    rows.push_back({.rule = option, .options = option, .may_differ = may_differ});
  }
  return rows;
}

const Difference queue{" - mqueue ", "without nosuid, nodev and noexec in bubblewrap"};
// For root bubblewrap leaves it whole, and so what a set-id program could get back.
const Difference bounding{::getuid() == 0 ? "^status: CapBnd" : "^$", "the bounding set"};
const Difference parent{"^tree: /a dir ", "the mode of parents, see Mounts"};

INSTANTIATE_TEST_SUITE_P(
    Unshared, Namespaces,
    testing::ValuesIn(
        each({"--unshare-user",
              "--unshare-user-try",
              "--unshare-ipc",
              "--unshare-pid",
              "--unshare-net",
              "--unshare-uts",
              "--unshare-cgroup",
              "--unshare-cgroup-try",
              "--unshare-all",
              "--unshare-all --share-net",
              "--share-net --unshare-all",
              "--unshare-net --share-net",
              "--unshare-all --share-net --unshare-net",
              "--unshare-user --unshare-ipc --unshare-pid --unshare-net --unshare-uts",
              "--unshare-user --unshare-user-try",
              "--unshare-pid --unshare-pid",
              "--unshare-pid --dev /dev",
              "--unshare-all --dev /dev --mqueue /dev/mqueue",
              "--unshare-ipc --mqueue /a/mqueue",
              "--mqueue /mqueue"},
             {queue, parent})),
    NameOfCase());

INSTANTIATE_TEST_SUITE_P(Ids, Namespaces,
                         testing::ValuesIn(each({"--unshare-user --uid 0",
                                                 "--unshare-user --gid 0",
                                                 "--unshare-user --uid 0 --gid 0",
                                                 "--uid 0 --gid 0",
                                                 "--uid 1234 --gid 4321 --unshare-all",
                                                 "--uid 7 --dev /dev",
                                                 "--uid 0 --dev /dev --dir /d --tmpfs /t",
                                                 "--uid 2147483647 --unshare-user",
                                                 "--uid 2147483648 --unshare-user",
                                                 "--uid 4294967295 --unshare-user",
                                                 "--uid +5 --unshare-user",
                                                 "--uid 5 --uid 6",
                                                 "--gid 5 --gid 6 --gid 7",
                                                 "--uid -1",
                                                 "--gid -1",
                                                 "--uid x",
                                                 "--gid 1x",
                                                 "--uid \"\"",
                                                 "--gid 0x10",
                                                 "--unshare-uts --hostname inside",
                                                 "--hostname inside",
                                                 "--unshare-all --hostname inside",
                                                 "--unshare-uts --hostname a --hostname b",
                                                 "--unshare-uts --hostname \"\""})),
                         NameOfCase());

INSTANTIATE_TEST_SUITE_P(
    Locked, Namespaces,
    testing::ValuesIn(each({"--unshare-user --disable-userns", "--assert-userns-disabled",
                            "--unshare-user --disable-userns --assert-userns-disabled",
                            "--unshare-user --unshare-all --disable-userns --dev /dev",
                            "--unshare-user --disable-userns --uid 0 --cap-drop ALL",
                            "--unshare-user --disable-userns --unshare-pid --as-pid-1"})),
    NameOfCase());

INSTANTIATE_TEST_SUITE_P(
    Capabilities, Namespaces,
    testing::ValuesIn(each({"--cap-add ALL",
                            "--cap-add all",
                            "--cap-drop ALL",
                            "--cap-add CAP_NET_ADMIN",
                            "--cap-add cap_net_admin",
                            "--cap-add CAP_SYS_ADMIN --cap-add CAP_CHOWN",
                            "--cap-add ALL --cap-drop CAP_SYS_ADMIN",
                            "--cap-drop ALL --cap-add CAP_CHOWN",
                            "--cap-add CAP_CHOWN --cap-drop ALL",
                            "--cap-drop CAP_CHOWN",
                            "--cap-add NET_ADMIN",
                            "--cap-add CAP_NOTHING",
                            "--cap-drop nothing",
                            "--cap-add 12",
                            "--cap-add 0x0c",
                            "--cap-add 014 --cap-add 40",
                            "--cap-add ALL --cap-drop 21",
                            "--cap-add ALL --cap-drop 41 --cap-drop 63",
                            "--unshare-user --uid 0 --cap-add ALL",
                            "--unshare-user --uid 0 --cap-add CAP_CHOWN",
                            "--unshare-user --uid 0",
                            "--unshare-all --cap-add CAP_NET_ADMIN --dev /dev",
                            "--unshare-user --disable-userns --cap-add CAP_SYS_ADMIN",
                            "--unshare-pid --as-pid-1 --cap-add CAP_SYS_PTRACE --new-session"},
                           {bounding})),
    NameOfCase());

// The descriptors that tell of the sandbox.
std::vector<Case> telling(std::initializer_list<std::string> options) {
  std::vector<Case> rows = each(options);
  for (Case& row : rows) {
    row.heard = {20, 21};
    row.command = {"/probe", "quiet", "7"};
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(
    Told, Namespaces,
    testing::ValuesIn(telling(
        {"--info-fd 20", "--info-fd 20 --unshare-all", "--info-fd 20 --unshare-pid --as-pid-1",
         "--info-fd 20 --unshare-user", "--info-fd 20 --unshare-uts",
         "--info-fd 20 --unshare-cgroup --unshare-ipc", "--info-fd 20 --unshare-net",
         "--info-fd 20 --info-fd 21", "--json-status-fd 20", "--json-status-fd 20 --unshare-all",
         "--json-status-fd 20 --unshare-pid --as-pid-1", "--json-status-fd 20 --json-status-fd 21",
         "--info-fd 20 --json-status-fd 21 --unshare-all --dev /dev",
         "--info-fd 20 --json-status-fd 21 --lock-file /probe",
         "--json-status-fd 20 --die-with-parent --new-session",
         "--json-status-fd 20 --unshare-pid --dir /probe",
         "--info-fd 20 --json-status-fd 21 --chdir /missing",
         "--info-fd 20 --unshare-all --tmpfs /probe/x"})),
    NameOfCase());

const std::vector<Case> exec_fails{
    {.rule = "no exit code when the command is missing",
     .options = "--json-status-fd 20",
     .command = {"/missing"},
     .heard = {20}},
    {.rule = "no exit code when the command is missing in a pid namespace",
     .options = "--json-status-fd 20 --unshare-pid",
     .command = {"/missing"},
     .heard = {20}},
    {.rule = "no exit code when the command is a script without interpreter",
     .options = "--json-status-fd 20 --bind @/run /r",
     .command = {"/r"},
     .heard = {20}},
    {.rule = "no exit code when pid 1 can't be started",
     .options = "--json-status-fd 20 --unshare-pid --as-pid-1",
     .command = {"/missing"},
     .heard = {20}},
    {.rule = "the exit code of a killed command",
     .options = "--json-status-fd 20 --ro-bind / /",
     .command = {"sh", "-c", "kill -KILL $$"},
     .heard = {20},
     .alone = true},
    {.rule = "the exit code of a killed command in a pid namespace",
     .options = "--json-status-fd 20 --unshare-all --ro-bind / /",
     .command = {"sh", "-c", "kill -TERM $$"},
     .heard = {20},
     .alone = true},
};
INSTANTIATE_TEST_SUITE_P(ExecFails, Namespaces, testing::ValuesIn(exec_fails), NameOfCase());

// Who is root, and may do nothing with it.
class PowerlessRoot : public Both {};

TEST_P(PowerlessRoot, IsToldWhatItLacks) {
  const auto said = [](const std::string& options) {
    Argv argv{"unshare", "--user",  "--map-user=0", "setpriv", "--bounding-set",
              "-all",    program(), "--ro-bind",    "/",       "/"};
    for (const std::string& word : words(options, "")) argv.push_back(word);
    argv.emplace_back("true");
    const Outcome outcome = run({.argv = argv});
    EXPECT_EQ(outcome.code, 1) << options;
    return outcome.err;
  };
  EXPECT_EQ(said(""), "bwrap: Creating new namespace failed: Operation not permitted\n");
  EXPECT_EQ(said("--uid 0 --gid 65534"), said(""));
  EXPECT_EQ(said("--gid 0"), "bwrap: Specifying --gid requires --unshare-user or --userns\n");
}

INSTANTIATE_TEST_SUITE_P(Is, PowerlessRoot, testing::Values("Ours", "Debians"),
                         [](const auto& one) { return one.param; });

// As in a container: the kernel gives all capabilities to who makes a user namespace.
class RootOfLittle : public Both {};

TEST_P(RootOfLittle, HasNoMoreInAUserNamespaceOfItsOwn) {
  const auto sets = [](const std::string& options) {
    Argv argv{"unshare",       "--user",  "--map-root-user", "setpriv", "--bounding-set",
              "-sys_resource", program(), "--ro-bind",       "/",       "/"};
    for (const std::string& word : words(options, "")) argv.push_back(word);
    argv.insert(argv.end(), {"grep", "^Cap[PEB]", "/proc/self/status"});
    const Outcome outcome = run({.argv = argv});
    EXPECT_EQ(outcome.code, 0) << options << ": " << outcome.err;
    std::vector<std::uint64_t> masks;
    for (const std::string& line : lines(outcome.out)) {
      masks.push_back(std::stoull(line.substr(line.find('\t') + 1), nullptr, 16));
    }
    return masks;
  };
  constexpr std::uint64_t sys_resource = 1ULL << 24U;
  constexpr std::uint64_t sys_admin = 1ULL << 21U;
  for (const std::string options :
       {"", "--unshare-user", "--unshare-all", "--unshare-user --unshare-pid --as-pid-1",
        "--unshare-user --disable-userns"}) {
    const std::vector<std::uint64_t> masks = sets(options);
    ASSERT_EQ(masks.size(), 3U) << options;
    for (const std::uint64_t mask : masks) {
      EXPECT_EQ(mask & sys_resource, 0U) << options;
      EXPECT_NE(mask & sys_admin, 0U) << options << ": what it has stays";
    }
  }
  EXPECT_NE(sets("--unshare-user --cap-add ALL").at(0) & sys_resource, 0U) << "the control";
}

INSTANTIATE_TEST_SUITE_P(Is, RootOfLittle, testing::Values("Ours", "Debians"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace immure::test
