// The command's process, side by side with Debian's bubblewrap: what it is started with, by whom,
// and what its end means.
#include <unistd.h>

#include <csignal>

#include "bwrap/support.h"

namespace immure::test {
namespace {

using namespace std::string_literals;

TEST_P(Compared, IsAsUnderBubblewrap) { expect_same(GetParam()); }

// `sh` and the rest of Debian, read-only.
Case shell(const std::string& rule, const std::string& options, const std::string& script) {
  return {.rule = rule,
          .options = "--ro-bind / / --dev /dev " + options,
          .command = {"sh", "-c", script},
          .alone = true};
}

const Difference parents{"^tree: /(b|tmp\\S*) dir ", "the mode of parents, see Mounts"};
const Difference lock_race{"^ran$", "the reaper takes its locks while the command starts"};

const std::vector<Case> start{
    {.rule = "no options: an empty root, and the caller's namespaces", .options = ""},
    {.rule = "words of the command are its own, also those like options",
     .options = "",
     .command = {"/probe", "argv", "--dir", "--", "", "a b", "-x", "--help"}},
    {.rule = "a command without -- before it",
     .options = "--dir /x /probe argv one --dir two",
     .command = {}},
    {.rule = "a second -- is the command", .options = "--", .command = {"--", "/probe"}},
    {.rule = "descriptors are passed on",
     .options = "",
     .given = {{20, "a"}, {21, "b"}, {60, ""}},
     .heard = {25}},
    {.rule = "descriptors that options take are not passed on",
     .options = "--file 20 /a --bind-data 21 /b --ro-bind-data 22 /c --sync-fd 23 --block-fd 24",
     .given = {{20, "a"}, {21, "b"}, {22, "c"}, {23, ""}, {24, "go"}, {25, "left"}}},
    {.rule = "an --args descriptor is not passed on",
     .options = "--args 20",
     .given = {{20, "--dir\0/x\0"s}, {21, "left"}}},
    {.rule = "the umask is the caller's in the command only",
     .options = "--dir /d/e --tmpfs /t --bind @/dir /b/c --file 20 /f --dev /dev",
     .given = {{20, "a"}},
     .umask = 077,
     .may_differ = {parents}},
    {.rule = "an umask of 0",
     .options = "--dir /d --symlink a /l --file 20 /f --bind @/file /b",
     .given = {{20, "a"}},
     .umask = 0},
    {.rule = "a standard descriptor that is closed stays so",
     .options = "--unshare-pid --dev /dev --file 20 /f",
     .given = {{20, "a"}},
     .before_exec = [] { ::close(0); }},
    {.rule = "all but the output are closed",
     .options = "--bind-data 20 /f",
     .given = {{20, "a"}},
     .before_exec =
         [] {
           ::close(0);
           ::close(2);
         }},
    {.rule = "signals stay ignored and blocked",
     .options = "--unshare-pid",
     .before_exec =
         [] {
           ::signal(SIGINT, SIG_IGN);
           ::signal(SIGUSR1, SIG_IGN);
           sigset_t blocked;
           sigemptyset(&blocked);
           sigaddset(&blocked, SIGTERM);
           sigaddset(&blocked, SIGRTMIN + 3);
           ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
         }},
    {.rule = "new session", .options = "--new-session"},
    {.rule = "new session with a pid namespace", .options = "--new-session --unshare-pid"},
    {.rule = "die with parent", .options = "--die-with-parent"},
    {.rule = "die with parent and pid namespace", .options = "--die-with-parent --unshare-pid"},
    {.rule = "as pid 1", .options = "--unshare-pid --as-pid-1"},
    {.rule = "as pid 1, all else with it",
     .options = "--as-pid-1 --unshare-all --new-session --die-with-parent"},
    {.rule = "as pid 1 without a pid namespace", .options = "--as-pid-1"},
    {.rule = "as pid 1 with a lock file", .options = "--as-pid-1 --unshare-pid --lock-file /probe"},
    {.rule = "sync-fd is kept from the command",
     .options = "--sync-fd 20",
     .given = {{20, ""}, {21, ""}}},
    {.rule = "sync-fd leaks into a command that is pid 1",
     .options = "--unshare-pid --as-pid-1 --sync-fd 20",
     .given = {{20, ""}}},
    {.rule = "sync-fd with a pid namespace",
     .options = "--unshare-pid --sync-fd 20",
     .given = {{20, ""}}},
    {.rule = "block-fd goes on after a byte", .options = "--block-fd 20", .given = {{20, "x"}}},
    {.rule = "block-fd goes on at the end of the file",
     .options = "--block-fd 20",
     .given = {{20, ""}}},
    {.rule = "lock file", .options = "--lock-file /probe"},
    {.rule = "lock files", .options = "--bind @ /h --lock-file /h/file --lock-file /h/dir/inner"},
    {.rule = "a lock file that is missing",
     .options = "--lock-file /missing",
     .command = {"/probe", "quiet"},
     .may_differ = {lock_race}},
    {.rule = "a lock file of a pid namespace that is missing",
     .options = "--unshare-pid --lock-file /missing",
     .command = {"/probe", "quiet"},
     .may_differ = {lock_race}},
};
INSTANTIATE_TEST_SUITE_P(Start, Compared, testing::ValuesIn(start), NameOfCase());

const std::vector<Case> directory{
    {.rule = "chdir", .options = "--dir /a/b --chdir /a/b"},
    {.rule = "chdir is followed whatever comes after it", .options = "--chdir /a/b --dir /a/b"},
    {.rule = "chdir to a relative directory", .options = "--dir /a/b --chdir a"},
    {.rule = "chdir through a link", .options = "--dir /a/b --symlink a/b /l --chdir /l"},
    {.rule = "chdir to what is missing", .options = "--chdir /missing"},
    {.rule = "chdir to a file", .options = "--chdir /probe"},
    {.rule = "chdir to an empty word", .options = "--chdir \"\""},
    {.rule = "the old directory if it is there",
     .options = "--bind @ @",
     .cwd = "@",
     .may_differ = {parents}},
    {.rule = "else home",
     .options = "--dir /my/home",
     .cwd = "@",
     .environment = {{"HOME", "/my/home"}, {"PWD", "/stale"}}},
    {.rule = "home as set by setenv", .options = "--dir /other --setenv HOME /other", .cwd = "@"},
    {.rule = "else the root", .options = "", .cwd = "@", .environment = {{"HOME", "/missing"}}},
    {.rule = "the root without a home", .options = "--unsetenv HOME", .cwd = "@"},
};
INSTANTIATE_TEST_SUITE_P(Directory, Compared, testing::ValuesIn(directory), NameOfCase());

const std::vector<Case> environment{
    {.rule = "setenv", .options = "--setenv A 1 --setenv B \"\" --setenv CALLER 2"},
    {.rule = "the last setenv wins", .options = "--setenv A 1 --setenv A 2"},
    {.rule = "unsetenv", .options = "--unsetenv CALLER --unsetenv NOT_THERE"},
    {.rule = "setenv after unsetenv", .options = "--unsetenv CALLER --setenv CALLER 2"},
    {.rule = "unsetenv after setenv", .options = "--setenv A 1 --unsetenv A"},
    {.rule = "clearenv", .options = "--clearenv"},
    {.rule = "setenv after clearenv", .options = "--clearenv --setenv A 1 --setenv B 2"},
    {.rule = "clearenv after setenv", .options = "--setenv A 1 --clearenv"},
    {.rule = "PWD is what it is", .options = "--dir /d --chdir /d --setenv PWD /x"},
    {.rule = "PWD is set though it was removed", .options = "--unsetenv PWD"},
    {.rule = "PATH set here finds the command",
     .options = "--setenv PATH /nowhere:/ --dir /nowhere",
     .command = {"probe", "report"}},
    {.rule = "without PATH", .options = "--clearenv", .command = {"probe", "report"}},
    {.rule = "an empty name", .options = "--setenv \"\" 1"},
    {.rule = "a name with an equals sign", .options = "--setenv A=B 1"},
    {.rule = "unsetenv of a name with an equals sign", .options = "--unsetenv A=B"},
    {.rule = "in an args block, in its place",
     .options = "--setenv A 1 --args 20 --setenv B 3",
     .given = {{20, "--setenv\0A\0002\0--setenv\0B\0002\0"s}}},
};
INSTANTIATE_TEST_SUITE_P(Environment, Compared, testing::ValuesIn(environment), NameOfCase());

const std::vector<Case> end{
    {.rule = "exit status 0", .options = "", .command = {"/probe", "quiet", "0"}},
    {.rule = "exit status 7", .options = "", .command = {"/probe", "quiet", "7"}},
    {.rule = "exit status 255", .options = "--unshare-pid", .command = {"/probe", "quiet", "255"}},
    {.rule = "exit status as pid 1",
     .options = "--unshare-pid --as-pid-1",
     .command = {"/probe", "quiet", "7"}},
    {.rule = "exit status with a lock file",
     .options = "--lock-file /probe",
     .command = {"/probe", "quiet", "7"}},
    shell("killed", "", "kill -KILL $$"),
    shell("killed in a pid namespace", "--unshare-pid", "kill -KILL $$"),
    shell("terminated as pid 1's child", "--unshare-pid", "kill -TERM $$"),
    shell("aborted", "--new-session", "kill -ABRT $$"),
    shell("an orphan that goes on", "--unshare-pid", "(sleep 0.2; echo late >&2) & exit 3"),
    shell("many orphans", "--unshare-pid",
          "for i in 1 2 3 4 5 6; do (sleep 0.0$i &) ; done; wait; exit 4"),
    {.rule = "no such command", .options = "", .command = {"/missing"}},
    {.rule = "no such command in PATH", .options = "", .command = {"missing"}},
    {.rule = "no such command in a pid namespace",
     .options = "--unshare-pid",
     .command = {"/missing"}},
    {.rule = "a command that is a directory", .options = "--dir /d", .command = {"/d"}},
    {.rule = "a command that may not be run", .options = "--bind @/file /f", .command = {"/f"}},
    {.rule = "a script without its interpreter", .options = "--bind @/run /r", .command = {"/r"}},
    {.rule = "a script that names no interpreter is for sh",
     .options = "--ro-bind / / --dev /dev --tmpfs /mnt --perms 0755 --file 20 /mnt/s",
     .command = {"/mnt/s", "word"},
     .given = {{20, "echo $0 $1; exit 3\n"}},
     .alone = true},
    {.rule = "a file of PATH that may not be run is passed over",
     .options = "--ro-bind / / --dev /dev --tmpfs /mnt --dir /mnt/a --dir /mnt/b --setenv PATH "
                "/mnt/a:/mnt/b --perms 0644 --file 20 /mnt/a/s --perms 0755 --file 21 /mnt/b/s",
     .command = {"s"},
     .given = {{20, "#!/bin/sh\necho a\n"}, {21, "#!/bin/sh\necho b\n"}},
     .alone = true},
    {.rule = "and told of where there is no other",
     .options = "--ro-bind / / --dev /dev --tmpfs /mnt --setenv PATH /mnt:/nowhere --perms 0644 "
                "--file 20 /mnt/s",
     .command = {"s"},
     .given = {{20, "#!/bin/sh\necho a\n"}},
     .alone = true},
    {.rule = "an empty command", .options = "", .command = {""}},
    {.rule = "a command below a file", .options = "", .command = {"/probe/x"}},
};
INSTANTIATE_TEST_SUITE_P(End, Compared, testing::ValuesIn(end), NameOfCase());

// bubblewrap waits for ever for an end that nobody tells it.
TEST(EndWithoutASignal, IsSeen) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  for (const std::string options : {"", "--unshare-pid", "--lock-file /probe"}) {
    const Heard heard = play(ours(),
                             {.rule = "",
                              .options = options,
                              .command = {"/probe", "quiet", "7"},
                              .before_exec = [] { ::signal(SIGCHLD, SIG_IGN); }},
                             files);
    EXPECT_EQ(heard.outcome.code, 7) << options << ": " << heard.outcome.err;
  }
}

// What the kernel runs as a filter: an array of sock_filter.
std::string allow_everything() { return "\x06\0\0\0\0\0\xff\x7f"s; }
std::string fails_with(char errnum) {  // every call of getpriority(2), which no start needs
  std::string program("\x20\0\0\0\0\0\0\0", 8);  // the number
  program += "\x15\0\0\1\x8c\0\0\0"s;            // getpriority: 140
  program += "\x06\0\0\0"s + errnum + "\0\5\0"s;
  return program + allow_everything();
}

const std::vector<Case> filters{
    {.rule = "no filter but the caller's",
     .options = "--seccomp 20",
     .given = {{20, allow_everything()}}},
    {.rule = "two filters",
     .options = "--add-seccomp-fd 20 --add-seccomp-fd 21",
     .given = {{20, allow_everything()}, {21, fails_with(1)}}},
    {.rule = "three filters with a pid namespace",
     .options = "--unshare-pid --add-seccomp-fd 20 --add-seccomp-fd 21 --add-seccomp-fd 22",
     .given = {{20, allow_everything()}, {21, allow_everything()}, {22, fails_with(2)}}},
    {.rule = "the last --seccomp wins",
     .options = "--seccomp 20 --seccomp 21",
     .given = {{20, allow_everything()}, {21, fails_with(1)}}},
    {.rule = "an empty filter", .options = "--seccomp 20", .given = {{20, ""}}},
    {.rule = "a filter of odd length", .options = "--seccomp 20", .given = {{20, "1234567890"}}},
    {.rule = "an added filter of odd length",
     .options = "--add-seccomp-fd 20",
     .given = {{20, "12345"}}},
    {.rule = "a filter that the kernel refuses",
     .options = "--seccomp 20",
     .given = {{20, "12345678"}}},
    {.rule = "a filter's descriptor that is closed", .options = "--seccomp 20"},
    {.rule = "seccomp with add-seccomp-fd",
     .options = "--seccomp 20 --add-seccomp-fd 21",
     .given = {{20, allow_everything()}, {21, allow_everything()}}},
    {.rule = "add-seccomp-fd with seccomp",
     .options = "--add-seccomp-fd 20 --seccomp 21",
     .given = {{20, allow_everything()}, {21, allow_everything()}}},
};
INSTANTIATE_TEST_SUITE_P(Filters, Compared, testing::ValuesIn(filters), NameOfCase());

}  // namespace
}  // namespace immure::test
