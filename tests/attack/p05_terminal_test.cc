// The caller's terminal is safe: nothing is pushed into it that the user's shell would read.
#include "attack/attack.h"
#include "support/terminal.h"

namespace immure::test {
namespace {

class P05Terminal : public AttackTest {
 protected:
  static std::string on_terminal(const Argv& command) {
    Argv argv = payload({"with-terminal"});
    argv.insert(argv.end(), command.begin(), command.end());
    return said({.argv = argv});
  }
  static void expect_refused_on_terminal(const std::string& attack, const Argv& command,
                                         const Argv& options = {}) {
    expect_held({.promise = 5,
                 .attack = attack,
                 .control = on_terminal(command),
                 .inside = on_terminal(immure_run(options, command).argv)},
                {"EPERM"});
  }
};

// bubblewrap CVE-2017-5226 and CVE-2023-28100.
TEST_F(P05Terminal, NoInputIsPushedNorPasted) {
  expect_refused_on_terminal("TIOCSTI", payload({"push-input"}));
  expect_refused_on_terminal("TIOCLINUX", payload({"paste-selection"}));
  expect_refused_on_terminal("TIOCSETD", payload({"set-discipline"}));
}

// bubblewrap CVE-2019-10063: the kernel reads the low 32 bits of the request, a filter that
// compares all 64 does not know it.
TEST_F(P05Terminal, NorWithSomethingAboveTheBitsThatTheKernelReads) {
  for (const std::string above : {"1", "0x80000000", "0xffffffff"}) {
    expect_refused_on_terminal("TIOCSTI above " + above, payload({"push-input", above}));
    expect_refused_on_terminal("TIOCLINUX above " + above, payload({"paste-selection", above}));
    expect_refused_on_terminal("TIOCSETD above " + above, payload({"set-discipline", above}));
  }
}

// The calls of i386 have other numbers, and where they are allowed a filter of their own. Elsewhere
// the command is killed before it could say anything.
TEST_F(P05Terminal, NorByTheCallsOfAnotherArchitecture) {
  const Argv push = payload({"push-input-32"});
  IMMURE_REQUIRE(on_terminal(push) == "ok", "this kernel has no calls of i386");
  expect_refused_on_terminal("TIOCSTI by i386", push, {"--allow", "32bit"});
  expect_held({.promise = 5,
               .attack = "TIOCSTI by i386 that was not allowed",
               .control = on_terminal(push),
               .inside = on_terminal(immure_run({}, push).argv)},
              {""});
}

TEST_F(P05Terminal, NorByTheStricterFilterOrWithCapabilities) {
  expect_refused_on_terminal("TIOCSTI under strict", payload({"push-input", "1"}),
                             {"--set", "seccomp.base=strict"});
  expect_refused_on_terminal("TIOCSTI with all capabilities", payload({"push-input"}),
                             {"--set", "caps.keep=[\"ALL\"]"});
}

// It is a file of the user's own, who may open it to others, and so may whoever has it.
TEST_F(P05Terminal, ASharedOneIsNotLeftOpenToOthers) {
  const auto after = [](const Argv& command) {
    Argv argv{"sh", "-c",
              "\"$@\" > /dev/null; case $(stat -L -c %a /proc/self/fd/0) in "
              "*[2367]) echo it is ok;; *) echo it is closed;; esac",
              "sh"};
    argv.insert(argv.end(), command.begin(), command.end());
    Terminal terminal(argv);
    terminal.wait();
    const std::string& said = terminal.rest();
    return contains(said, "it is ok") ? "ok" : contains(said, "it is closed") ? "closed" : said;
  };
  const Argv open = payload({"change-mode", "0"});
  expect_held({.promise = 5,
               .attack = "open the shared terminal to other users",
               .control = after(open),
               .inside = after(immure_run({"--set", "process.tty=share"}, open).argv)},
              {"closed"});
}

}  // namespace
}  // namespace immure::test
