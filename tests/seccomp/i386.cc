// The filters that open the calls of i386: these are decided as those of x86-64, and the latter as
// without.
#include <gtest/gtest.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <limits>

#include "seccomp/aliases_i386.h"
#include "seccomp/calls.h"
#include "seccomp/filter_support.h"
#include "seccomp/policy.h"

namespace immure::test {
namespace {

constexpr std::uint32_t kNative = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kForeign = AUDIT_ARCH_I386;
constexpr std::uint64_t kOnes = std::numeric_limits<std::uint64_t>::max();

class I386 : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_i386(native_arch())) GTEST_SKIP() << "this processor has no calls of i386";
  }
};

FilterChoice opened(FilterChoice choice) {
  choice.i386 = true;
  return choice;
}

std::string says(std::span<const sock_filter> program, std::uint32_t number,
                 std::initializer_list<std::uint64_t> args = {}) {
  return verdict(program, call_of(kForeign, number, args));
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

TEST_F(I386, LeavesTheNativeCallsAsTheyAre) {
  for (const FilterChoice choice : kAllFilters) {
    const auto before = compiled_filter(choice);
    const auto with = compiled_filter(opened(choice));
    for (std::uint32_t number = 0; number < kNumbers; ++number) {
      for (const std::uint32_t bit : {0U, 0x40000000U}) {
        for (const std::uint64_t value :
             {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{PR_SET_MM}, kOnes}) {
          const auto call =
              call_of(kNative, number | bit, {value, value, value, value, value, value});
          ASSERT_EQ(verdict(with, call), verdict(before, call)) << number;
        }
      }
      EXPECT_EQ(verdict(with, call_of(AUDIT_ARCH_AARCH64, number)), "kill the process");
    }
  }
}

TEST_F(I386, DecidesACallThatBothHaveAsTheNativeOne) {
  for (const FilterChoice choice : kAllFilters) {
    const auto program = compiled_filter(opened(choice));
    std::size_t compared = 0;
    for (std::uint32_t number = 0; number < kNumbers; ++number) {
      const std::string name = call_name(number, kNative);
      if (name.empty()) continue;
      const CallNumber foreign = find_call(name, kForeign);
      if (foreign.kind != CallKind::present) continue;
      // The kernel has these two under x86-64's numbers as well, and does nothing there.
      if (name == "set_thread_area" || name == "get_thread_area") continue;
      for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{TIOCSTI},
                                        std::uint64_t{CLONE_NEWUSER}, kOnes}) {
        const auto native = call_of(kNative, number, {value, value, value, value, value, value});
        EXPECT_EQ(says(program, foreign.number, {value, value, value, value, value, value}),
                  verdict(program, native))
            << name << " under " << filter_name(opened(choice));
      }
      ++compared;
    }
    EXPECT_GT(compared, 300U);
  }
}

TEST_F(I386, DecidesItsOwnFormsOfACallAsThatOne) {
  for (const FilterChoice choice : kAllFilters) {
    const auto program = compiled_filter(opened(choice));
    for (const CallAlias& alias : aliases_i386()) {
      const CallNumber native = find_call(alias.call, kNative);
      ASSERT_EQ(native.kind, CallKind::present) << alias.call;
      for (const std::string_view name : words(alias.names)) {
        const CallNumber foreign = find_call(name, kForeign);
        ASSERT_EQ(foreign.kind, CallKind::present) << name;
        EXPECT_EQ(says(program, foreign.number), verdict(program, call_of(kNative, native.number)))
            << name << " under " << filter_name(opened(choice));
      }
    }
  }
}

// By number, and written down apart from the tables of the policy.
TEST_F(I386, RefusesWhatIsDangerous) {
  for (const FilterChoice choice : {kStandard, kGuarded, kStrict, kStrictGuarded}) {
    const auto program = compiled_filter(opened(choice));
    for (const std::uint32_t number : {21U /*mount*/,
                                       22U /*umount*/,
                                       52U /*umount2*/,
                                       61U /*chroot*/,
                                       217U /*pivot_root*/,
                                       346U /*setns*/,
                                       26U /*ptrace*/,
                                       101U /*ioperm*/,
                                       110U /*iopl*/,
                                       113U /*vm86old*/,
                                       123U /*modify_ldt*/,
                                       166U /*vm86*/,
                                       25U /*stime*/,
                                       264U /*clock_settime*/,
                                       404U /*clock_settime64*/,
                                       336U /*perf_event_open*/,
                                       357U /*bpf*/,
                                       374U /*userfaultfd*/,
                                       347U /*process_vm_readv*/,
                                       342U /*open_by_handle_at*/,
                                       316U /*vmsplice*/}) {
      EXPECT_EQ(says(program, number), "EPERM") << number;
      EXPECT_EQ(says(program, number, {kOnes, kOnes, kOnes}), "EPERM") << number;
    }
    for (const std::uint32_t number :
         {102U /*socketcall*/, 435U /*clone3*/, 286U /*add_key*/, 287U /*request_key*/,
          288U /*keyctl*/, 425U /*io_uring_setup*/, 428U /*open_tree*/, 17U /*break*/, 470U}) {
      EXPECT_EQ(says(program, number), "ENOSYS") << number;
    }
    EXPECT_EQ(says(program, 120 /*clone*/, {CLONE_NEWUSER | SIGCHLD}), "EPERM");
    EXPECT_EQ(says(program, 120 /*clone*/, {SIGCHLD}), "allow");
    EXPECT_EQ(says(program, 310 /*unshare*/, {CLONE_NEWNS}), "EPERM");
    EXPECT_EQ(says(program, 54 /*ioctl*/, {0, TIOCSTI}), "EPERM");
    EXPECT_EQ(says(program, 54 /*ioctl*/, {0, TCGETS}), "allow");
    EXPECT_EQ(says(program, 172 /*prctl*/, {PR_SET_MM}), "EPERM");
    EXPECT_EQ(says(program, 359 /*socket*/, {AF_PACKET}), "EAFNOSUPPORT");
    EXPECT_EQ(says(program, 4 /*write*/), "allow");
    EXPECT_EQ(says(program, 192 /*mmap2*/), "allow");
    EXPECT_EQ(says(program, 243 /*set_thread_area*/), "allow");
  }
  EXPECT_EQ(says(compiled_filter(opened(kStandard)), 117 /*ipc*/), "allow");
  EXPECT_EQ(says(compiled_filter(opened(kStrict)), 117 /*ipc*/), "EPERM");
  EXPECT_EQ(says(compiled_filter(opened(kGuarded)), 15 /*chmod*/, {0, 04755}), "EPERM");
  EXPECT_EQ(says(compiled_filter(opened(kGuarded)), 15 /*chmod*/, {0, 0755}), "allow");
}

TEST_F(I386, AChangeOfACallIsOneOfItsOtherForms) {
  const auto changed = [](std::vector<CallChange> changes) {
    return custom_program(
        {.choice = {.strict = true, .i386 = true}, .changes = std::move(changes)});
  };
  const auto denied = changed({{"stat", false}, {"shmget", false}, {"ptrace", true}});
  for (const std::uint32_t number : {106U /*stat*/, 195U /*stat64*/, 18U /*oldstat*/, 117U /*ipc*/})
    EXPECT_EQ(says(denied, number), "EPERM") << number;
  EXPECT_EQ(says(denied, 26 /*ptrace*/), "allow");
  EXPECT_EQ(verdict(denied, call_of(kNative, 101)), "allow");
  const auto allowed = changed({{"io_pgetevents", true}, {"shmget", true}});
  EXPECT_EQ(says(allowed, 416 /*io_pgetevents_time64*/), "allow");
  EXPECT_EQ(says(allowed, 395 /*shmget*/), "allow");
  EXPECT_EQ(says(allowed, 117 /*ipc*/), "EPERM") << "it makes eleven others as well";
  const auto none =
      custom_program({.has_base = false, .choice = {.i386 = true}, .changes = {{"mount", false}}});
  EXPECT_EQ(says(none, 21 /*mount*/), "EPERM");
  EXPECT_EQ(says(none, 4 /*write*/), "allow");
}

TEST(FilterName, SaysThatCallsOfI386AreOpen) {
  EXPECT_EQ(filter_name(opened(kStandard)), "standard, 32-bit calls too");
  EXPECT_EQ(filter_name(opened(kNestedGuarded)),
            "standard, nested namespaces open, 32-bit calls too, no set-id bits");
  EXPECT_EQ(filter_name(opened(kStrictGuarded)), "strict, 32-bit calls too, no set-id bits");
}

}  // namespace
}  // namespace immure::test
