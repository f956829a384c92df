// Every message of reading bubblewrap's command line, to the letter: programs look for them.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "config/bwrap_args.h"
#include "config/bwrap_options.h"
#include "support/bwrap_line.h"

namespace immure {
namespace {

using test::read_line;
using test::read_words;

const BwrapCaller kRoot{.root = true};

struct Mistake {
  std::string line;
  std::string text;
  BwrapCaller caller = {};
};
void PrintTo(const Mistake& one, std::ostream* to) { *to << one.line; }

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreToldToTheLetter) {
  EXPECT_EQ(read_line(GetParam().line + " true", GetParam().caller).mistake(), GetParam().text);
}

const std::string layers_alone =
    "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, "
    "or --ro-overlay";
const std::string no_file = "--perms must be followed by an option that creates a file";
const std::string no_bytes = "--size takes a non-zero number of bytes";

const std::vector<Mistake> words{
    {"--bogus", "Unknown option --bogus"},
    {"-x", "Unknown option -x"},
    {"-", "Unknown option -"},
    {"--dir=/a", "Unknown option --dir=/a"},
    {"--Dir /a", "Unknown option --Dir"},
    {"--unshare-user --uid -1", "Invalid uid: -1"},
    {"--unshare-user --uid 2147483648", "Invalid uid: 2147483648"},
    {"--unshare-user --gid x", "Invalid gid: x"},
    {"--cap-add CAP_BOGUS", "unknown cap: CAP_BOGUS"},
    {"--cap-drop chown", "unknown cap: chown"},
    {"--cap-add 1x", "unknown cap: 1x"},
    {"--cap-add 41", "unknown cap: 41"},
    {"--cap-drop 64", "unknown cap: 64"},
    {"--setenv A=B C", "setenv failed"},
    {"--setenv \"\" C", "setenv failed"},
    {"--unsetenv A=B", "unsetenv failed"},
    {"--unsetenv \"\"", "unsetenv failed"},
    {"--exec-label \"\"", "invalid label "},
    {"--file-label \"\"", "invalid label "},
    {"--argv0 a --argv0 a", "--argv0 used multiple times"},
};
INSTANTIATE_TEST_SUITE_P(Word, Mistakes, testing::ValuesIn(words));

const std::vector<Mistake> modifiers{
    {"--perms 8 --dir /a", "--perms takes an octal argument <= 07777"},
    {"--perms 10000 --dir /a", "--perms takes an octal argument <= 07777"},
    {"--perms -1 --dir /a", "--perms takes an octal argument <= 07777"},
    {"--perms \"\" --dir /a", "--perms takes an octal argument <= 07777"},
    {"--chmod 10000 /a", "--chmod takes an octal argument <= 07777"},
    {"--chmod rwx /a", "--chmod takes an octal argument <= 07777"},
    {"--perms 0700 --bind /a /b", no_file},
    {"--perms 0700 --unshare-pid --dir /a", no_file},
    {"--perms 0700 --symlink a /b", no_file},
    {"--perms 0700 --perms 0700 --dir /a", "--perms given twice for the same action"},
    {"--size 1 --size 1 --tmpfs /a", "--size given twice for the same action"},
    {"--size 1 --dir /a", "--size must be followed by --tmpfs"},
    {"--size 1 --perms 0700 --dir /a", "--size must be followed by --tmpfs"},
    {"--size 0 --tmpfs /a", no_bytes},
    {"--size -1 --tmpfs /a", no_bytes},
    {"--size +1 --tmpfs /a", no_bytes},
    {"--size 1k --tmpfs /a", no_bytes},
    {"--size \"\" --tmpfs /a", no_bytes},
    {"--size 18446744073709551616 --tmpfs /a", no_bytes},
    {"--size 9223372036854775808 --tmpfs /a",
     "--size (for tmpfs) is limited to 9223372036854775807"},
    {"--overlay /a /b /c", "--overlay requires at least one --overlay-src"},
    {"--tmp-overlay /c", "--tmp-overlay requires at least one --overlay-src"},
    {"--ro-overlay /c", "--ro-overlay requires at least two --overlay-src"},
    {"--overlay-src /a --ro-overlay /c", "--ro-overlay requires at least two --overlay-src"},
    {"--overlay-src /a --dir /b --tmp-overlay /c", layers_alone},
    {"--overlay-src /a --args 9", layers_alone},
    {"--overlay-src /a", layers_alone},
};
INSTANTIATE_TEST_SUITE_P(Modifier, Mistakes, testing::ValuesIn(modifiers));

const std::vector<Mistake> combinations{
    {"--seccomp 5 --add-seccomp-fd 6", "--add-seccomp-fd cannot be combined with --seccomp"},
    {"--add-seccomp-fd 5 --seccomp 6", "--seccomp cannot be combined with --add-seccomp-fd"},
    {"--userns 5 --unshare-user", "--userns not compatible --unshare-user"},
    {"--userns 5 --unshare-user-try", "--userns not compatible --unshare-user-try"},
    {"--userns 5 --unshare-all", "--userns not compatible --unshare-user-try"},
    {"--userns-block-fd 5 --info-fd 6", "--userns-block-fd requires --unshare-user"},
    {"--userns-block-fd 5 --unshare-user", "--userns-block-fd requires --info-fd"},
    {"--disable-userns --userns 5", "--disable-userns requires --unshare-user"},
    {"--disable-userns", "--disable-userns requires --unshare-user", kRoot},
    {"--disable-userns --unshare-user --userns-block-fd 5 --info-fd 6",
     "--disable-userns is not compatible with  --userns-block-fd"},
    {"--uid 1", "Specifying --uid requires --unshare-user or --userns", kRoot},
    {"--gid 1", "Specifying --gid requires --unshare-user or --userns", kRoot},
    {"--gid 0", "Specifying --gid requires --unshare-user or --userns", {.root = true, .gid = 7}},
    {"--hostname h", "Specifying --hostname requires --unshare-uts"},
    {"--as-pid-1", "Specifying --as-pid-1 requires --unshare-pid"},
    {"--as-pid-1 --unshare-pid --lock-file /a",
     "Specifying --as-pid-1 and --lock-file is not permitted"},
    {"--unshare-cgroup",
     "Cannot create new cgroup namespace because the kernel does not support it",
     {.cgroup_namespaces = false}},
};
INSTANTIATE_TEST_SUITE_P(Combination, Mistakes, testing::ValuesIn(combinations));

// The first of several is told.
TEST(BwrapMistakes, TheFirstIsTold) {
  EXPECT_EQ(read_line("--uid x --bogus true").mistake(), "Invalid uid: x");
  EXPECT_EQ(read_line("--hostname h --as-pid-1 true").mistake(),
            "Specifying --hostname requires --unshare-uts");
}

std::string missing_words(const BwrapRow& row) {
  const std::string name = "--" + std::string(row.name);
  if (name == "--ro-bind-fd") return "--bind-fd takes two arguments";
  if (name == "--chdir" || name == "--remount-ro" || name == "--argv0") {
    return name + " takes one argument";
  }
  if (row.count() == 1) return name + " takes an argument";
  return name + (row.count() == 2 ? " takes two arguments" : " takes three arguments");
}

TEST(BwrapMistakes, EveryValueThatIsMissingIsTold) {
  for (const BwrapRow& row : bwrap_options()) {
    std::vector<std::string> line{"--" + std::string(row.name)};
    for (int given = 0; given < row.count(); ++given) {
      EXPECT_EQ(read_words(line).mistake(), missing_words(row)) << row.name << ' ' << given;
      line.emplace_back("1");
    }
  }
}

TEST(BwrapMistakes, ADescriptorIsANumberThatIsNotNegative) {
  std::size_t tried = 0;
  for (const BwrapRow& row : bwrap_options()) {
    if (!row.values.starts_with("FD")) continue;
    for (const std::string word : {"x", "-1", "1x", "", "2147483648", "99999999999999999999"}) {
      std::vector<std::string> line{"--" + std::string(row.name), word};
      if (row.count() == 2) line.emplace_back("/a");
      line.emplace_back("true");
      EXPECT_EQ(read_words(line).mistake(), "Invalid fd: " + word) << row.name;
      ++tried;
    }
  }
  EXPECT_EQ(tried, 16U * 6U);
}

TEST(BwrapMistakes, MessagesAfterLevelPrefixHaveIt) {
  EXPECT_TRUE(read_line("--level-prefix --bogus").level_prefix);
  EXPECT_FALSE(read_line("--bogus --level-prefix").level_prefix);
}

// --- Warnings ---

const std::set<std::string> single{"chdir",      "exec-label",
                                   "file-label", "sync-fd",
                                   "block-fd",   "userns-block-fd",
                                   "info-fd",    "json-status-fd",
                                   "seccomp",    "userns",
                                   "userns2",    "pidns",
                                   "uid",        "gid",
                                   "hostname"};

TEST(BwrapWarnings, ASecondOneOfWhichOnlyTheLastCountsIsTold) {
  std::size_t known = 0;
  for (const BwrapRow& row : bwrap_options()) {
    const std::string name(row.name);
    // What ends the reading, must not come twice, or needs another option around it.
    if (std::set<std::string>{"args", "help", "version", "perms", "size"}.contains(name)) continue;
    std::vector<std::string> line;
    for (int times = 0; times < 3; ++times) {
      line.push_back("--" + name);
      line.insert(line.end(), static_cast<std::size_t>(row.count()), "5");
    }
    std::vector<std::string> expected;
    if (single.contains(name)) {
      expected.assign(2, "Only the last --" + name + " option will take effect");
      ++known;
    }
    EXPECT_EQ(read_words(line).warnings, expected) << name;
  }
  EXPECT_EQ(known, single.size());
}

TEST(BwrapWarnings, TheLastTakesEffect) {
  const auto line = read_line("--chdir /a --info-fd 5 --chdir /b --info-fd 6 true");
  ASSERT_EQ(line.mistake(), "");
  EXPECT_EQ(line.arguments().spec.directory, "/b");
  EXPECT_EQ(line.arguments().info_fd, 6);
  EXPECT_EQ(line.warnings.size(), 2U);
}

}  // namespace
}  // namespace immure
