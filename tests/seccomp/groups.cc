// The tables of groups, of arguments and of numbers: every name in them is one.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <set>
#include <string>

#include "seccomp/arg_kinds.h"
#include "seccomp/calls.h"
#include "seccomp/filter_support.h"
#include "seccomp/named_numbers.h"
#include "seccomp/policy.h"
#include "seccomp/syscall_groups.h"

namespace immure::test {
namespace {

TEST(Groups, EveryCallInThemIsKnown) {
  for (const SyscallGroup& group : syscall_groups()) {
    const auto calls = calls_of_group(group.name);
    EXPECT_FALSE(calls.empty()) << group.name;
    for (const std::string_view call : calls) {
      EXPECT_NE(find_call(call, native_arch()).kind, CallKind::unknown)
          << call << " in " << group.name;
    }
  }
  EXPECT_TRUE(calls_of_group("@nothing").empty());
  EXPECT_FALSE(is_group("@nothing"));
  EXPECT_TRUE(is_group("@known"));
}

TEST(Groups, HaveTheNamesThatSystemdHas) {
  for (const char* name :
       {"@aio",      "@basic-io",  "@chown",          "@clock",    "@cpu-emulation",
        "@debug",    "@default",   "@file-system",    "@io-event", "@ipc",
        "@keyring",  "@memlock",   "@module",         "@mount",    "@network-io",
        "@obsolete", "@pkey",      "@privileged",     "@process",  "@raw-io",
        "@reboot",   "@resources", "@sandbox",        "@setuid",   "@signal",
        "@swap",     "@sync",      "@system-service", "@timer",    "@known"}) {
    EXPECT_TRUE(is_group(name)) << name;
  }
  EXPECT_EQ(group_names().size(), 30U);
}

TEST(Groups, EveryCallOfOurTablesIsKnown) {
  const auto known = calls_of_group("@known");
  for (const FilterChoice choice : filter_choices()) {
    auto policies = make_policies(choice, native_arch());
    ASSERT_TRUE(policies.ok());
    for (const Policy& policy : policies.value()) {
      for (const auto& [number, decision] : policy.calls) {
        bool found = false;
        for (const std::string_view name : known) {
          const CallNumber call = find_call(name, policy.arch);
          found = found || (call.kind == CallKind::present && call.number == number);
        }
        EXPECT_TRUE(found) << number << " of " << std::hex << policy.arch;
      }
    }
    if (!choice.i386) continue;
    break;  // the others have the same calls
  }
}

TEST(Groups, AGroupHoldsThoseOfTheGroupsInIt) {
  const auto all = calls_of_group("@system-service");
  for (const char* part : {"@file-system", "@network-io", "@process"}) {
    for (const std::string_view call : calls_of_group(part)) {
      EXPECT_TRUE(std::ranges::binary_search(all, call)) << call;
    }
  }
  EXPECT_FALSE(std::ranges::binary_search(all, std::string_view("mount")));
  EXPECT_FALSE(std::ranges::binary_search(all, std::string_view("ptrace")));
}

// Calls that no kernel of today has.
bool is_gone(const std::string& call) {
  static const std::set<std::string> gone{
      "afs_syscall",    "create_module", "get_kernel_syms", "getpmsg", "nfsservctl",
      "putpmsg",        "query_module",  "security",        "tuxcall", "epoll_ctl_old",
      "epoll_wait_old", "vserver",       "uselib",          "ustat",   "sysfs"};
  return gone.contains(call);
}

// Which calls take nothing: the others have a kind for their first argument.
TEST(ArgKinds, EveryCallOfThisProcessorIsInTheTable) {
  const std::set<std::string> none{
      "fork",       "getegid", "geteuid",         "getgid",       "getpgrp",
      "getpid",     "getppid", "gettid",          "getuid",       "inotify_init",
      "munlockall", "pause",   "restart_syscall", "rt_sigreturn", "sched_yield",
      "setsid",     "sync",    "uprobe",          "uretprobe",    "vfork",
      "vhangup"};
  for (std::uint32_t number = 0; number < kNumbers; ++number) {
    const std::string call = call_name(number, native_arch());
    if (call.empty() || is_gone(call)) continue;
    EXPECT_EQ(arg_kind(call, 0) == ArgKind::none, none.contains(call)) << call;
  }
}

TEST(ArgKinds, SayHowTheKernelTakesThem) {
  EXPECT_EQ(arg_kind("openat", 0), ArgKind::int32);
  EXPECT_EQ(arg_kind("openat", 1), ArgKind::pointer);
  EXPECT_EQ(arg_kind("openat", 3), ArgKind::int16);
  EXPECT_EQ(arg_kind("mmap", 1), ArgKind::whole);
  EXPECT_EQ(arg_kind("clone", 0), ArgKind::int32);
  EXPECT_EQ(arg_kind_i386("mmap2", "mmap", 2), ArgKind::whole);
  EXPECT_EQ(arg_kind_i386("mmap", "mmap", 2), ArgKind::other);
  EXPECT_EQ(arg_kind_i386("signal", "rt_sigaction", 3), ArgKind::other);
}

TEST(NamedNumbers, EachNameStandsOnce) {
  std::set<std::string_view> names;
  for (const NamedNumber& number : named_numbers()) {
    EXPECT_TRUE(names.insert(number.name).second) << number.name;
  }
  EXPECT_EQ(find_number("AF_INET6"), AF_INET6);
  EXPECT_EQ(find_number("AF_INET7"), std::nullopt);
}

}  // namespace
}  // namespace immure::test
