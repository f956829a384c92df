// Its failure is not the command's: whose an exit code is, the command does not decide.
#include <fcntl.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P23ItsOwnFailure : public AttackTest {
 protected:
  // With descriptor 9 on a file, and what is in the file afterwards.
  std::string events(Program program) const {
    const std::string file = directory_.path() + "/events";
    program.before_exec = [file] { open_as(9, file, O_WRONLY | O_CREAT | O_TRUNC); };
    (void)run(program);
    return read_file(file);
  }

  TempDir directory_;
};

TEST_F(P23ItsOwnFailure, ACommandCannotPassForImmure) {
  for (const std::string code : {"124", "125", "126", "127"}) {
    const Argv exits{"sh", "-c", "exit " + code};
    const Outcome alone = run({.argv = exits});
    const std::string told = events(immure_run({"--status-fd", "9"}, exits));
    expect_held({.promise = 23,
                 .attack = "exit with " + code,
                 .control = std::to_string(alone.code) == code ? "ok" : "another code",
                 .inside = contains(told, "\"by\":\"target\",\"reason\":\"exit\",\"code\":" + code)
                               ? "told apart"
                               : told},
                {"told apart"});
  }
}

TEST_F(P23ItsOwnFailure, ACommandWritesNoEvents) {
  const Argv forges{"sh", "-c",
                    "echo forged >&9; for i in /proc/1/fd/* /proc/self/fd/*; do "
                    "{ echo forged >> $i; } 2>/dev/null; done"};
  const auto forged = [&](const Program& program) {
    return contains(events(program), "forged") ? "ok" : "not forged";
  };
  expect_held({.promise = 23,
               .attack = "write an event",
               .control = forged({.argv = forges}),
               .inside = forged(immure_run({"--status-fd", "9"}, forges))},
              {"not forged"});
}

}  // namespace
}  // namespace immure::test
