// Every call number in every ABI. The tables here are written down from the contract, by number and
// apart from the tables of the policy: each number is allowed unless it stands in one of them.
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "seccomp/calls.h"
#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

using Numbers = std::set<std::uint32_t>;

const Numbers kNamespacesAndMounts = {165 /*mount*/,
                                      166 /*umount2*/,
                                      155 /*pivot_root*/,
                                      161 /*chroot*/,
                                      308 /*setns*/,
                                      170 /*sethostname*/,
                                      171 /*setdomainname*/};
const Numbers kMountApi = {428 /*open_tree*/, 429 /*move_mount*/,
                           430 /*fsopen*/,    431 /*fsconfig*/,
                           432 /*fsmount*/,   433 /*fspick*/,
                           457 /*statmount*/, 442 /*mount_setattr*/,
                           458 /*listmount*/, 467 /*open_tree_attr*/};
const Numbers kMachine = {167 /*swapon*/,
                          168 /*swapoff*/,
                          169 /*reboot*/,
                          163 /*acct*/,
                          179 /*quotactl*/,
                          443 /*quotactl_fd*/,
                          172 /*iopl*/,
                          173 /*ioperm*/,
                          174 /*create_module*/,
                          175 /*init_module*/,
                          176 /*delete_module*/,
                          177 /*get_kernel_syms*/,
                          178 /*query_module*/,
                          313 /*finit_module*/,
                          246 /*kexec_load*/,
                          320 /*kexec_file_load*/,
                          164 /*settimeofday*/,
                          227 /*clock_settime*/,
                          103 /*syslog*/,
                          153 /*vhangup*/,
                          180 /*nfsservctl*/};
const Numbers kWaysAround = {304 /*open_by_handle_at*/,
                             303 /*name_to_handle_at*/,
                             212 /*lookup_dcookie*/,
                             134 /*uselib*/,
                             136 /*ustat*/,
                             139 /*sysfs*/,
                             156 /*_sysctl*/,
                             154 /*modify_ldt*/,
                             321 /*bpf*/,
                             298 /*perf_event_open*/,
                             300 /*fanotify_init*/,
                             301 /*fanotify_mark*/,
                             323 /*userfaultfd*/,
                             278 /*vmsplice*/,
                             460 /*lsm_set_self_attr*/};
const Numbers kOtherProcesses = {101 /*ptrace*/,
                                 310 /*process_vm_readv*/,
                                 311 /*process_vm_writev*/,
                                 438 /*pidfd_getfd*/,
                                 312 /*kcmp*/,
                                 440 /*process_madvise*/};
const Numbers kNumaPlacement = {237 /*mbind*/, 238 /*set_mempolicy*/, 256 /*migrate_pages*/,
                                279 /*move_pages*/, 450 /*set_mempolicy_home_node*/};
const Numbers kTooNew = {435 /*clone3*/,           425 /*io_uring_setup*/,
                         426 /*io_uring_enter*/,   427 /*io_uring_register*/,
                         248 /*add_key*/,          249 /*request_key*/,
                         250 /*keyctl*/,           451 /*cachestat*/,
                         447 /*memfd_secret*/,     459 /*lsm_get_self_attr*/,
                         461 /*lsm_list_modules*/, 469 /*file_setattr*/};
const Numbers kNeverImplemented = {181 /*getpmsg*/,         182 /*putpmsg*/,
                                   183 /*afs_syscall*/,     184 /*tuxcall*/,
                                   185 /*security*/,        205 /*set_thread_area*/,
                                   211 /*get_thread_area*/, 214 /*epoll_ctl_old*/,
                                   215 /*epoll_wait_old*/,  236 /*vserver*/};
// Their arguments decide; arguments.cc says how.
const Numbers kByArguments = {
    41 /*socket*/,    53 /*socketpair*/, 44 /*sendto*/, 46 /*sendmsg*/,
    307 /*sendmmsg*/, 16 /*ioctl*/,      157 /*prctl*/, 135 /*personality*/};
const Numbers kMakeNamespaces = {56 /*clone*/, 272 /*unshare*/};
const Numbers kSetIdBits = {90 /*chmod*/,      91 /*fchmod*/, 268 /*fchmodat*/,
                            452 /*fchmodat2*/, 85 /*creat*/,  133 /*mknod*/,
                            259 /*mknodat*/,   2 /*open*/,    257 /*openat*/};
const Numbers kModeBehindPointer = {437 /*openat2*/};
const Numbers kNotPlainComputing = {42 /*connect*/,
                                    43 /*accept*/,
                                    49 /*bind*/,
                                    50 /*listen*/,
                                    288 /*accept4*/,
                                    240 /*mq_open*/,
                                    241 /*mq_unlink*/,
                                    242 /*mq_timedsend*/,
                                    243 /*mq_timedreceive*/,
                                    244 /*mq_notify*/,
                                    245 /*mq_getsetattr*/,
                                    68 /*msgget*/,
                                    69 /*msgsnd*/,
                                    70 /*msgrcv*/,
                                    71 /*msgctl*/,
                                    64 /*semget*/,
                                    65 /*semop*/,
                                    66 /*semctl*/,
                                    220 /*semtimedop*/,
                                    29 /*shmget*/,
                                    30 /*shmat*/,
                                    31 /*shmctl*/,
                                    67 /*shmdt*/,
                                    206 /*io_setup*/,
                                    207 /*io_destroy*/,
                                    208 /*io_getevents*/,
                                    209 /*io_submit*/,
                                    210 /*io_cancel*/,
                                    333 /*io_pgetevents*/,
                                    448 /*process_mrelease*/,
                                    216 /*remap_file_pages*/,
                                    159 /*adjtimex*/,
                                    305 /*clock_adjtime*/};
const Numbers kSchedulingAndNodes = {203 /*sched_setaffinity*/,
                                     314 /*sched_setattr*/,
                                     142 /*sched_setparam*/,
                                     144 /*sched_setscheduler*/,
                                     141 /*setpriority*/,
                                     251 /*ioprio_set*/,
                                     133 /*mknod*/,
                                     259 /*mknodat*/};

bool is_assigned(std::uint32_t number) { return number <= 336 || (number >= 424 && number <= 469); }

// Nothing where the arguments decide.
std::string expected(FilterChoice choice, std::uint32_t number) {
  const auto in = [&](const Numbers& numbers) { return numbers.contains(number); };
  if (in(kByArguments) || (!choice.nested && in(kMakeNamespaces))) return "";
  if (choice.guard_setid && in(kSetIdBits)) return "";
  if (choice.guard_setid && in(kModeBehindPointer)) return "ENOSYS";
  if (choice.strict && in(kSchedulingAndNodes)) return "";
  if (choice.strict && in(kNotPlainComputing)) return "EPERM";
  if (!choice.nested && in(kNamespacesAndMounts)) return "EPERM";
  if (!choice.nested && in(kMountApi)) return "ENOSYS";
  if (in(kMachine) || in(kWaysAround) || in(kOtherProcesses) || in(kNumaPlacement)) return "EPERM";
  if (in(kTooNew) || in(kNeverImplemented) || !is_assigned(number)) return "ENOSYS";
  return "allow";
}

class Numbers86 : public testing::Test {
 protected:
  void SetUp() override {
    if (native_arch() != AUDIT_ARCH_X86_64) GTEST_SKIP() << "the table is that of x86-64";
  }
};

TEST_F(Numbers86, EachIsDecidedAsTheContractSays) {
  for (const FilterChoice choice : kAllFilters) {
    SCOPED_TRACE(filter_name(choice));
    for (std::uint32_t number = 0; number < kNumbers; ++number) {
      const std::string wanted = expected(choice, number);
      if (wanted.empty()) continue;
      constexpr std::uint64_t kOnes = std::numeric_limits<std::uint64_t>::max();
      EXPECT_EQ(verdict(choice, number, {}), wanted) << "number " << number;
      EXPECT_EQ(verdict(choice, number, {kOnes, kOnes, kOnes, kOnes, kOnes, kOnes}), wanted)
          << "number " << number;
    }
  }
}

std::size_t count_allowed(FilterChoice choice) {
  std::size_t count = 0;
  for (std::uint32_t number = 0; number < kNumbers; ++number)
    if (expected(choice, number) == "allow" && verdict(choice, number, {}) == "allow") ++count;
  return count;
}

TEST_F(Numbers86, AsManyAreAllowedWhateverTheirArgumentsAsWeCounted) {
  EXPECT_EQ(count_allowed(kStandard), 287U);
  EXPECT_EQ(count_allowed(kGuarded), 277U);
  EXPECT_EQ(count_allowed(kNested), 306U);
  EXPECT_EQ(count_allowed(kNestedGuarded), 296U);
  EXPECT_EQ(count_allowed(kStrict), 246U);
  EXPECT_EQ(count_allowed(kStrictGuarded), 238U);
}

TEST_F(Numbers86, OfAnotherArchitectureAllKillTheProcess) {
  constexpr std::uint32_t kX32 = 0x40000000;
  for (const FilterChoice choice : kAllFilters) {
    const auto program = compiled_filter(choice);
    SCOPED_TRACE(filter_name(choice));
    for (std::uint32_t number = 0; number < kNumbers; ++number) {
      EXPECT_EQ(verdict(program, call_of(AUDIT_ARCH_I386, number)), "kill the process");
      EXPECT_EQ(verdict(program, call_of(AUDIT_ARCH_AARCH64, number)), "kill the process");
      EXPECT_EQ(verdict(program, call_of(AUDIT_ARCH_X86_64, kX32 | number)), "kill the process");
    }
  }
}

TEST_F(Numbers86, BeyondTheTablesFailAsOnAnOlderKernelAndX32EndsAtTheNumberThatIsNoCall) {
  for (const FilterChoice choice : kAllFilters) {
    EXPECT_EQ(verdict(choice, 0x3fffffff, {}), "ENOSYS");
    EXPECT_EQ(verdict(choice, 0x40000000, {}), "kill the process");
    EXPECT_EQ(verdict(choice, 0x80000000, {}), "kill the process");
    EXPECT_EQ(verdict(choice, 0xfffffffe, {}), "kill the process");
    EXPECT_EQ(verdict(choice, 0xffffffff, {}), "ENOSYS");
  }
}

TEST(FilterName, TellsTheFiltersApart) {
  EXPECT_EQ(filter_name(kStandard), "standard");
  EXPECT_EQ(filter_name(kGuarded), "standard, no set-id bits");
  EXPECT_EQ(filter_name(kNested), "standard, nested namespaces open");
  EXPECT_EQ(filter_name(kNestedGuarded), "standard, nested namespaces open, no set-id bits");
  EXPECT_EQ(filter_name(kStrict), "strict");
  EXPECT_EQ(filter_name(kStrictGuarded), "strict, no set-id bits");
}

TEST(FilterName, StrictNeverOpensNamespaces) {
  EXPECT_EQ(filter_name({.strict = true, .nested = true}), "strict");
  EXPECT_EQ(compiled_filter({.strict = true, .nested = true}).data(),
            compiled_filter(kStrict).data());
}

}  // namespace
}  // namespace immure::test
