// What each option of bubblewrap's command line comes to. The messages: bwrap_mistakes_test.cc.
#include "config/bwrap_args.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <string>
#include <vector>

#include "config/bwrap_options.h"
#include "support/bwrap_line.h"

namespace immure {
namespace {

using namespace std::string_literals;

using test::descriptor_of;
using test::read_line;
using test::read_words;

std::string octal(mode_t mode) {
  std::ostringstream out;
  out << std::oct << mode;
  return out.str();
}

// An operation in words, with all that is not as a plain one has it.
struct Shown {
  std::string operator()(const BindOperation& o) const {
    const std::string source = o.source_fd < 0 ? o.source : std::to_string(o.source_fd);
    return "bind " + source + (o.read_only ? " ro" : "") + (o.devices ? " devices" : "") +
           (o.optional ? " optional" : "");
  }
  std::string operator()(const TmpfsOperation& o) const {
    return "tmpfs " + octal(o.mode) + ' ' + std::to_string(o.size_bytes);
  }
  std::string operator()(const DirOperation& o) const { return "dir " + octal(o.mode); }
  std::string operator()(const FileOperation& o) const {
    return "file " + std::to_string(o.fd) + ' ' + octal(o.mode);
  }
  std::string operator()(const DataOperation& o) const {
    return "data " + std::to_string(o.fd) + ' ' + octal(o.mode) + (o.read_only ? " ro" : "");
  }
  std::string operator()(const SymlinkOperation& o) const { return "link " + o.text; }
  std::string operator()(const ChmodOperation& o) const { return "chmod " + octal(o.mode); }
  std::string operator()(const RemountOperation& /*o*/) const { return "remount ro"; }
  std::string operator()(const ProcOperation& /*o*/) const { return "proc"; }
  std::string operator()(const DevOperation& /*o*/) const { return "dev"; }
  std::string operator()(const MqueueOperation& /*o*/) const { return "mqueue"; }
  std::string operator()(const OverlayOperation& o) const {
    std::string out = "overlay";
    for (const std::string& lower : o.lower) out += ' ' + lower;
    if (!o.upper.empty()) out += " upper " + o.upper + " work " + o.work;
    return out + (o.read_only ? " ro" : "");
  }
  std::string operator()(const HostnameOperation& o) const { return "hostname " + o.name; }
};

std::string shown(const Operation& operation) {
  std::string out = std::visit(Shown(), operation.what);
  if (!operation.target.empty()) out += " at " + operation.target;
  return out + (operation.parents == 0755 ? "" : " below " + octal(operation.parents));
}

// All that is not as it is without options, separated by "; ".
std::string shown(const BwrapArguments& arguments) {
  const OrderedSpec& spec = arguments.spec;
  std::vector<std::string> parts;
  for (const Operation& operation : spec.operations) parts.push_back(shown(operation));
  const auto flag = [&parts](bool set, const char* name) {
    if (set) parts.emplace_back(name);
  };
  const auto number = [&parts](int value, const char* name) {
    if (value >= 0) parts.push_back(name + (' ' + std::to_string(value)));
  };
  const auto text = [&parts](const std::string& value, const char* name) {
    if (!value.empty()) parts.push_back(name + (' ' + value));
  };
  flag(spec.new_user, "user"), flag(spec.new_ipc, "ipc"), flag(spec.new_pid, "pid");
  flag(spec.new_net, "net"), flag(spec.new_uts, "uts"), flag(spec.new_cgroup, "cgroup");
  number(spec.join_user, "join user"), number(spec.join_user_after, "then user");
  number(spec.join_pid, "join pid");
  if (spec.uid) parts.push_back("uid " + std::to_string(*spec.uid));
  if (spec.gid) parts.push_back("gid " + std::to_string(*spec.gid));
  flag(spec.refuse_user_namespaces, "no user namespaces");
  flag(spec.assert_refused, "none can be made"), flag(spec.maps_by_caller, "maps by caller");
  flag(spec.clear_environment, "clear");
  for (const auto& [name, value] : spec.environment) {
    parts.push_back(value ? name + '=' + *value : "no " + name);
  }
  text(spec.directory.value_or(""), "in"), text(spec.argv0.value_or(""), "argv0");
  if (spec.capabilities) parts.push_back("caps " + octal(static_cast<mode_t>(*spec.capabilities)));
  for (const int fd : spec.filters) number(fd, "filter");
  text(spec.exec_label, "exec label"), text(spec.file_label, "file label");
  flag(spec.new_session, "session"), flag(spec.die_with_parent, "die with parent");
  flag(spec.as_pid_1, "as pid 1");
  for (const std::string& file : spec.lock_files) text(file, "lock");
  number(spec.sync_fd, "sync"), number(arguments.block_fd, "block");
  number(arguments.userns_block_fd, "block user"), number(arguments.info_fd, "info");
  number(arguments.json_status_fd, "status");
  flag(arguments.not_a_boundary, "not a boundary");
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : "; ") + part;
  return out;
}

// Root, so that nothing is implied: with two capabilities of three.
const BwrapCaller kRoot{.root = true, .capabilities = 05, .last_capability = 2};

struct Meaning {
  std::string line;
  std::string shown;
};
void PrintTo(const Meaning& one, std::ostream* to) { *to << one.line; }

class Meanings : public testing::TestWithParam<Meaning> {};

TEST_P(Meanings, AreRead) {
  const auto line = read_line(GetParam().line + " command -x", kRoot);
  ASSERT_EQ(line.mistake(), "");
  EXPECT_EQ(shown(line.arguments()), GetParam().shown);
  EXPECT_EQ(line.arguments().spec.command, (std::vector<std::string>{"command", "-x"}));
  EXPECT_EQ(line.arguments().asks, BwrapArguments::Asks::run);
}

const std::vector<Meaning> meanings{
    {"--bind /a b", "bind /a at b"},
    {"--bind-try /a /b", "bind /a optional at /b"},
    {"--dev-bind /a /b", "bind /a devices at /b"},
    {"--dev-bind-try /a /b", "bind /a devices optional at /b"},
    {"--ro-bind /a /b", "bind /a ro at /b"},
    {"--ro-bind-try /a /b", "bind /a ro optional at /b"},
    {"--bind-fd 7 /b", "bind 7 at /b"},
    {"--ro-bind-fd 7 /b", "bind 7 ro at /b"},
    {"--remount-ro /a", "remount ro at /a"},
    {"--proc /p --dev /d --mqueue /m", "proc at /p; dev at /d; mqueue at /m"},
    {"--tmpfs /a", "tmpfs 755 0 at /a"},
    {"--dir /a", "dir 755 at /a"},
    {"--file 7 /a", "file 7 666 at /a"},
    {"--bind-data 7 /a", "data 7 600 at /a"},
    {"--ro-bind-data 7 /a", "data 7 600 ro at /a"},
    {"--symlink to /a", "link to at /a"},
    {"--chmod 1750 /a", "chmod 1750 at /a"},
    {"--overlay-src /a --overlay-src /b --overlay /c /d /e",
     "overlay /a /b upper /c work /d at /e"},
    {"--overlay-src /a --tmp-overlay /e", "overlay /a at /e"},
    {"--overlay-src /a --overlay-src /b --ro-overlay /e", "overlay /a /b ro at /e"},
    {"--dir /b --bind /a /b --dir /b", "dir 755 at /b; bind /a at /b; dir 755 at /b"},
    // Modifiers go with one operation, in either order.
    {"--perms 0711 --dir /a --dir /b", "dir 711 at /a; dir 755 at /b"},
    {"--perms 0700 --tmpfs /a", "tmpfs 700 0 at /a below 700"},
    {"--perms 0750 --file 7 /a", "file 7 750 at /a below 750"},
    {"--perms 0604 --bind-data 7 /a", "data 7 604 at /a below 705"},
    {"--perms 0 --ro-bind-data 7 /a", "data 7 0 ro at /a below 700"},
    {"--size 4096 --tmpfs /a --tmpfs /b", "tmpfs 755 4096 at /a; tmpfs 755 0 at /b"},
    {"--size 0x1000 --perms 0777 --tmpfs /a", "tmpfs 777 4096 at /a"},
    {"--perms 0777 --size 010 --tmpfs /a", "tmpfs 777 8 at /a"},
    // Namespaces
    {"--unshare-user", "user"},
    {"--unshare-user-try", "user"},
    {"--unshare-ipc --unshare-pid --unshare-net --unshare-uts", "ipc; pid; net; uts"},
    {"--unshare-cgroup", "cgroup"},
    {"--unshare-cgroup-try", "cgroup"},
    {"--unshare-all", "user; ipc; pid; net; uts; cgroup"},
    {"--unshare-all --share-net", "user; ipc; pid; uts; cgroup"},
    {"--share-net --unshare-net", "net"},
    {"--userns 5 --userns2 6 --uid 7 --gid 8", "join user 5; then user 6; uid 7; gid 8"},
    {"--pidns 5", "join pid 5"},
    {"--unshare-user --uid 0 --gid 2147483647", "user; uid 0; gid 2147483647"},
    {"--unshare-user --uid +7 --gid 007", "user; uid 7; gid 7"},
    {"--hostname h --unshare-uts --dir /a", "hostname h; dir 755 at /a; uts"},
    {"--disable-userns --unshare-user", "user; no user namespaces"},
    {"--assert-userns-disabled", "none can be made"},
    // The process
    {"--chdir /a", "in /a"},
    {"--setenv A 1 --unsetenv B --setenv A \"\"", "A=1; no B; A="},
    {"--setenv A 1 --clearenv --setenv B 2", "clear; B=2"},
    {"--argv0 name", "argv0 name"},
    {"--cap-add CAP_CHOWN", "caps 5"},
    {"--cap-drop cap_chown --cap-add cap_dac_override", "caps 4"},
    {"--cap-drop all --cap-add CAP_CHOWN", "caps 1"},
    {"--cap-add ALL --cap-drop CAP_CHOWN", "caps 4"},
    {"--cap-drop 0 --cap-drop 0x3f", "caps 4"},
    {"--cap-drop ALL --cap-add 02", "caps 4"},
    {"--exec-label e --file-label f", "exec label e; file label f"},
    {"--new-session --die-with-parent", "session; die with parent"},
    {"--as-pid-1 --unshare-pid", "pid; as pid 1"},
    {"--lock-file /a --lock-file /b", "lock /a; lock /b"},
    {"--not-a-security-boundary", "not a boundary"},
    {"--level-prefix", ""},
    // Descriptors
    {"--sync-fd 5 --block-fd 6 --info-fd 7 --json-status-fd 8",
     "sync 5; block 6; info 7; status 8"},
    {"--userns-block-fd 5 --info-fd 6 --unshare-user",
     "user; maps by caller; block user 5; info 6"},
    {"--seccomp 5 --seccomp 6", "filter 6"},
    {"--add-seccomp-fd 6 --add-seccomp-fd 5", "filter 6; filter 5"},
    {"--sync-fd 0", "sync 0"},
};
INSTANTIATE_TEST_SUITE_P(Option, Meanings, testing::ValuesIn(meanings));

TEST(BwrapArgs, EveryOptionIsInTheTableAbove) {
  std::string all = " --help --version --args ";  // have tests of their own
  for (const Meaning& one : meanings) all += one.line + ' ';
  for (const BwrapRow& row : bwrap_options()) {
    EXPECT_NE(all.find("--" + std::string(row.name) + ' '), std::string::npos) << row.name;
  }
}

TEST(BwrapArgs, EveryOperationKnowsItsOption) {
  const auto line = read_line("--tmpfs /a --perms 0700 --dir /b --symlink a /c true");
  ASSERT_EQ(line.mistake(), "");
  std::vector<std::string> flags;
  for (const Operation& one : line.arguments().spec.operations) flags.push_back(one.origin.flag);
  EXPECT_EQ(flags, (std::vector<std::string>{"--tmpfs", "--dir", "--symlink"}));
}

TEST(BwrapArgs, AUserNamespaceIsImpliedForAllButRoot) {
  EXPECT_TRUE(read_line("true").arguments().spec.new_user);
  EXPECT_FALSE(read_line("true", kRoot).arguments().spec.new_user);
  EXPECT_FALSE(read_line("--userns 5 true").arguments().spec.new_user);
}

TEST(BwrapArgs, RootNeedsNoNamespaceForTheIdsThatItHas) {
  const BwrapCaller root{.root = true, .gid = 7};
  EXPECT_EQ(shown(read_line("--uid 0 --gid 7 true", root).arguments()), "");
  EXPECT_EQ(shown(read_line("--uid 0 --gid 0 true", kRoot).arguments()), "");
}

TEST(BwrapArgs, WhatIsTriedIsLeftOutWhereTheHostHasItNot) {
  const BwrapCaller poor{.root = true, .user_namespaces = false, .cgroup_namespaces = false};
  EXPECT_EQ(shown(read_line("--unshare-user-try true", poor).arguments()), "");
  EXPECT_EQ(shown(read_line("--unshare-cgroup-try true", poor).arguments()), "");
  EXPECT_EQ(shown(read_line("--unshare-all true", poor).arguments()), "ipc; pid; net; uts");
}

TEST(BwrapArgs, CapabilitiesBeginWithNoneButForRoot) {
  const BwrapCaller ordinary{.capabilities = 05, .last_capability = 2};
  EXPECT_EQ(shown(read_line("--cap-add CAP_DAC_OVERRIDE true", ordinary).arguments()),
            "user; caps 2");
  EXPECT_EQ(shown(read_line("--cap-add ALL true", ordinary).arguments()), "user; caps 7");
}

TEST(BwrapArgs, TheCommandBeginsAtTheFirstOtherWord) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(read_line("--dir /a cmd --dir /b").arguments().spec.command,
            (Words{"cmd", "--dir", "/b"}));
  EXPECT_EQ(read_line("--dir /a -- --help").arguments().spec.command, Words{"--help"});
  EXPECT_EQ(read_line("-- -- a").arguments().spec.command, (Words{"--", "a"}));
  EXPECT_EQ(read_words({"--dir", "/a", ""}).arguments().spec.command, Words{""});
}

TEST(BwrapArgs, WithoutACommandTheUsageIsAskedFor) {
  using enum BwrapArguments::Asks;
  EXPECT_EQ(read_line("").arguments().asks, usage);
  EXPECT_EQ(read_line("--dir /a").arguments().asks, usage);
  EXPECT_EQ(read_line("--dir /a --").arguments().asks, usage);
}

TEST(BwrapArgs, HelpAndVersionEndTheReading) {
  using enum BwrapArguments::Asks;
  EXPECT_EQ(read_line("--dir /a --help --bogus").arguments().asks, help);
  EXPECT_EQ(read_line("--version --bogus").arguments().asks, version);
}

TEST(BwrapArgs, MoreThanNineThousandWordsAreTaken) {
  std::vector<std::string> words;
  for (int i = 0; i < 10000; ++i) words.insert(words.end(), {"--dir", "/a"});
  words.emplace_back("true");
  EXPECT_EQ(read_words(words).arguments().spec.operations.size(), 10000);
}

// --- --args ---

std::string block(const std::string& line) {
  std::string out;
  for (const std::string& word : test::words_of_line(line)) out += word + '\0';
  return out;
}

// "--args N" and what follows it, with this block.
test::ReadLine read_with_block(const std::string& content, const std::string& behind,
                               const std::string& before = "") {
  const std::string fd = std::to_string(descriptor_of(content));
  return read_line(before + " --args " + fd + ' ' + behind, kRoot);
}

TEST(BwrapArgsBlock, IsReadInItsPlaceAndClosed) {
  const int fd = descriptor_of(block("--dir /b --setenv A \"\""));
  const auto line = read_line("--dir /a --args " + std::to_string(fd) + " --dir /c true", kRoot);
  ASSERT_EQ(line.mistake(), "");
  EXPECT_EQ(shown(line.arguments()), "dir 755 at /a; dir 755 at /b; dir 755 at /c; A=");
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(BwrapArgsBlock, NeedsNoNulAtItsEndAndMayBeEmpty) {
  EXPECT_EQ(shown(read_with_block("--dir\0/a"s, "true").arguments()), "dir 755 at /a");
  EXPECT_EQ(shown(read_with_block("", "true").arguments()), "");
}

TEST(BwrapArgsBlock, IsReadToTheEndOfAPipe) {
  std::array<int, 2> ends{-1, -1};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  std::string many;
  constexpr std::size_t count = 4000;  // more than one read(2) gives
  for (std::size_t i = 0; i < count; ++i) many += block("--dir /a");
  ASSERT_EQ(::write(ends[1], many.data(), many.size()), static_cast<ssize_t>(many.size()));
  ::close(ends[1]);
  const auto line = read_line("--args " + std::to_string(ends[0]) + " true");
  ASSERT_EQ(line.mistake(), "");
  EXPECT_EQ(line.arguments().spec.operations.size(), count);
}

TEST(BwrapArgsBlock, DropsWhatFollowsItsOptions) {
  for (const std::string rest : {"command --dir /b --bogus", "-- --dir /b --bogus"}) {
    const auto line = read_with_block(block("--dir /a " + rest), "--dir /c true");
    ASSERT_EQ(line.mistake(), "") << rest;
    EXPECT_EQ(shown(line.arguments()), "dir 755 at /a; dir 755 at /c") << rest;
    EXPECT_EQ(line.arguments().spec.command, std::vector<std::string>{"true"});
  }
  EXPECT_EQ(read_with_block(block("--dir /a command"), "").arguments().asks,
            BwrapArguments::Asks::usage);
}

TEST(BwrapArgsBlock, MayComeMoreThanOnce) {
  const std::string second = std::to_string(descriptor_of(block("--dir /b")));
  const auto line = read_with_block(block("--dir /a"), "--args " + second + " true");
  EXPECT_EQ(shown(line.arguments()), "dir 755 at /a; dir 755 at /b");
}

TEST(BwrapArgsBlock, HoldsNoOther) {
  EXPECT_EQ(read_with_block(block("--args 3"), "true").mistake(),
            "--args not supported in arguments file");
}

TEST(BwrapArgsBlock, AModifierReachesIntoItAndNotOutOfIt) {
  EXPECT_EQ(shown(read_with_block(block("--dir /a"), "true", "--perms 0711").arguments()),
            "dir 711 at /a");
  EXPECT_EQ(read_with_block(block("--perms 0700"), "--dir /a true").mistake(),
            "--perms must be followed by an option that creates a file");
}

TEST(BwrapArgsBlock, ThatCannotBeReadIsAMistakeWithItsReason) {
  const auto line = read_line("--args 987654 true");
  const auto& mistake = std::get<BwrapMistake>(line.result);
  EXPECT_EQ(mistake.text, "Can't read --args data");
  EXPECT_EQ(mistake.errnum, EBADF);
}

}  // namespace
}  // namespace immure
