// A file that the caller opened to be read cannot be written to through its descriptor, nor one
// that he opened to be written be read; not even by the way of /proc/self/fd. With Landlock and
// without.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P04StandardFiles : public AttackTest {
 protected:
  static Program with_file(Program program, int fd, const std::string& path, int flags) {
    program.before_exec = [=] { open_as(fd, path, flags); };
    return program;
  }

  // What the act says about a file at `fd`; where it is standard output, in the file itself.
  std::string act_on(int fd, int flags, const Argv& act, const Argv* options) const {
    const std::string path = directory_.write("file", "secret\n");
    Argv command{IMMURE_ATTACK_PAYLOAD, act[0], std::to_string(fd)};
    command.insert(command.end(), act.begin() + 1, act.end());
    const Program program =
        options == nullptr ? Program{.argv = command} : immure_run(*options, command);
    const std::string answer = said(with_file(program, fd, path, flags));
    return fd == 1 ? lines(read_file(path)).back() : answer;
  }

  void expect_no_more(int fd, int flags, const Argv& act,
                      std::initializer_list<std::string> refusals) const {
    std::string attack;
    for (const std::string& word : act) attack += word + ' ';
    expect_held({.promise = 4,
                 .attack = attack + std::to_string(fd),
                 .control = act_on(fd, flags, act, nullptr),
                 .inside = act_on(fd, flags, act, &without_landlock_)},
                refusals);
  }

  TempDir directory_;
  Argv without_landlock_{"--set", "landlock.mode=off"};
};

TEST_F(P04StandardFiles, AFileToBeReadIsNotWrittenTo) {
  expect_no_more(0, O_RDONLY, {"open-again", "w"}, {"EROFS"});
  expect_no_more(0, O_RDONLY, {"open-again", "rw"}, {"EROFS"});
  expect_no_more(0, O_RDONLY, {"truncate-again"}, {"EROFS"});
  expect_no_more(0, O_RDONLY, {"change-mode"}, {"EROFS"});
}

TEST_F(P04StandardFiles, AFileToBeWrittenIsNotRead) {
  for (const int fd : {1, 2}) {
    expect_no_more(fd, O_WRONLY | O_APPEND, {"read-again"}, {"EAGAIN"});
  }
}

}  // namespace
}  // namespace immure::test
