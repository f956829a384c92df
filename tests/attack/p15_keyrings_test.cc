// Kernel keyrings are empty, and closed.
#include "attack/attack.h"

namespace immure::test {
namespace {

class P15Keyrings : public AttackTest {
 protected:
  // In a session with a key, which the session's keyring or the user's holds.
  static std::string with_key(const std::string& where, const Argv& command) {
    Argv argv = payload({"with-key", "immure-attack-key", where});
    argv.insert(argv.end(), command.begin(), command.end());
    return said({.argv = argv});
  }
};

TEST_F(P15Keyrings, AKeyOfTheSessionOrTheUserIsNotFound) {
  for (const std::string where : {"session", "user"}) {
    const Argv find = payload({"find-key", "immure-attack-key", where});
    expect_held({.promise = 15,
                 .attack = "find a key of the " + where,
                 .control = with_key(where, find),
                 .inside = with_key(where, immure_run({}, find).argv)},
                {"ENOSYS"});
    // Without the filter it is the new session and the user namespace that keep it out of sight.
    expect_held({.promise = 15,
                 .attack = "find a key of the " + where + " without the filter",
                 .control = with_key(where, find),
                 .inside = with_key(where, immure_run({"--set", "seccomp.base=none"}, find).argv)},
                {"ENOKEY", "EACCES"});
  }
}

TEST_F(P15Keyrings, NoKeyIsAdded) {
  expect_refused(15, "add a key", payload({"add-key", "immure-attack-key"}), {"ENOSYS"});
  expect_refused(15, "add a key with all capabilities", payload({"add-key", "immure-attack-key"}),
                 {"ENOSYS"}, {"--set", "caps.keep=[\"ALL\"]"});
}

}  // namespace
}  // namespace immure::test
