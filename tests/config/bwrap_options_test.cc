#include "config/bwrap_options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string>

namespace immure {
namespace {

// The interface of bubblewrap 0.11.1, and one of 0.12: programs write these words.
constexpr std::array kEvery = {"help",
                               "version",
                               "args FD",
                               "argv0 VALUE",
                               "level-prefix",
                               "unshare-all",
                               "share-net",
                               "unshare-user",
                               "unshare-ipc",
                               "unshare-user-try",
                               "unshare-pid",
                               "unshare-net",
                               "unshare-uts",
                               "unshare-cgroup",
                               "userns FD",
                               "unshare-cgroup-try",
                               "userns2 FD",
                               "disable-userns",
                               "pidns FD",
                               "assert-userns-disabled",
                               "uid UID",
                               "gid GID",
                               "hostname NAME",
                               "chdir DIR",
                               "clearenv",
                               "setenv VAR VALUE",
                               "unsetenv VAR",
                               "lock-file DEST",
                               "sync-fd FD",
                               "bind SRC DEST",
                               "bind-try SRC DEST",
                               "dev-bind SRC DEST",
                               "dev-bind-try SRC DEST",
                               "ro-bind SRC DEST",
                               "ro-bind-try SRC DEST",
                               "bind-fd FD DEST",
                               "ro-bind-fd FD DEST",
                               "remount-ro DEST",
                               "overlay-src SRC",
                               "overlay RWSRC WORKDIR DEST",
                               "tmp-overlay DEST",
                               "ro-overlay DEST",
                               "exec-label LABEL",
                               "file-label LABEL",
                               "proc DEST",
                               "dev DEST",
                               "tmpfs DEST",
                               "mqueue DEST",
                               "dir DEST",
                               "file FD DEST",
                               "bind-data FD DEST",
                               "ro-bind-data FD DEST",
                               "symlink SRC DEST",
                               "seccomp FD",
                               "add-seccomp-fd FD",
                               "block-fd FD",
                               "userns-block-fd FD",
                               "info-fd FD",
                               "json-status-fd FD",
                               "new-session",
                               "die-with-parent",
                               "as-pid-1",
                               "cap-add CAP",
                               "cap-drop CAP",
                               "perms OCTAL",
                               "size BYTES",
                               "chmod OCTAL PATH",
                               "not-a-security-boundary"};

std::string tag(const BwrapRow& row) {
  return std::string(row.name) + (row.values.empty() ? "" : ' ' + std::string(row.values));
}

TEST(BwrapOptions, AreThoseOfBubblewrapAndNoOthers) {
  std::set<std::string> found;
  for (const BwrapRow& row : bwrap_options()) EXPECT_TRUE(found.insert(tag(row)).second);
  EXPECT_EQ(found, (std::set<std::string>(kEvery.begin(), kEvery.end())));
}

TEST(BwrapOptions, EachHasItsOwnNumberHelpAndWordsForMissingValues) {
  std::set<BwrapOption> numbers;
  for (const BwrapRow& row : bwrap_options()) {
    EXPECT_TRUE(numbers.insert(row.option).second) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_EQ(row.missing.empty(), row.count() == 0) << row.name;
    // The importer and the parser index by it.
    const auto found = find_bwrap_option("--" + std::string(row.name));
    ASSERT_TRUE(found) << row.name;
    EXPECT_EQ(found->option, row.option) << row.name;
  }
}

TEST(BwrapOptions, CountTheirValues) {
  EXPECT_EQ(find_bwrap_option("--unshare-pid")->count(), 0);
  EXPECT_EQ(find_bwrap_option("--dir")->count(), 1);
  EXPECT_EQ(find_bwrap_option("--bind-data")->count(), 2);
  EXPECT_EQ(find_bwrap_option("--overlay")->count(), 3);
}

TEST(BwrapOptions, AreFoundByTheWholeWordOnly) {
  for (const char* word : {"bind", "-bind", "--", "", "--bin", "--bind=", "--binds", "---bind"}) {
    EXPECT_FALSE(find_bwrap_option(word)) << word;
  }
}

TEST(BwrapUsage, BeginsWithTheProgramAsItWasCalled) {
  EXPECT_TRUE(bwrap_usage("./x y").starts_with(
      "usage: ./x y [OPTIONS...] [--] COMMAND [ARGS...]\n\n    --help                       "
      "Print this help\n"));
}

TEST(BwrapUsage, HasALineForEveryOption) {
  std::istringstream lines(bwrap_usage("bwrap"));
  std::string line;
  std::getline(lines, line);
  std::getline(lines, line);
  EXPECT_EQ(line, "");
  for (const BwrapRow& row : bwrap_options()) {
    ASSERT_TRUE(std::getline(lines, line)) << row.name;
    const std::string head = "    --" + tag(row) + ' ';
    EXPECT_TRUE(line.starts_with(head)) << line;
    const std::string behind = line.substr(head.size());
    EXPECT_EQ(behind.substr(std::min(behind.find_first_not_of(' '), behind.size())), row.help);
  }
  EXPECT_FALSE(std::getline(lines, line)) << line;
}

// The column of the texts, where a name leaves room for it.
TEST(BwrapUsage, IsAligned) {
  const std::string usage = bwrap_usage("bwrap");
  EXPECT_NE(usage.find("\n    --args FD                    Parse NUL-separated args from FD\n"),
            std::string::npos);
  EXPECT_NE(usage.find("\n    --overlay RWSRC WORKDIR DEST Mount overlayfs on DEST"),
            std::string::npos);
}

}  // namespace
}  // namespace immure
