// The environment is clean: nothing of the caller's comes in or steers the launcher.
#include "attack/attack.h"

namespace immure::test {
namespace {

class P16Environment : public AttackTest {
 protected:
  static std::string with(const std::map<std::string, std::string>& more, const Argv& argv) {
    Program program{.argv = argv, .environment = {{{"PATH", "/usr/bin:/bin"}}}};
    program.environment->insert(more.begin(), more.end());
    return said(program);
  }
};

TEST_F(P16Environment, WhatTheCallerHasIsNotInherited) {
  for (const std::string name :
       {"GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "LD_LIBRARY_PATH", "LD_AUDIT", "BASH_ENV", "ENV",
        "PYTHONSTARTUP", "PERL5OPT", "NODE_OPTIONS", "GIT_SSH_COMMAND", "GCONV_PATH", "http_proxy",
        "SUDO_ASKPASS"}) {
    const Argv look{"sh", "-c", "env | grep -qF 'seen-by-the-attack' && echo ok || echo clean"};
    const std::map<std::string, std::string> variable{{name, "seen-by-the-attack"}};
    expect_held({.promise = 16,
                 .attack = "inherit " + name,
                 .control = with(variable, look),
                 .inside = with(variable, immure_run({}, look).argv)},
                {"clean"});
  }
}

// Not from another process either: pid 1 was started with all of it.
TEST_F(P16Environment, NorFoundInProc) {
  const Argv look{"sh", "-c",
                  "cat /proc/[0-9]*/environ 2>/dev/null | grep -qaF seen-by-the-attack && echo ok "
                  "|| echo clean"};
  const std::map<std::string, std::string> variable{{"SECRET", "seen-by-the-attack"}};
  expect_held({.promise = 16,
               .attack = "find the caller's environment in /proc",
               .control = with(variable, look),
               .inside = with(variable, immure_run({}, look).argv)},
              {"clean"});
}

// Variables that change what the launcher itself does: an own profile in place of the default, a
// library in it, another set of files. The control is a program that listens to them.
TEST_F(P16Environment, NothingSteersTheLauncher) {
  const TempDir directory;
  const std::string library = directory.write("not-a-library.so", "x");
  const auto complains = [&](const Argv& argv) {
    const Outcome outcome =
        run({.argv = argv, .environment = {{{"PATH", "/usr/bin:/bin"}, {"LD_PRELOAD", library}}}});
    return contains(outcome.err, "not-a-library") ? std::string("ok") : "not loaded";
  };
  expect_held({.promise = 16,
               .attack = "load a library into the launcher",
               .control = complains({"true"}),
               .inside = complains(immure_run({}, {"true"}).argv)},
              {"not loaded"});
  const std::string tunables = "glibc.malloc.check=3:glibc.rtld.nns=1";
  const Argv shows{"sh", "-c", "test -n \"$GLIBC_TUNABLES\" && echo ok || echo clean"};
  expect_held({.promise = 16,
               .attack = "tune the C library",
               .control = with({{"GLIBC_TUNABLES", tunables}}, shows),
               .inside = with({{"GLIBC_TUNABLES", tunables}}, immure_run({}, shows).argv)},
              {"clean"});
}

}  // namespace
}  // namespace immure::test
