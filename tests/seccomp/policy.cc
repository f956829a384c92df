#include "seccomp/policy.h"

#include <gtest/gtest.h>
#include <seccomp.h>

#include "seccomp/calls.h"
#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

TEST(FindCall, KnowsCallsNewerThanTheLibrary) {
  EXPECT_EQ(find_call("statmount", AUDIT_ARCH_X86_64), (CallNumber{CallKind::present, 457}));
  EXPECT_EQ(find_call("file_setattr", AUDIT_ARCH_AARCH64), (CallNumber{CallKind::present, 469}));
  EXPECT_EQ(find_call("uretprobe", AUDIT_ARCH_X86_64), (CallNumber{CallKind::present, 335}));
  EXPECT_EQ(find_call("uprobe", AUDIT_ARCH_X86_64), (CallNumber{CallKind::present, 336}));
}

TEST(FindCall, TellsCallsOfOtherArchitecturesFromMisspeltOnes) {
  EXPECT_EQ(find_call("openat", AUDIT_ARCH_X86_64), (CallNumber{CallKind::present, 257}));
  EXPECT_EQ(find_call("openat", AUDIT_ARCH_AARCH64), (CallNumber{CallKind::present, 56}));
  EXPECT_EQ(find_call("open", AUDIT_ARCH_AARCH64).kind, CallKind::absent);
  EXPECT_EQ(find_call("uretprobe", AUDIT_ARCH_AARCH64).kind, CallKind::absent);
  EXPECT_EQ(find_call("socketcall", AUDIT_ARCH_X86_64).kind, CallKind::absent);
  EXPECT_EQ(find_call("opneat", AUDIT_ARCH_X86_64).kind, CallKind::unknown);
}

TEST(FindCall, KnowsCallsOfI386ThatTheLibraryTakesForPartsOfAnother) {
  EXPECT_EQ(find_call("socket", AUDIT_ARCH_I386), (CallNumber{CallKind::present, 359}));
  EXPECT_EQ(find_call("msgctl", AUDIT_ARCH_I386), (CallNumber{CallKind::present, 402}));
  EXPECT_EQ(find_call("socketcall", AUDIT_ARCH_I386), (CallNumber{CallKind::present, 102}));
  EXPECT_EQ(find_call("semop", AUDIT_ARCH_I386).kind, CallKind::absent) << "ipc alone makes it";
}

TEST(FindCall, AgreesWithALibraryThatKnowsTheName) {
  for (const char* const name : {"cachestat", "fchmodat2", "map_shadow_stack", "futex_wake",
                                 "mseal", "statmount", "setxattrat"}) {
    const int number = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name);
    if (number < 0) continue;  // newer than the library
    EXPECT_EQ(find_call(name, AUDIT_ARCH_X86_64).number, static_cast<std::uint32_t>(number));
  }
}

TEST(MakePolicy, HasNoMistakesOnAnyArchitecture) {
  for (const std::uint32_t arch : std::initializer_list<std::uint32_t>{
           AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, AUDIT_ARCH_I386}) {
    for (const FilterChoice choice : filter_choices()) {
      auto policy = make_policy(choice, arch);
      ASSERT_TRUE(policy.ok()) << policy.error().doing << ": " << policy.error().reason;
      EXPECT_EQ(policy.value().unlisted, refuse(ENOSYS));
      EXPECT_GT(policy.value().calls.size(), 300U);
    }
  }
}

TEST(MakePolicy, NestedOnlyOpens) {
  auto closed = make_policy(kStandard, native_arch());
  auto nested = make_policy(kNested, native_arch());
  ASSERT_TRUE(closed.ok() && nested.ok());
  for (const auto& [number, decision] : closed.value().calls) {
    const Decision& open = nested.value().calls.at(number);
    if (open != decision) {
      EXPECT_EQ(open, (Decision{.cases = {}, .otherwise = kAllow})) << number;
    }
  }
}

}  // namespace
}  // namespace immure::test
