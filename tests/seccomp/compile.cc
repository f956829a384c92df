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
