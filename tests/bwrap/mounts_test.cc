// Operations on the file system, side by side with Debian's bubblewrap: the whole tree that comes
// of them, the mounts, and what is left on the host.
#include "bwrap/support.h"

namespace immure::test {
namespace {

class Mounts : public Compared {};
TEST_P(Mounts, AreAsUnderBubblewrap) { expect_same(GetParam()); }

// bubblewrap 0.8 makes the parents of everything but directories and files 0700; since 0.11 they
// are 0755 (Newer.* looks at ours).
const Difference parents{
    "^(tree: /a|tree: /a/b|tree: /a/new|tree: /x|tree: /x/y|tree: /tmp\\S*|tree: /b|"
    "dir/new) (dir 07[05]{2}|0407[05]{2})",
    "the mode of parents"};

std::vector<Case> each(std::initializer_list<std::string> options,
                       const std::vector<Difference>& may_differ = {}) {
  std::vector<Case> rows;
  for (const std::string& option : options) {
    rows.push_back({.rule = option,
                    .options = option,
                    .given = {{20, "twenty\n"}, {21, "twenty-one\n"}, {22, ""}},
                    .may_differ = may_differ});
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(
    Bind, Mounts,
    testing::ValuesIn(each({"--bind @ /h",
                            "--ro-bind @ /h",
                            "--dev-bind @ /h",
                            "--bind @/file /f",
                            "--ro-bind @/file /f",
                            "--bind @/link /f",
                            "--bind @/absolute /d",
                            "--bind @/dangling /d",
                            "--bind @/fifo /p",
                            "--bind @/missing /m",
                            "--ro-bind @/missing /m",
                            "--dev-bind @/missing /m",
                            "--bind-try @/missing /m",
                            "--ro-bind-try @/missing /m",
                            "--dev-bind-try @/missing /m",
                            "--bind-try @/file /f",
                            "--ro-bind-try @/dir /d",
                            "--dev-bind-try @/dir /d",
                            "--bind-try @/dangling /m",
                            "--bind-try @/file/below /m",
                            "--bind @/file/below /m",
                            "--bind @/dir /a/b/c",
                            "--bind @/file /a/b/c",
                            "--bind @/dir /a/b --bind @/other /a",
                            "--bind @/dir /a --bind @/other /a",
                            "--bind @/dir /a --bind @/file /a/inner",
                            "--bind @/dir /a --ro-bind @/other /a/below",
                            "--bind @/dir /a --bind @/file /a/new",
                            "--bind @/dir /a --bind @/other /a/new/deep",
                            "--ro-bind @/dir /a --bind @/file /a/new",
                            "--ro-bind @/dir /a --bind @/file /a/inner",
                            "--ro-bind @/dir /a --bind @/dir/below /a/below",
                            "--bind @/file /a --bind @/dir /a",
                            "--dir /a --bind @/file /a",
                            "--file 20 /a --bind @/file /a",
                            "--dir /a --bind @/dir /a",
                            "--symlink b /a --bind @/dir /a",
                            "--bind @/dir /a/",
                            "--bind @/dir //a//b/",
                            "--bind @/dir a",
                            "--bind @/dir ./a/./b",
                            "--bind @/dir/. /a",
                            "--bind @/dir/../other /a",
                            "--bind @/dir/ /a",
                            "--bind @/file/ /a",
                            "--bind @/file/. /a",
                            "--ro-bind-try @/link/ /a",
                            "--bind @/dir \"\"",
                            "--bind \"\" /a",
                            "--dev-bind /dev/null /null",
                            "--bind /dev/null /null",
                            "--ro-bind /dev/null /null",
                            "--dev-bind /dev/zero /a/zero --dev-bind /dev/full /a/full",
                            "--perms 0700 --bind @/dir /a"},
                           {parents})),
    NameOfCase());

INSTANTIATE_TEST_SUITE_P(
    Make, Mounts,
    testing::ValuesIn(each({"--dir /a",
                            "--dir /a/b/c",
                            "--dir /a --dir /a",
                            "--perms 0700 --dir /a/b/c",
                            "--perms 0750 --dir /a/b --dir /a/c",
                            "--perms 7777 --dir /a",
                            "--perms 0 --dir /a/b",
                            "--dir /a --perms 0700 --dir /a",
                            "--symlink b /a --dir /b --dir /a",
                            "--file 20 /a --dir /a",
                            "--file 20 /a --dir /a/b",
                            "--symlink nowhere /a --dir /a",
                            "--dir /",
                            "--dir \"\"",
                            "--dir a",
                            "--tmpfs /a",
                            "--perms 0700 --tmpfs /a/b",
                            "--perms 1777 --tmpfs /a",
                            "--size 8192 --tmpfs /a",
                            "--size 0x4000 --tmpfs /a",
                            "--size 020000 --tmpfs /a",
                            "--size 8192 --perms 0700 --tmpfs /a",
                            "--perms 0700 --size 8192 --tmpfs /a --tmpfs /b",
                            "--size 1 --tmpfs /a",
                            "--tmpfs /a --tmpfs /a",
                            "--tmpfs /a --dir /a/b --tmpfs /a/b/c",
                            "--dir /a/hidden --tmpfs /a",
                            "--bind @/dir /a --tmpfs /a/below",
                            "--bind @/dir /a --tmpfs /a/new",
                            "--ro-bind @/dir /a --tmpfs /a/new",
                            "--tmpfs /probe",
                            "--file 20 /a",
                            "--file 20 /a/b/c",
                            "--perms 0600 --file 20 /a",
                            "--perms 4755 --file 20 /a/b",
                            "--file 20 /a --file 21 /a",
                            "--file 22 /a",
                            "--bind @/dir /a --file 20 /a/inner",
                            "--bind @/dir /a --file 20 /a/new",
                            "--ro-bind @/dir /a --file 20 /a/inner",
                            "--ro-bind @/dir /a --file 20 /a/new",
                            "--dir /a --file 20 /a",
                            "--symlink b /a --file 20 /a",
                            "--bind-data 20 /a",
                            "--ro-bind-data 20 /a",
                            "--perms 0644 --bind-data 20 /a/b",
                            "--perms 0444 --ro-bind-data 20 /a --bind-data 21 /b",
                            "--bind-data 22 /a",
                            "--bind @/dir /a --bind-data 20 /a/inner",
                            "--bind @/dir /a --ro-bind-data 20 /a/new",
                            "--ro-bind @/dir /a --ro-bind-data 20 /a/inner",
                            "--dir /a --bind-data 20 /a",
                            "--file 20 /a --bind-data 21 /a"})),
    NameOfCase());

INSTANTIATE_TEST_SUITE_P(
    Link, Mounts,
    testing::ValuesIn(
        each({"--symlink a /l", "--symlink /a /l", "--symlink ../../a /x/y/l", "--symlink \"\" /l",

              "--bind @ /h --symlink other /h/new", "--ro-bind @ /h --symlink other /h/new",
              "--perms 0700 --symlink a /l", "--dir /a --symlink a /l --dir /l/b",
              "--dir /a --symlink a /l --file 20 /l/b", "--dir /a --symlink a /l --bind @/dir /l/b",
              "--dir /a --symlink a /l --tmpfs /l", "--dir /a --symlink a /l --symlink x /l/y",
              "--symlink nowhere /l --dir /l/b"},
             {parents})),
    NameOfCase());

// A file is made where a link leads, as creat(2) does; a directory is not.
INSTANTIATE_TEST_SUITE_P(
    LinkToNothing, Mounts,
    testing::ValuesIn(each(
        {"--symlink nowhere /a --bind @/file /a", "--symlink nowhere /a --ro-bind-data 20 /a",
         "--symlink nowhere /a --file 20 /a",
         "--symlink nowhere /a --ro-bind @/file /a --bind @/file /nowhere",
         "--symlink b/c /a --bind @/file /a",
         "--dir /x/y --symlink ../x/y/z /a/b --ro-bind @/file /a/b",
         "--bind @ /h --bind @/file /h/dangling", "--bind @ /h --ro-bind /dev/null /h/dangling",
         "--ro-bind @ /h --bind @/file /h/dangling", "--symlink nowhere /a --dir /a/b",
         "--symlink nowhere /a --bind @/file /a/b"},
        {parents})),
    NameOfCase());

// ".." leads out of what a link leads to.
INSTANTIATE_TEST_SUITE_P(
    DotDot, Mounts,
    testing::ValuesIn(each({"--dir /a/../b", "--dir /x/y --symlink x/y /l --dir /l/../z",
                            "--dir /x/y --symlink x/y /l --file 20 /l/../z",
                            "--dir /x/y --symlink x/y /l --bind-data 20 /l/../z",
                            "--dir /x/y --symlink x/y /l --bind @/dir /l/../z --dir /l/../z/below",
                            "--dir /x/y --symlink x/y /l --tmpfs /l/../z --tmpfs /l/../z/w",
                            "--dir /x/y --symlink x/y /l --symlink t /l/../z",
                            "--dir /x/y --symlink x/y /l --chmod 0711 /l/..",
                            "--dir /x/y --symlink x/y /l --dev /l/../z",
                            "--bind @ /h --tmpfs /h/absolute/../dir/below",
                            "--bind @/dir /x/y --bind @/other /x/y/../y"},
                           {parents})),
    NameOfCase());

INSTANTIATE_TEST_SUITE_P(
    Change, Mounts,
    testing::ValuesIn(each({"--dir /a --chmod 0700 /a",
                            "--file 20 /a --chmod 0 /a",
                            "--file 20 /a --chmod 7777 /a",
                            "--dir /a --symlink a /l --chmod 0500 /l",
                            "--chmod 0700 /missing",
                            "--chmod 0700 /",
                            "--bind @ /h --chmod 0600 /h/file",
                            "--ro-bind @ /h --chmod 0600 /h/file",
                            "--remount-ro /",
                            "--tmpfs /a --remount-ro /a",
                            "--bind @ /h --remount-ro /h",
                            "--bind @ /h --remount-ro /h --dir /h/new",
                            "--dir /a --remount-ro /a",
                            "--remount-ro /missing",
                            "--tmpfs /a --dir /a/b --remount-ro /a --tmpfs /a/b",
                            "--tmpfs /a --tmpfs /a/b --remount-ro /a",
                            "--remount-ro /probe",
                            "--remount-ro /proc",
                            "--dir /a --remount-ro / --dir /b",
                            "--remount-ro / --remount-ro /"})),
    NameOfCase());

INSTANTIATE_TEST_SUITE_P(
    Special, Mounts,
    testing::ValuesIn(each({"--proc /p",
                            "--unshare-pid --proc /a/p",
                            "--unshare-pid --proc /proc",
                            "--unshare-pid --dir /proc --proc /proc --tmpfs /proc/tty",
                            "--file 20 /p --proc /p",
                            "--dev /dev",
                            "--dev /a/dev",
                            "--dev /dev --dev /dev",
                            "--dev /dev --tmpfs /dev/shm",
                            "--dev /dev --bind @/dir /dev/dir",
                            "--dev /dev --remount-ro /dev",
                            "--bind @ /h --dev /h/dev",
                            "--ro-bind @ /h --dev /h/dev",
                            "--file 20 /dev --dev /dev",
                            "--perms 0700 --dev /dev",
                            "--perms 0700 --proc /p",
                            "--size 4096 --dir /a",
                            "--size 4096 --bind @ /a",
                            "--perms 0700 --perms 0600 --dir /a",
                            "--size 4096 --size 4096 --tmpfs /a",
                            "--perms 0700",
                            "--size 4096",
                            "--perms 0700 --unshare-pid --dir /a",
                            "--size 4096 --unshare-pid --tmpfs /a",
                            "--perms 8 --dir /a",
                            "--perms 10000 --dir /a",
                            "--perms -1 --dir /a",
                            "--perms \"\" --dir /a",
                            "--perms 0x7 --dir /a",
                            "--perms 7z --dir /a",
                            "--chmod 10000 /probe",
                            "--chmod 9 /probe",
                            "--size 0 --tmpfs /a",
                            "--size -1 --tmpfs /a",
                            "--size x --tmpfs /a",
                            "--size 1k --tmpfs /a",
                            "--size \"\" --tmpfs /a",
                            "--size 18446744073709551615 --tmpfs /a",
                            "--size 9223372036854775807 --tmpfs /a",
                            "--size 99999999999999999999 --tmpfs /a",
                            "--file 25 /a",
                            "--bind-data 25 /a",
                            "--file x /a",
                            "--file -1 /a",
                            "--bind-data 1x /a",
                            "--ro-bind-data \"\" /a",
                            "--file +20 /a",
                            "--file 20 /a --file 20 /b"},
                           {parents})),
    NameOfCase());

std::vector<Case> rows_of_their_own() {
  const Argv report{probe(), "report"};
  std::vector<Case> rows{
      {.rule = "the host's root is ours",
       .options = "--ro-bind / /",
       .command = report,
       .may_differ = {{" /dev/(pts|shm) ", "left as they are by bubblewrap, writable"}}},
      {.rule = "the host's root with fresh parts",
       .options = "--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --ro-bind @ @",
       .command = {"sh", "-c", "cd @; ls -lRn --time-style=+ .; ls -A /tmp; ls -A /dev"}},
      {.rule = "the host's root, writable parts",
       .options = "--ro-bind / / --bind @ @ --unshare-all",
       .command = {"sh", "-c", "echo new > @/new; echo no > /usr/no"}},
      {.rule = "a root of binds and links",
       .options = "--ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib "
                  "--symlink usr/lib64 /lib64 --proc /proc --dev /dev --unshare-pid --dir /tmp",
       .command = {"sh", "-c",
                   "find / -maxdepth 1 -printf '%p %M %U %l\\n' | sort; grep -vc /proc/ "
                   "/proc/self/mountinfo"}},
      {.rule = "a directory as root",
       .options = "--bind @ / --ro-bind " + probe() + " /probe --dir /new/dir",
       .command = {"/probe", "report", "tree"}},
      {.rule = "a read-only directory as root has no place for more",
       .options = "--ro-bind @ / --dir /new",
       .command = report},
      {.rule = "a tmpfs as root",
       .options = "--tmpfs / --ro-bind " + probe() + " /probe",
       .command = {"/probe", "report", "tree"}},
      {.rule = "a root that is made twice",
       .options = "--bind @/dir / --bind @/other / --dir /new --ro-bind " + probe() + " /probe",
       .command = {"/probe", "report", "tree"}},
  };
  for (Case& row : rows) row.alone = true;
  return rows;
}
INSTANTIATE_TEST_SUITE_P(Root, Mounts, testing::ValuesIn(rows_of_their_own()), NameOfCase());

std::vector<Case> by_descriptor() {
  std::vector<Case> rows =
      each({"--bind-fd 30 /d", "--ro-bind-fd 30 /d", "--bind-fd 31 /a/f", "--ro-bind-fd 31 /f",
            "--bind-fd 30 /a --bind-fd 31 /a/below", "--ro-bind-fd x /d",
            // realpath(3) reads what such a link says.
            "--ro-bind /proc/self/fd/30 /d", "--bind /proc/self/fd/31 /f", "--bind /dev/fd/31 /f",
            "--ro-bind-try /proc/self/fd/30/below /d", "--bind /proc/thread-self/fd/30 /d",
            "--bind /proc/self/root@/dir /d", "--bind /proc/self/fd/32 /f",
            "--bind /proc/self/fd/77 /f"},
           {parents});
  for (Case& row : rows) {
    row.opened = {{30, "@/dir"}, {31, "@/file"}};
    row.given = {{32, "a pipe"}};
  }
  return rows;
}
INSTANTIATE_TEST_SUITE_P(ByDescriptor, Mounts, testing::ValuesIn(by_descriptor()), NameOfCase());

}  // namespace
}  // namespace immure::test
