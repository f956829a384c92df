#include "seccomp/tsc_filter.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "seccomp/calls.h"
#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

constexpr std::uint32_t kX32 = 0x40000000;

std::string says(std::uint32_t arch, std::uint32_t number, std::uint64_t option) {
  return verdict(tsc_filter(AUDIT_ARCH_X86_64), call_of(arch, number, {option}));
}

TEST(TscFilter, RefusesToOpenTheCounterInEachAbi) {
  const std::uint32_t native = find_call("prctl", AUDIT_ARCH_X86_64).number;
  const std::uint32_t i386 = find_call("prctl", AUDIT_ARCH_I386).number;
  EXPECT_EQ(says(AUDIT_ARCH_X86_64, native, PR_SET_TSC), "EPERM");
  EXPECT_EQ(says(AUDIT_ARCH_X86_64, native, kGarbageAbove | PR_SET_TSC), "EPERM");
  EXPECT_EQ(says(AUDIT_ARCH_X86_64, native | kX32, PR_SET_TSC), "EPERM");
  EXPECT_EQ(says(AUDIT_ARCH_I386, i386, PR_SET_TSC), "EPERM");
}

TEST(TscFilter, AllowsAllElse) {
  const std::uint32_t native = find_call("prctl", AUDIT_ARCH_X86_64).number;
  const std::uint32_t i386 = find_call("prctl", AUDIT_ARCH_I386).number;
  for (std::uint32_t number = 0; number < kNumbers; ++number) {
    EXPECT_EQ(number == native ? "allow" : says(AUDIT_ARCH_X86_64, number, PR_SET_TSC), "allow");
    EXPECT_EQ(number == i386 ? "allow" : says(AUDIT_ARCH_I386, number, PR_SET_TSC), "allow");
  }
  EXPECT_EQ(says(AUDIT_ARCH_X86_64, native, PR_GET_TSC), "allow");
  EXPECT_EQ(says(AUDIT_ARCH_I386, i386, PR_SET_NAME), "allow");
  EXPECT_EQ(says(AUDIT_ARCH_X86_64, 0xffffffff, PR_SET_TSC), "allow") << "a call that is skipped";
}

TEST(TscFilter, IsForX86Alone) {
  EXPECT_FALSE(tsc_filter(AUDIT_ARCH_I386).empty());
  EXPECT_TRUE(tsc_filter(AUDIT_ARCH_AARCH64).empty());
}

}  // namespace
}  // namespace immure::test
