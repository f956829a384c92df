// Every message that callers may know, to the letter: on standard error, with exit status 1. Those
// that bubblewrap 0.8.0 has already are looked for in Debian's, too.

#include "bwrap/support.h"

namespace immure::test {
namespace {

enum class Since { old, newer_than_debians };

struct Message {
  std::string options;  // as in Case
  std::string text;     // after "bwrap: "; the line's end is added
  Since since = Since::old;
};

void PrintTo(const Message& one, std::ostream* to) { *to << "bwrap " << one.options; }

struct NameOfMessage {
  std::string operator()(const testing::TestParamInfo<Message>& info) const {
    return test_name(info.param.options, info.index + 1);
  }
};

Case as_case(const std::string& options) {
  return {.rule = options,
          .options = options,
          .command = {"/probe", "quiet"},
          .given = {{20, ""}, {21, "12345"}, {22, std::string("--args\00021\0", 10)}, {23, ""}},
          .opened = {{30, "@/dir"}, {31, "/proc/self/ns/user"}}};
}

class Messages : public testing::TestWithParam<Message> {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_P(Messages, IsToTheLetter) {
  const HostFiles files;
  const Message& message = GetParam();
  std::string text = message.text;
  if (const std::size_t at = text.find('@'); at != std::string::npos) {
    text.replace(at, 1, files.path());
  }
  const auto expect = [&](const std::string& program) {
    const Heard heard = play(program, as_case(message.options), files);
    EXPECT_EQ(heard.outcome.err, "bwrap: " + text + "\n") << program << " " << message.options;
    EXPECT_EQ(heard.outcome.code, 1) << program << " " << message.options;
    EXPECT_EQ(heard.outcome.out, "") << program << " " << message.options;
  };
  expect(ours());
  if (message.since == Since::old && ::access(debians().c_str(), X_OK) == 0) expect(debians());
}

const std::string one = " takes an argument";
const std::string just_one = " takes one argument";
const std::string two = " takes two arguments";

// As the last word of a command line without a command.
class Missing : public testing::TestWithParam<Message> {};

TEST_P(Missing, IsSaid) {
  const HostFiles files;
  Case alone = as_case(GetParam().options);
  alone.command = {};
  const auto expect = [&](const std::string& program) {
    const Heard heard = play(program, alone, files);
    EXPECT_EQ(heard.outcome.err, "bwrap: " + GetParam().text + "\n") << program;
    EXPECT_EQ(heard.outcome.code, 1) << program;
  };
  expect(ours());
  if (GetParam().since == Since::old && ::access(debians().c_str(), X_OK) == 0) expect(debians());
}

std::vector<Message> missing_values() {
  std::vector<Message> rows;
  for (const char* option : {"--args",
                             "--userns",
                             "--userns2",
                             "--pidns",
                             "--uid",
                             "--gid",
                             "--hostname",
                             "--unsetenv",
                             "--lock-file",
                             "--sync-fd",
                             "--exec-label",
                             "--file-label",
                             "--proc",
                             "--dev",
                             "--tmpfs",
                             "--mqueue",
                             "--dir",
                             "--seccomp",
                             "--add-seccomp-fd",
                             "--block-fd",
                             "--userns-block-fd",
                             "--info-fd",
                             "--json-status-fd",
                             "--cap-add",
                             "--cap-drop",
                             "--perms",
                             "--size"}) {
    rows.push_back({option, option + one});
  }
  for (const char* option : {"--chdir", "--remount-ro"})
    rows.push_back({option, option + just_one});
  for (const char* option : {"--setenv", "--bind", "--bind-try", "--dev-bind", "--dev-bind-try",
                             "--ro-bind", "--ro-bind-try", "--bind-fd", "--file", "--bind-data",
                             "--ro-bind-data", "--symlink", "--chmod"}) {
    rows.push_back({option, option + two});
    rows.push_back({option + std::string(" 20"), option + two});
  }
  rows.push_back({"--ro-bind-fd", "--bind-fd" + two});
  rows.push_back({"--ro-bind-fd 20", "--bind-fd" + two});
  const Since newer = Since::newer_than_debians;
  rows.push_back({"--argv0", "--argv0" + just_one, newer});
  rows.push_back({"--overlay-src", "--overlay-src" + one, newer});
  rows.push_back({"--overlay-src @ --tmp-overlay", "--tmp-overlay" + one, newer});
  rows.push_back({"--overlay-src @ --ro-overlay", "--ro-overlay" + one, newer});
  for (const char* some : {"", " @/dir", " @/dir @/other"}) {
    rows.push_back({"--overlay-src @ --overlay" + std::string(some),
                    "--overlay takes three arguments", newer});
  }
  return rows;
}
INSTANTIATE_TEST_SUITE_P(Value, Missing, testing::ValuesIn(missing_values()), NameOfMessage());

std::vector<Message> bad_descriptors() {
  std::vector<Message> rows;
  for (const std::string option :
       {"--args", "--userns", "--userns2", "--pidns", "--sync-fd", "--block-fd",
        "--userns-block-fd", "--info-fd", "--json-status-fd", "--seccomp", "--add-seccomp-fd"}) {
    for (const std::string value : {"x", "-1", "1x"}) {
      rows.push_back({option + " " + value, "Invalid fd: " + value});
    }
    rows.push_back({option + " \"\"", "Invalid fd: "});
  }
  for (const std::string option :
       {"--file", "--bind-data", "--ro-bind-data", "--bind-fd", "--ro-bind-fd"}) {
    for (const std::string value : {"x", "-7", "3.0"}) {
      rows.push_back({option + " " + value + " /a", "Invalid fd: " + value});
    }
  }
  return rows;
}
INSTANTIATE_TEST_SUITE_P(Descriptor, Messages, testing::ValuesIn(bad_descriptors()),
                         NameOfMessage());

const std::string octal = " takes an octal argument <= 07777";
const std::string bytes = "--size takes a non-zero number of bytes";
const std::string perms_alone = "--perms must be followed by an option that creates a file";
const std::string size_alone = "--size must be followed by --tmpfs";

INSTANTIATE_TEST_SUITE_P(
    Words, Messages,
    testing::Values(
        Message{"--bogus", "Unknown option --bogus"},
        Message{"--bind=/a", "Unknown option --bind=/a"},
        Message{"--dir /a -x", "Unknown option -x"}, Message{"-", "Unknown option -"},
        Message{"--uid x", "Invalid uid: x"}, Message{"--uid -1", "Invalid uid: -1"},
        Message{"--uid 2147483648", "Invalid uid: 2147483648"},
        // Debian's takes it modulo 2^32.
        Message{"--gid 9999999999", "Invalid gid: 9999999999", Since::newer_than_debians},
        Message{"--gid 1x", "Invalid gid: 1x"}, Message{"--perms 8 --dir /a", "--perms" + octal},
        Message{"--perms 010000 --dir /a", "--perms" + octal},
        Message{"--chmod 8 /probe", "--chmod" + octal},
        Message{"--chmod 20000 /probe", "--chmod" + octal}, Message{"--size 0 --tmpfs /a", bytes},
        Message{"--size -4096 --tmpfs /a", bytes}, Message{"--size 4k --tmpfs /a", bytes},
        Message{"--size +1 --tmpfs /a", bytes},
        Message{"--size 99999999999999999999 --tmpfs /a", bytes},
        Message{"--perms 0700 --perms 0700 --dir /a", "--perms given twice for the same action"},
        Message{"--size 1 --size 1 --tmpfs /a", "--size given twice for the same action"},
        Message{"--perms 0700 --bind @ /a", perms_alone},
        Message{"--perms 0700 --proc /a", perms_alone},
        Message{"--perms 0700 --symlink a /b", perms_alone},
        Message{"--perms 0700 --setenv A 1 --dir /a", perms_alone},
        Message{"--size 4096 --dir /a", size_alone}, Message{"--size 4096 --proc /a", size_alone},
        Message{"--size 4096 --perms 0700 --dir /a", size_alone},
        Message{"--size 4096 --file 20 /a", size_alone},
        Message{"--args 22", "--args not supported in arguments file"},
        Message{"--args 70", "Can't read --args data: Bad file descriptor"},
        Message{"--cap-add CAP_BOGUS", "unknown cap: CAP_BOGUS"},
        Message{"--cap-add CAP_41", "unknown cap: CAP_41"},
        Message{"--cap-add net_raw", "unknown cap: net_raw"},
        Message{"--cap-add 64", "unknown cap: 64"}, Message{"--cap-drop 64", "unknown cap: 64"},
        Message{"--cap-drop -1", "unknown cap: -1"},
        Message{"--cap-drop 18446744073709551617", "unknown cap: 18446744073709551617"},
        // Debian's goes on without it.
        Message{"--cap-add 63", "unknown cap: 63", Since::newer_than_debians},
        Message{"--cap-drop bogus", "unknown cap: bogus"}),
    NameOfMessage());

INSTANTIATE_TEST_SUITE_P(
    Together, Messages,
    testing::Values(
        Message{"--hostname x", "Specifying --hostname requires --unshare-uts"},
        Message{"--as-pid-1", "Specifying --as-pid-1 requires --unshare-pid"},
        Message{"--unshare-pid --as-pid-1 --lock-file /probe",
                "Specifying --as-pid-1 and --lock-file is not permitted"},
        Message{"--seccomp 20 --add-seccomp-fd 23",
                "--add-seccomp-fd cannot be combined with --seccomp"},
        Message{"--add-seccomp-fd 20 --seccomp 23",
                "--seccomp cannot be combined with --add-seccomp-fd"},
        Message{"--seccomp 21", "Invalid seccomp data, must be multiple of 8"},
        Message{"--add-seccomp-fd 21", "Invalid seccomp data, must be multiple of 8"},
        Message{"--seccomp 70", "Can't read seccomp data: Bad file descriptor"},
        Message{"--userns-block-fd 20", "--userns-block-fd requires --unshare-user"},
        Message{"--unshare-user --userns-block-fd 20", "--userns-block-fd requires --info-fd"},
        Message{"--unshare-user --userns-block-fd 20 --info-fd 23 --disable-userns",
                "--disable-userns is not compatible with  --userns-block-fd"},
        Message{"--unshare-user --userns 31", "--userns not compatible --unshare-user"},
        Message{"--unshare-user-try --userns 31", "--userns not compatible --unshare-user-try"},
        Message{"--userns 70", "Joining specified user namespace failed: Bad file descriptor"},
        Message{"--assert-userns-disabled",
                "creation of new user namespaces was not disabled as requested"},
        Message{"--exec-label x", "labeling not supported on this system"},
        Message{"--file-label x", "labeling not supported on this system"}),
    NameOfMessage());

INSTANTIATE_TEST_SUITE_P(
    Files, Messages,
    testing::Values(
        Message{"--bind @/missing /a",
                "Can't find source path @/missing: No such file or directory"},
        Message{"--ro-bind @/file/x /a", "Can't find source path @/file/x: Not a directory"},
        Message{"--chdir /missing", "Can't chdir to /missing: No such file or directory"},
        Message{"--chdir /probe", "Can't chdir to /probe: Not a directory"},
        Message{"--ro-bind @ /h --dir /h/new", "Can't mkdir /h/new: Read-only file system"},
        Message{"--dir /probe", "Can't mkdir /probe: Not a directory"},
        Message{"--ro-bind @/file/ /a", "Can't find source path @/file/: Not a directory"},
        Message{"--dir /probe/x", "Can't mkdir parents for /probe/x: Not a directory"},
        Message{"--file 20 /probe/x", "Can't mkdir parents for /probe/x: Not a directory"},
        Message{"--symlink a /probe/x", "Can't mkdir parents for /probe/x: Not a directory"},
        Message{"--remount-ro /probe/x", "Can't mkdir parents for /probe/x: Not a directory"},
        Message{"--symlink no /l --dir /l/a", "Can't mkdir /l/a: No such file or directory"},
        Message{"--symlink no /l --dir /l/a/b",
                "Can't mkdir parents for /l/a/b: No such file or directory"},
        Message{"--symlink no /l --file 20 /l/a",
                "Can't create file /l/a: No such file or directory"},
        Message{"--symlink no /l --symlink a /l/a",
                "Can't make symlink at /l/a: No such file or directory"},
        Message{"--symlink no/where /l --bind @/file /l",
                "Can't create file at /l: No such file or directory"},
        Message{"--remount-ro /missing",
                "Can't remount readonly on /newroot/missing: realpath(destination): No such file "
                "or directory"},
        Message{"--symlink l /l --remount-ro /l",
                "Can't remount readonly on /newroot/l: realpath(destination): Too many levels of "
                "symbolic links"},
        Message{"--dir /a --bind @/file /a", "Can't create file at /a: Is a directory"},
        Message{"--dir /a --file 20 /a", "Can't create file /a: Is a directory"},
        Message{"--file 70 /a", "Can't write data to file /a: Bad file descriptor"},
        Message{"--chmod 0700 /missing", "Can't chmod 0700 /missing: No such file or directory"},
        Message{"--unshare-user --mqueue /q",
                "Can't mount mqueue on /newroot/q: Operation not permitted"},
        Message{"--dir /a --remount-ro /a",
                "Can't remount readonly on /newroot/a: Unable to find \"/newroot/a\" in mount "
                "table"},
        Message{"--symlink a /l --symlink b /l",
                "Can't make symlink at /l: existing destination is a", Since::newer_than_debians},
        Message{"--dir /l --symlink b /l",
                "Can't make symlink at /l: destination exists and is not a symlink",
                Since::newer_than_debians},
        Message{"--bind @ /h --symlink other /h/link",
                "Can't make symlink at /h/link: existing destination is file",
                Since::newer_than_debians},
        Message{"--ro-bind @ /h --symlink other /h/link",
                "Can't make symlink at /h/link: existing destination is file",
                Since::newer_than_debians}),
    NameOfMessage());

const std::string layers_alone =
    "--overlay-src must be followed by another --overlay-src or one of --overlay, --tmp-overlay, "
    "or --ro-overlay";

INSTANTIATE_TEST_SUITE_P(
    Overlay, Messages,
    testing::Values(
        Message{"--overlay @/other @/empty /o", "--overlay requires at least one --overlay-src",
                Since::newer_than_debians},
        Message{"--tmp-overlay /o", "--tmp-overlay requires at least one --overlay-src",
                Since::newer_than_debians},
        Message{"--ro-overlay /o", "--ro-overlay requires at least two --overlay-src",
                Since::newer_than_debians},
        Message{"--overlay-src @/dir --ro-overlay /o",
                "--ro-overlay requires at least two --overlay-src", Since::newer_than_debians},
        Message{"--overlay-src @/dir --dir /o", layers_alone, Since::newer_than_debians},
        Message{"--overlay-src @/dir --unshare-pid --tmp-overlay /o", layers_alone,
                Since::newer_than_debians},
        Message{"--overlay-src @/dir", layers_alone, Since::newer_than_debians},
        Message{"--overlay-src @/missing --tmp-overlay /o",
                "Can't find source path @/missing: No such file or directory",
                Since::newer_than_debians},
        Message{"--argv0 a --argv0 b", "--argv0 used multiple times", Since::newer_than_debians}),
    NameOfMessage());

// Options of which the last wins say so, and go on.
class LastWins : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_P(LastWins, IsSaidAndNoFailure) {
  const HostFiles files;
  const std::string option = GetParam();
  const std::string name = option.substr(0, option.find(' '));
  for (const std::string& program : {ours(), debians()}) {
    if (::access(program.c_str(), X_OK) != 0 && program == debians()) continue;
    const Heard heard =
        play(program, as_case("--unshare-user --unshare-uts " + option + " " + option), files);
    EXPECT_EQ(heard.outcome.err, "bwrap: Only the last " + name + " option will take effect\n");
    EXPECT_EQ(heard.outcome.code, 0) << program << " " << option;
  }
}
INSTANTIATE_TEST_SUITE_P(Twice, LastWins,
                         testing::Values("--chdir /", "--sync-fd 20", "--block-fd 20",
                                         "--info-fd 1", "--uid 5", "--gid 5", "--hostname x"));

// Of those that cannot be had here: it is said before that.
class LastWinsOf : public testing::TestWithParam<Message> {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

TEST_P(LastWinsOf, IsSaidFirst) {
  const HostFiles files;
  const std::string option = GetParam().options;
  const std::string first = "bwrap: Only the last " + option.substr(0, option.find(' ')) +
                            " option will take effect\nbwrap: " + GetParam().text;
  const auto expect = [&](const std::string& program) {
    const Heard heard = play(program, as_case(option + " " + option), files);
    EXPECT_TRUE(heard.outcome.err.starts_with(first)) << program << ": " << heard.outcome.err;
    EXPECT_EQ(heard.outcome.code, 1) << program << " " << option;
  };
  expect(ours());
  if (GetParam().since == Since::old && ::access(debians().c_str(), X_OK) == 0) expect(debians());
}
INSTANTIATE_TEST_SUITE_P(
    Twice, LastWinsOf,
    testing::Values(Message{"--seccomp 70", "Can't read seccomp data: "},
                    Message{"--userns 70", "Joining specified user namespace failed: "},
                    // Debian's leaves a process that waits, or says more than that.
                    Message{"--userns2 70", "Setting userns2 failed: ", Since::newer_than_debians},
                    Message{"--pidns 70", "Setting pidns failed: ", Since::newer_than_debians},
                    Message{"--json-status-fd 70", "Write to info_fd: ", Since::newer_than_debians},
                    Message{"--userns-block-fd 70", "--userns-block-fd requires --unshare-user"},
                    Message{"--exec-label x", "labeling not supported", Since::newer_than_debians},
                    Message{"--file-label x", "labeling not supported", Since::newer_than_debians}),
    NameOfMessage());

TEST(Prefix, OfTheLevelComesBeforeTheName) {
  IMMURE_REQUIRE_SANDBOX();
  const HostFiles files;
  const auto said = [&](const std::string& options) {
    return play(ours(), as_case(options), files).outcome.err;
  };
  EXPECT_EQ(said("--level-prefix --bogus"), "<3>bwrap: Unknown option --bogus\n");
  EXPECT_EQ(said("--unshare-user --level-prefix --uid 1 --uid 2"),
            "<4>bwrap: Only the last --uid option will take effect\n");
  EXPECT_EQ(said("--unshare-user --uid 1 --uid 2 --level-prefix --chdir /missing"),
            "bwrap: Only the last --uid option will take effect\n"
            "<3>bwrap: Can't chdir to /missing: No such file or directory\n");
}

TEST(Usage, IsPrintedWhereThereIsNoCommand) {
  const auto said = [](const Argv& more) {
    Argv argv{ours()};
    argv.insert(argv.end(), more.begin(), more.end());
    return run({.argv = argv});
  };
  const std::string first = "usage: " + ours() + " [OPTIONS...] [--] COMMAND [ARGS...]";
  for (const Argv& none : {Argv{}, Argv{"--dir", "/a"}, Argv{"--"}, Argv{"--unshare-all", "--"}}) {
    const Outcome outcome = said(none);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    ASSERT_FALSE(lines(outcome.err).empty());
    EXPECT_EQ(lines(outcome.err)[0], first);
  }
  for (const Argv& help : {Argv{"--help"}, Argv{"--dir", "/a", "--help", "--bogus"}}) {
    const Outcome outcome = said(help);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    ASSERT_FALSE(lines(outcome.out).empty());
    EXPECT_EQ(lines(outcome.out)[0], first);
  }
}

// Callers look for options in this text.
TEST(Usage, NamesEveryOption) {
  const std::string help = run({.argv = {ours(), "--help"}}).out;
  IMMURE_REQUIRE_PEER();
  for (const std::string& line : lines(run({.argv = {debians(), "--help"}}).out)) {
    if (!line.starts_with("    --")) continue;
    const std::string option = line.substr(4, line.find(' ', 4) - 4);
    EXPECT_TRUE(contains(help, "    " + option + " ")) << option;
  }
  for (const char* newer :
       {"--argv0", "--overlay-src", "--overlay", "--tmp-overlay", "--ro-overlay", "--level-prefix",
        "--not-a-security-boundary", "--bind-fd", "--ro-bind-fd"}) {
    EXPECT_TRUE(contains(help, std::string("    ") + newer + " ")) << newer;
  }
}

TEST(Version, IsThatOfTheBubblewrapItStandsFor) {
  for (const Argv& argv : {Argv{ours(), "--version"}, Argv{ours(), "--dir", "/a", "--version"}}) {
    const Outcome outcome = run({.argv = argv});
    EXPECT_EQ(outcome.out, "bubblewrap 0.11.1\n");
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.code, 0);
  }
}

}  // namespace
}  // namespace immure::test
