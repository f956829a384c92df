#include "seccomp/compile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "seccomp/calls.h"
#include "seccomp/evaluate.h"
#include "seccomp/filter_support.h"
#include "seccomp/policy.h"

namespace immure::test {
namespace {

constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;

Policy alternating(std::uint32_t numbers) {
  Policy policy{.arch = kArch, .unlisted = refuse(ENOSYS), .calls = {}};
  for (std::uint32_t number = 0; number < numbers; ++number)
    policy.calls[number].otherwise = refuse(1 + static_cast<int>(number % 30));
  return policy;
}

TEST(Compile, AnEmptyPolicyIsTheArchitectureAndTheDefault) {
  auto program = compile({.arch = AUDIT_ARCH_AARCH64, .unlisted = refuse(ENOSYS), .calls = {}});
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(verdict(program.value(), call_of(AUDIT_ARCH_AARCH64, 1)), "ENOSYS");
  EXPECT_EQ(verdict(program.value(), call_of(kArch, 1)), "kill the process");
}

TEST(Compile, OnlyX86HasX32) {
  auto program = compile({.arch = AUDIT_ARCH_AARCH64, .unlisted = kAllow, .calls = {}});
  ASSERT_TRUE(program.ok());
  EXPECT_EQ(verdict(program.value(), call_of(AUDIT_ARCH_AARCH64, 0x40000001)), "allow");
}

TEST(Compile, AProgramLongerThanAJumpStillDecidesEachNumberAlone) {
  const Policy policy = alternating(400);
  auto program = compile(policy);
  ASSERT_TRUE(program.ok());
  EXPECT_TRUE(std::ranges::any_of(
      program.value(), [](const sock_filter& s) { return s.code == (BPF_JMP | BPF_JA); }));
  for (std::uint32_t number = 0; number < 400; ++number)
    EXPECT_EQ(evaluate(program.value(), call_of(kArch, number)),
              refuse(1 + static_cast<int>(number % 30)).value);
  EXPECT_EQ(verdict(program.value(), call_of(kArch, 400)), "ENOSYS");
}

TEST(Compile, WhatTheKernelWouldNotTakeIsAnError) {
  Policy policy{.arch = kArch, .unlisted = refuse(ENOSYS), .calls = {}};
  Case& long_list =
      policy.calls[5].cases.emplace_back(Case{.tests = {{.arg = 0}}, .action = kAllow});
  for (std::uint32_t value = 0; value <= BPF_MAXINSNS; ++value)
    long_list.tests[0].values.push_back(value);
  auto program = compile(policy);
  ASSERT_FALSE(program.ok());
  EXPECT_EQ(program.error().doing, "compile the system call filter");
}

TEST(Compile, TheFirstCaseThatHoldsDecides) {
  Policy policy{.arch = kArch, .unlisted = refuse(ENOSYS), .calls = {}};
  policy.calls[5] = {
      .cases = {{{{.arg = 0, .values = {1, 2}}, {.arg = 5, .mask = 0xf0}}, refuse(EPERM)},
                {{{.arg = 0, .mask = 0xff, .values = {2}}}, refuse(EACCES)}},
      .otherwise = kAllow};
  auto program = compile(policy);
  ASSERT_TRUE(program.ok());
  const auto says = [&](std::uint64_t first, std::uint64_t last) {
    return verdict(program.value(), call_of(kArch, 5, {first, 0, 0, 0, 0, last}));
  };
  EXPECT_EQ(says(1, 0x10), "EPERM");
  EXPECT_EQ(says(2, 0x80), "EPERM");
  EXPECT_EQ(says(2, 0x0f), "EACCES");
  EXPECT_EQ(says(1, 0x0f), "allow");
  EXPECT_EQ(says(0x302, 0xff), "EACCES");
  EXPECT_EQ(says(3, 0xff), "allow");
}

TEST(Compile, WhatIsShippedIsWhatTheseTablesGive) {
  for (const FilterChoice choice : filter_choices()) {
    auto policies = make_policies(choice, native_arch());
    ASSERT_TRUE(policies.ok()) << policies.error().doing << policies.error().reason;
    auto program = compile(policies.value());
    ASSERT_TRUE(program.ok());
    const auto shipped = compiled_filter(choice);
    ASSERT_EQ(program.value().size(), shipped.size()) << filter_name(choice);
    for (std::size_t i = 0; i < shipped.size(); ++i) {
      EXPECT_EQ(program.value()[i].code, shipped[i].code);
      EXPECT_EQ(program.value()[i].jt, shipped[i].jt);
      EXPECT_EQ(program.value()[i].jf, shipped[i].jf);
      EXPECT_EQ(program.value()[i].k, shipped[i].k);
    }
  }
}

// How many instructions the kernel runs to find out, at load time, whether a number is allowed
// whatever its arguments.
std::size_t steps_for(std::span<const sock_filter> program, std::uint32_t number) {
  std::size_t steps = 0;
  std::uint32_t loaded = 0;
  for (std::size_t at = 0;; ++steps) {
    const sock_filter& now = program[at++];
    if (now.code == (BPF_LD | BPF_W | BPF_ABS)) {
      if (now.k >= offsetof(seccomp_data, args)) return steps;
      loaded = now.k == offsetof(seccomp_data, nr) ? number : native_arch();
    } else if (BPF_CLASS(now.code) == BPF_JMP) {
      const bool jumps = BPF_OP(now.code) == BPF_JEQ ? loaded == now.k : loaded >= now.k;
      at += BPF_OP(now.code) == BPF_JA ? now.k : jumps ? now.jt : now.jf;
    } else {
      return steps;
    }
  }
}

TEST(Compile, TheTreeIsBalancedOverTheNumbersThatTheKernelTries) {
  constexpr std::size_t kTried = 512;
  for (const FilterChoice choice : filter_choices()) {
    std::size_t steps = 0;
    for (std::uint32_t number = 0; number < kTried; ++number) {
      const std::size_t of_one = steps_for(compiled_filter(choice), number);
      EXPECT_LE(of_one, 16U) << number;
      steps += of_one;
    }
    EXPECT_LE(steps, 10 * kTried) << filter_name(choice);
  }
}

TEST(Compile, CallsThatProgramsMakeMostAreDecidedByTheirNumberAlone) {
  auto policy = make_policy(kStandard, native_arch());
  ASSERT_TRUE(policy.ok());
  for (const char* const name : {"read", "write", "openat", "close", "mmap", "munmap", "mprotect",
                                 "futex", "newfstatat", "fstat", "pread64", "lseek", "brk",
                                 "rt_sigprocmask", "epoll_wait", "poll", "recvfrom", "getpid"}) {
    const CallNumber call = find_call(name, native_arch());
    if (call.kind == CallKind::absent) continue;
    ASSERT_EQ(call.kind, CallKind::present) << name;
    EXPECT_EQ(policy.value().calls.at(call.number), (Decision{.cases = {}, .otherwise = kAllow}))
        << name;
  }
}

}  // namespace
}  // namespace immure::test
