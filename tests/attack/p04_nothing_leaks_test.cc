// Nothing inherited leaks: no descriptor, no directory that one leads to.
#include <fcntl.h>
#include <unistd.h>

#include "attack/attack.h"

namespace immure::test {
namespace {

class P04NothingLeaks : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    directory_.write("secret", "secret\n");
  }
  // With the directory open as descriptor `fd`, as a careless caller leaves it.
  std::string with_leak(Argv argv, int fd) const {
    const std::string path = directory_.path();
    Program program{.argv = std::move(argv), .cwd = "/"};
    program.before_exec = [=] { open_as(fd, path, O_RDONLY | O_DIRECTORY); };
    return said(program);
  }

  TempDir directory_;
};

TEST_F(P04NothingLeaks, ADirectoryThatTheCallerLeftOpen) {
  for (const int fd : {3, 7, 8, 100, 900}) {
    const Argv open = payload({"open-at", std::to_string(fd), "secret"});
    expect_held({.promise = 4,
                 .attack = "open through the inherited descriptor " + std::to_string(fd),
                 .control = with_leak(open, fd),
                 .inside = with_leak(immure_run({}, open).argv, fd)},
                {"EBADF"});
  }
}

// runc CVE-2024-21626: a descriptor of the host as the directory to start in.
TEST_F(P04NothingLeaks, ADescriptorAsTheCurrentDirectory) {
  const Argv read = payload({"read", "secret"});
  for (const int fd : {3, 7, 8}) {
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    Argv shell{"sh", "-c", "cd " + link + " && exec \"$@\"", "sh"};
    shell.insert(shell.end(), read.begin(), read.end());
    const std::string control = with_leak(shell, fd);
    for (const Argv& options : {Argv{"-C", link}, Argv{"--set", "process.cwd=\"" + link + "\""}}) {
      const std::string started = with_leak(immure_run(options, read).argv, fd);
      expect_held({.promise = 4,
                   .attack = "start in descriptor " + std::to_string(fd) + " by " + options[0],
                   .control = control,
                   .inside = contains(started, "(exit 125)") ? "125" : started},
                  {"125", "ENOENT"});
    }
  }
}

TEST_F(P04NothingLeaks, ALinkToADescriptorAsTheCurrentDirectory) {
  const TempDir project;
  const std::string link = project.path() + "/link";
  ASSERT_EQ(::symlink("/proc/self/fd/7", link.c_str()), 0);
  const Argv read = payload({"read", link + "/secret"});
  const Argv here = payload({"read", "secret"});
  const std::string control = with_leak(read, 7);
  for (const Argv& options : {Argv{"--ro", project.path(), "-C", link}, Argv{"--ro", link}}) {
    const std::string started = with_leak(immure_run(options, here).argv, 7);
    expect_held({.promise = 4,
                 .attack = "a link to a descriptor by " + options[options.size() - 2],
                 .control = control,
                 .inside = contains(started, "(exit 125)") ? "125" : started},
                {"125", "ENOENT"});
  }
}

// What a directory, or a file that only names one, is to a program that reads it: a way out.
TEST_F(P04NothingLeaks, AStandardDescriptorThatIsADirectory) {
  const Argv open = payload({"open-at", "0", "secret"});
  for (const int flags : {O_RDONLY | O_DIRECTORY, O_PATH}) {
    const auto with_input = [&](const Argv& argv) {
      const std::string path = directory_.path();
      Program program{.argv = argv, .cwd = "/"};
      program.before_exec = [=] { open_as(0, path, flags); };
      return said(program);
    };
    const std::string started = with_input(immure_run({}, open).argv);
    expect_held({.promise = 4,
                 .attack = flags == O_PATH ? "a standard input that only names a directory"
                                           : "a standard input that is a directory",
                 .control = with_input(open),
                 .inside = contains(started, "(exit 125)") ? "125" : started},
                {"125"});
  }
}

}  // namespace
}  // namespace immure::test
