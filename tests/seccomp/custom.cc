// What a profile says beside the base: who wins, and that the program does what the policy says.
#include "seccomp/custom.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <random>
#include <utility>

#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/filter_support.h"
#include "seccomp/syscall_groups.h"

namespace immure::test {
namespace {

constexpr std::uint64_t kG = kGarbageAbove;
constexpr Action kLog{SECCOMP_RET_LOG};

ArgExpression test_of(std::string_view text) {
  auto parsed = parse_arg_expression(text);
  EXPECT_TRUE(std::holds_alternative<ArgExpression>(parsed)) << text;
  auto* good = std::get_if<ArgExpression>(&parsed);
  return good == nullptr ? ArgExpression{} : *good;
}

CallRule rule(std::vector<std::string> calls, Action action,
              std::initializer_list<std::string_view> tests = {}, std::vector<Abi> abis = {}) {
  CallRule made{.calls = std::move(calls), .action = action, .abis = std::move(abis)};
  for (const std::string_view test : tests) made.tests.push_back(test_of(test));
  return made;
}

class Custom : public testing::Test {
 protected:
  void SetUp() override {
    if (native_arch() != AUDIT_ARCH_X86_64) GTEST_SKIP() << "these numbers are of x86-64";
  }
  static std::string says(const std::vector<sock_filter>& program, long number,
                          std::initializer_list<std::uint64_t> args = {}) {
    return verdict(program, call_of(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(number), args));
  }
};

TEST_F(Custom, ANameBeatsAGroupAndAGroupBeatsTheBase) {
  const auto program = custom_program(
      {.changes = {{"@mount", true}, {"mount", false}, {"@basic-io", false}, {"write", true}}});
  EXPECT_EQ(says(program, SYS_pivot_root), "allow");
  EXPECT_EQ(says(program, SYS_mount), "EPERM");
  EXPECT_EQ(says(program, SYS_read), "EPERM");
  EXPECT_EQ(says(program, SYS_write), "allow");
  EXPECT_EQ(says(program, SYS_getpid), "allow");
  EXPECT_EQ(says(program, SYS_reboot), "EPERM");
}

TEST_F(Custom, OfGroupsThatOverlapTheLaterDecides) {
  const auto denied = custom_program({.changes = {{"@system-service", true}, {"@sync", false}}});
  EXPECT_EQ(says(denied, SYS_fsync), "EPERM");
  const auto allowed = custom_program({.changes = {{"@sync", false}, {"@system-service", true}}});
  EXPECT_EQ(says(allowed, SYS_fsync), "allow");
}

TEST_F(Custom, AGroupOpensNoTestOfArgumentsButANameDoes) {
  for (const FilterChoice base : {kStandard, kStrict}) {
    const auto group = custom_program({.choice = base, .changes = {{"@system-service", true}}});
    EXPECT_EQ(says(group, SYS_ioctl, {0, TIOCSTI}), "EPERM");
    EXPECT_EQ(says(group, SYS_ioctl, {0, TIOCGWINSZ}), "allow");
    EXPECT_EQ(says(group, SYS_clone, {CLONE_NEWUSER}), "EPERM");
    EXPECT_EQ(says(group, SYS_clone3), "ENOSYS") << "its flags can't be seen";
    EXPECT_EQ(says(group, SYS_socket, {AF_INET, SOCK_STREAM}), "allow");
    EXPECT_EQ(says(group, SYS_socket, {AF_VSOCK, SOCK_STREAM}), "EAFNOSUPPORT");
    EXPECT_EQ(says(group, SYS_sched_setaffinity, {1}), "allow");
    const auto name =
        custom_program({.choice = base, .changes = {{"clone3", true}, {"ioctl", true}}});
    EXPECT_EQ(says(name, SYS_ioctl, {0, TIOCSTI}), "allow");
    EXPECT_EQ(says(name, SYS_clone3), "allow");
  }
}

TEST_F(Custom, AGroupThatIsAllowedLaterOpensWhatANarrowerOneClosed) {
  const auto program = custom_program(
      {.has_base = false, .changes = {{"@network-io", false}, {"@system-service", true}}});
  EXPECT_EQ(says(program, SYS_connect), "allow");
  EXPECT_EQ(says(program, SYS_ioctl, {0, TIOCSTI}), "allow") << "there is no base that refuses it";
}

TEST_F(Custom, TheFirstRuleThatHoldsDecidesBeforeAllElse) {
  const auto program = custom_program(
      {.changes = {{"uname", false}},
       .rules = {rule({"socket"}, refuse(EACCES), {"0 == AF_UNIX", "1 & 0xf == SOCK_DGRAM"}),
                 rule({"socket"}, kKill, {"0 == AF_UNIX"}), rule({"uname", "@swap"}, kAllow),
                 rule({"uname"}, kKill), rule({"openat"}, kLog, {"2 & O_CREAT"})}});
  EXPECT_EQ(says(program, SYS_socket, {kG | AF_UNIX, kG | SOCK_DGRAM | SOCK_CLOEXEC}), "EACCES");
  EXPECT_EQ(says(program, SYS_socket, {AF_UNIX, SOCK_STREAM}), "kill the process");
  EXPECT_EQ(says(program, SYS_socket, {AF_INET, SOCK_STREAM}), "allow");
  EXPECT_EQ(says(program, SYS_socket, {AF_VSOCK, SOCK_STREAM}), "EAFNOSUPPORT");
  EXPECT_EQ(says(program, SYS_uname), "allow");
  EXPECT_EQ(says(program, SYS_swapon), "allow");
  EXPECT_EQ(says(program, SYS_openat, {0, 0, 0x40}), "allow and log");
  EXPECT_EQ(says(program, SYS_openat, {0, 0, 0}), "allow");
}

TEST_F(Custom, ComparesAnIntByItsLowHalfAndOthersWhole) {
  const auto program = custom_program(
      {.rules = {rule({"dup2"}, kKill, {"0 >= 10"}), rule({"lseek"}, kKill, {"1 > 0xffffffff"}),
                 rule({"mmap"}, kKill, {"2 == 5"}), rule({"munmap"}, kKill, {"1 != 4096"}),
                 rule({"kill"}, kKill, {"0 == -1"}), rule({"fchmod"}, kKill, {"1 == 0777"}),
                 rule({"dup"}, kKill, {"0 <= 0xffffffff"}), rule({"close"}, kKill, {"0 > -1"})}});
  const std::string kill = "kill the process";
  EXPECT_EQ(says(program, SYS_dup2, {kG | 10}), kill);
  EXPECT_EQ(says(program, SYS_dup2, {kG | 9}), "allow");
  EXPECT_EQ(says(program, SYS_lseek, {0, 0x1'0000'0000}), kill);
  EXPECT_EQ(says(program, SYS_lseek, {0, 0xffffffff}), "allow");
  EXPECT_EQ(says(program, SYS_mmap, {0, 0, 5}), kill);
  EXPECT_EQ(says(program, SYS_mmap, {0, 0, kG | 5}), "allow");
  EXPECT_EQ(says(program, SYS_munmap, {0, 4096}), "allow");
  EXPECT_EQ(says(program, SYS_munmap, {0, 0x1'0000'1000}), kill);
  EXPECT_EQ(says(program, SYS_kill, {0xffffffff}), kill);
  EXPECT_EQ(says(program, SYS_fchmod, {0, 0x30000 | 0777}), kill) << "a mode has 16 bits";
  EXPECT_EQ(says(program, SYS_dup, {kG | 1}), kill);
  EXPECT_EQ(says(program, SYS_close, {0xffffffff}), "allow") << "nothing is above";
}

TEST_F(Custom, TheFamiliesAreThoseAndNoOthers) {
  const auto says_socket = [](const FilterRequest& request, std::uint64_t family,
                              std::uint64_t type = SOCK_STREAM, std::uint64_t protocol = 0) {
    return says(custom_program(request), SYS_socket, {family, type, protocol});
  };
  for (const bool has_base : {true, false}) {
    const FilterRequest request{.has_base = has_base,
                                .changes = {{"@network-io", true}},
                                .sockets = SocketRule{{AF_UNIX, AF_NETLINK, AF_INET}}};
    EXPECT_EQ(says_socket(request, kG | AF_UNIX), "allow");
    EXPECT_EQ(says_socket(request, AF_INET), "allow");
    EXPECT_EQ(says_socket(request, AF_INET, SOCK_PACKET), "EAFNOSUPPORT");
    EXPECT_EQ(says_socket(request, AF_INET6), "EAFNOSUPPORT");
    EXPECT_EQ(says_socket(request, AF_NETLINK, SOCK_RAW, 0), "allow");
    EXPECT_EQ(says_socket(request, AF_NETLINK, SOCK_RAW, 9), "EAFNOSUPPORT");
  }
  EXPECT_EQ(says_socket({.sockets = SocketRule{{AF_INET, AF_PACKET}}}, AF_INET, SOCK_PACKET),
            "allow");
  EXPECT_EQ(says_socket({.sockets = SocketRule{}}, AF_UNIX), "EAFNOSUPPORT");
  EXPECT_EQ(
      says_socket({.changes = {{"socket", false}}, .sockets = SocketRule{{AF_UNIX}}}, AF_UNIX),
      "EPERM");
  EXPECT_EQ(
      says_socket({.changes = {{"socket", true}}, .sockets = SocketRule{{AF_UNIX}}}, AF_VSOCK),
      "EAFNOSUPPORT");
}

TEST_F(Custom, AnotherAnswerIsForWhatIsRefusedWithEperm) {
  const auto program = custom_program(
      {.refusal = kKill, .changes = {{"uname", false}}, .rules = {rule({"sync"}, refuse(EPERM))}});
  EXPECT_EQ(says(program, SYS_ptrace), "kill the process");
  EXPECT_EQ(says(program, SYS_uname), "kill the process");
  EXPECT_EQ(says(program, SYS_ioctl, {0, TIOCSTI}), "kill the process");
  EXPECT_EQ(says(program, SYS_clone3), "ENOSYS");
  EXPECT_EQ(says(program, 1023), "ENOSYS");
  EXPECT_EQ(says(program, SYS_socket, {AF_VSOCK}), "EAFNOSUPPORT");
  EXPECT_EQ(says(program, SYS_sync), "EPERM") << "a rule says what it means";
}

TEST_F(Custom, OnI386WhatHidesItsArgumentsIsRefusedWithTheCall) {
  const auto program =
      custom_program({.has_base = false,
                      .choice = {.i386 = true},
                      .changes = {{"shmget", false}},
                      .rules = {rule({"socket"}, kKill, {"0 == AF_ALG"}),
                                rule({"lseek"}, refuse(EACCES), {}, {Abi::i386})}});
  const auto says_i386 = [&](std::uint32_t number, std::initializer_list<std::uint64_t> args = {}) {
    return verdict(program, call_of(AUDIT_ARCH_I386, number, args));
  };
  EXPECT_EQ(says_i386(102 /*socketcall*/), "ENOSYS");
  EXPECT_EQ(says_i386(117 /*ipc*/), "EPERM");
  EXPECT_EQ(says_i386(359 /*socket*/, {AF_ALG}), "kill the process");
  EXPECT_EQ(says_i386(19 /*lseek*/), "EACCES");
  EXPECT_EQ(says_i386(140 /*_llseek*/), "EACCES");
  EXPECT_EQ(says(program, SYS_lseek), "allow");
}

TEST_F(Custom, X32IsDecidedLikeTheNativeCallsOrEnds) {
  const auto open = custom_program({.x32 = true, .changes = {{"uname", false}}});
  EXPECT_EQ(says(open, kX32Bit | SYS_getpid), "allow");
  EXPECT_EQ(says(open, kX32Bit | SYS_uname), "EPERM");
  EXPECT_EQ(says(open, kX32Bit | 521 /*ptrace*/), "EPERM");
  EXPECT_EQ(says(open, kX32Bit | 514 /*ioctl*/, {0, TIOCSTI}), "EPERM");
  EXPECT_EQ(says(open, kX32Bit | 462 /*mseal*/), "allow");
  EXPECT_EQ(says(open, kX32Bit | 1000), "ENOSYS");
  EXPECT_EQ(says(open, -1), "ENOSYS");
  const auto closed = custom_program({.changes = {{"uname", false}}});
  EXPECT_EQ(says(closed, kX32Bit | SYS_getpid), "kill the process");
}

TEST_F(Custom, TestsOfPointersAndOfWhatIsNotThereAreFound) {
  const auto kind = [](std::vector<std::string> calls, std::string_view test, bool i386 = false) {
    const auto bad =
        find_bad_test({.choice = {.i386 = i386}, .rules = {rule(std::move(calls), kKill, {test})}});
    return bad ? std::optional(bad->kind) : std::nullopt;
  };
  EXPECT_EQ(kind({"openat"}, "1 == 0"), ArgKind::pointer);
  EXPECT_EQ(kind({"@swap"}, "0 == 0"), ArgKind::pointer);
  EXPECT_EQ(kind({"close"}, "1 == 0"), ArgKind::none);
  EXPECT_EQ(kind({"mmap"}, "2 & 4"), std::nullopt);
  EXPECT_EQ(kind({"mmap"}, "2 & 4", true), ArgKind::other);
  EXPECT_EQ(kind({"pread64"}, "3 == 4", true), ArgKind::other);
  EXPECT_EQ(kind({"close"}, "0 == 0x100000000"), ArgKind::int32) << "does not fit";
}

// --- The program does what the policy says. ---

bool holds(const ArgTest& test, std::uint64_t value) {
  const std::uint64_t masked = value & test.mask & (test.wide ? UINT64_MAX : UINT32_MAX);
  bool result = masked != 0;
  if (!test.values.empty()) {
    result = test.at_least ? masked >= test.values[0]
                           : std::ranges::find(test.values, masked) != test.values.end();
  }
  return result != test.negate;
}

std::uint32_t decided(const Policy& policy, const seccomp_data& call) {
  const auto found = policy.calls.find(static_cast<std::uint32_t>(call.nr));
  if (found == policy.calls.end()) return policy.unlisted.value;
  for (const Case& one : found->second.cases) {
    if (std::ranges::all_of(one.tests,
                            [&](const ArgTest& t) { return holds(t, call.args[t.arg]); })) {
      return one.action.value;
    }
  }
  return found->second.otherwise.value;
}

std::vector<std::uint64_t> corners(const Policy& policy, std::uint32_t number) {
  std::vector<std::uint64_t> values{0, 1, UINT64_MAX, UINT32_MAX, kG};
  const auto found = policy.calls.find(number);
  if (found == policy.calls.end()) return values;
  for (const Case& one : found->second.cases) {
    for (const ArgTest& test : one.tests) {
      values.push_back(test.mask);
      for (const std::uint64_t value : test.values) {
        values.insert(values.end(), {value, value + 1, value - 1, kG | value, value << 32U});
      }
    }
  }
  return values;
}

void expect_same(const FilterRequest& request) {
  auto policies = make_custom(request);
  ASSERT_TRUE(policies.ok());
  auto program = compile(policies.value());
  ASSERT_TRUE(program.ok());
  for (const CustomPolicy& one : policies.value()) {
    const bool x32 = one.abi == Abi::x32;
    const std::uint32_t arch = x32 ? AUDIT_ARCH_X86_64 : one.policy.arch;
    for (std::uint32_t plain = 0; plain < kNumbers; ++plain) {
      const std::uint32_t number = x32 ? plain | kX32Bit : plain;
      for (const std::uint64_t a : corners(one.policy, number)) {
        for (const std::uint64_t b : {std::uint64_t{0}, a, kG | 5}) {
          for (const seccomp_data& call : {call_of(arch, number, {a, b, a, b, a, b}),
                                           call_of(arch, number, {b, a, a, b, b, a})}) {
            ASSERT_EQ(evaluate(program.value(), call), decided(one.policy, call))
                << number << " in " << std::hex << arch << ", " << a << ' ' << b;
          }
        }
      }
    }
  }
}

// Any of all forms; the seed is fixed.
class RandomRequest {
 public:
  FilterRequest make() {
    const std::vector<std::string_view> known = calls_of_group("@known");
    FilterRequest request{.has_base = !once_in(4), .x32 = once_in(2)};
    request.choice = {.strict = once_in(3), .guard_setid = once_in(2), .i386 = once_in(2)};
    if (once_in(3)) request.refusal = once_in(2) ? kKill : kLog;
    if (once_in(3)) request.sockets = SocketRule{{AF_UNIX, AF_INET}};
    for (unsigned i = number(8); i > 0; --i) {
      const std::string_view name = once_in(2) ? known[number(known.size())] : "@basic-io";
      request.changes.push_back({.name = std::string(name), .allow = once_in(2)});
    }
    const std::vector<Action> actions{kAllow, kKill, kLog, refuse(EACCES)};
    for (unsigned i = number(9); i > 0; --i) {
      CallRule made{.calls = {std::string(known[number(known.size())])},
                    .action = actions[number(actions.size())]};
      for (unsigned t = number(3); t > 0; --t) made.tests.push_back(test());
      if (find_bad_test({.choice = request.choice, .x32 = request.x32, .rules = {made}})) continue;
      request.rules.push_back(std::move(made));
    }
    return request;
  }

 private:
  unsigned number(std::size_t below) { return static_cast<unsigned>(random_() % below); }
  bool once_in(unsigned n) { return number(n) == 0; }
  ArgExpression test() {
    using Operator = ArgExpression::Operator;
    constexpr std::array kOperators{Operator::any_bit,  Operator::equal,   Operator::unequal,
                                    Operator::less,     Operator::at_most, Operator::more,
                                    Operator::at_least, Operator::in};
    ArgExpression made{.arg = number(4), .op = kOperators.at(number(kOperators.size()))};
    const auto some = [&] { return ArgNumber{static_cast<std::int64_t>(number(0xffff))}; };
    if (made.op == Operator::any_bit) {
      made.mask = ArgNumber{static_cast<std::int64_t>(1 + number(0xffff))};
      return made;
    }
    for (unsigned i = made.op == Operator::in ? 3 : 1; i > 0; --i) made.values.push_back(some());
    return made;
  }

  std::mt19937 random_{20260101};  // NOLINT(cert-msc51-cpp): the same each time
};

TEST_F(Custom, TheProgramDoesWhatThePolicySaysForEachNumber) {
  RandomRequest random;
  std::size_t rules = 0;
  for (int round = 0; round < 8; ++round) {
    const FilterRequest request = random.make();
    rules += request.rules.size();
    expect_same(request);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(rules, 12U);
}

// The time is for people to read; that there is a program, and always the same, is what counts.
TEST_F(Custom, PrintsHowLongCompilingTakes) {
  const FilterRequest request{
      .changes = {{"@system-service", true}, {"@network-io", false}, {"ptrace", true}},
      .rules = {rule({"socket"}, kKill, {"0 == AF_ALG"}), rule({"openat"}, kLog, {"2 & O_CREAT"})}};
  std::vector<double> times;
  const std::size_t size = custom_program(request).size();
  EXPECT_GT(size, 10U);
  for (int round = 0; round < 21; ++round) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(custom_program(request).size(), size);
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - start;
    times.push_back(taken.count());
  }
  std::ranges::sort(times);
  std::printf("%zu instructions compiled in %.0f us\n", size, times[times.size() / 2]);
}

}  // namespace
}  // namespace immure::test
