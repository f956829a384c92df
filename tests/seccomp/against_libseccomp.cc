// Where libseccomp can say the same, it decides the same; and our programs load faster.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <limits>

#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/filter_support.h"
#include "seccomp/policy.h"

namespace immure::test {
namespace {

bool one_test_each(const Decision& decision) {
  return std::ranges::all_of(decision.cases, [](const Case& c) { return c.tests.size() == 1; });
}
// Bits of an argument refuse, anything else is allowed.
bool is_bits(const Decision& decision) {
  return one_test_each(decision) && decision.otherwise == kAllow &&
         std::ranges::all_of(decision.cases,
                             [](const Case& c) { return c.tests[0].values.empty(); });
}
// A list of values is allowed.
bool is_list(const Decision& decision) {
  return std::ranges::all_of(decision.cases, [](const Case& c) {
    return c.action == kAllow &&
           std::ranges::all_of(c.tests, [](const ArgTest& t) { return !t.values.empty(); });
  });
}

// The part of a policy that libseccomp can say: what is not on a list gets the default.
Policy sayable(Policy policy) {
  for (auto& [number, decision] : policy.calls) {
    if (decision.cases.empty() || is_bits(decision)) continue;
    std::erase_if(decision.cases, [](const Case& c) { return c.action != kAllow; });
    if (!decision.cases.empty() && is_list(decision))
      decision.otherwise = policy.unlisted;
    else
      decision = {.cases = {}, .otherwise = kAllow};
  }
  return policy;
}

class LibseccompFilter {
 public:
  explicit LibseccompFilter(const Policy& policy)
      : context_(seccomp_init(policy.unlisted.value)), unlisted_(policy.unlisted) {
    seccomp_attr_set(context_, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    seccomp_attr_set(context_, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    for (const auto& [number, decision] : policy.calls) add(static_cast<int>(number), decision);
  }
  LibseccompFilter(const LibseccompFilter&) = delete;
  LibseccompFilter& operator=(const LibseccompFilter&) = delete;
  ~LibseccompFilter() { seccomp_release(context_); }

  std::vector<sock_filter> program() const {
    const int fd = ::memfd_create("filter", MFD_CLOEXEC);
    EXPECT_EQ(seccomp_export_bpf(context_, fd), 0);
    std::vector<sock_filter> code(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)) /
                                  sizeof(sock_filter));
    EXPECT_GT(::pread(fd, code.data(), code.size() * sizeof(sock_filter), 0), 0);
    ::close(fd);
    return code;
  }

 private:
  void rule(Action action, int number, const std::vector<scmp_arg_cmp>& tests) {
    if (action == unlisted_) return;  // libseccomp refuses a rule that repeats the default
    EXPECT_EQ(seccomp_rule_add_exact_array(context_, action.value, number,
                                           static_cast<unsigned>(tests.size()), tests.data()),
              0)
        << number;
  }
  static scmp_arg_cmp masked(std::uint8_t arg, std::uint64_t mask, std::uint64_t value) {
    return {.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
  }

  void add(int number, const Decision& decision) {
    if (decision.cases.empty()) return rule(decision.otherwise, number, {});
    if (is_bits(decision)) {
      const ArgTest& test = decision.cases[0].tests[0];
      for (std::uint32_t bit = 1; bit != 0; bit <<= 1)
        if ((test.mask & bit) != 0)
          rule(decision.cases[0].action, number, {masked(test.arg, bit, bit)});
      return rule(kAllow, number, {masked(test.arg, test.mask, 0)});
    }
    for (const Case& c : decision.cases) add_products(number, c, {});
  }
  // One rule for each combination of the values of the tests.
  void add_products(int number, const Case& c, const std::vector<scmp_arg_cmp>& chosen) {
    if (chosen.size() == c.tests.size()) return rule(c.action, number, chosen);
    const ArgTest& test = c.tests[chosen.size()];
    for (const std::uint64_t value : test.values) {
      std::vector<scmp_arg_cmp> more = chosen;
      more.push_back(masked(test.arg, test.mask, value));
      add_products(number, c, more);
    }
  }

  scmp_filter_ctx context_;
  Action unlisted_;
};

// Each value that a test of the decision names, its neighbours and its bits, with and without
// garbage above.
std::vector<std::uint64_t> corners(const Decision& decision) {
  std::vector<std::uint64_t> values = {0, 1, std::numeric_limits<std::uint64_t>::max()};
  for (const Case& c : decision.cases)
    for (const ArgTest& test : c.tests) {
      for (const std::uint64_t value : test.values)
        values.insert(values.end(), {value, value + 1, value - 1, kGarbageAbove | value});
      for (std::uint64_t bit = 1; bit <= 0x80000000; bit <<= 1)
        values.insert(values.end(), {bit, kGarbageAbove | bit, ~bit});
    }
  return values;
}

TEST(AgainstLibseccomp, BothDecideAlike) {
  for (const FilterChoice choice : kAllFilters) {
    auto made = make_policy(choice, native_arch());
    ASSERT_TRUE(made.ok());
    const Policy policy = sayable(made.value());
    auto compiled = compile(policy);
    ASSERT_TRUE(compiled.ok());
    const std::vector<sock_filter>& ours = compiled.value();
    const std::vector<sock_filter> theirs = LibseccompFilter(policy).program();
    SCOPED_TRACE(filter_name(choice));
    const auto compare = [&](const seccomp_data& call) {
      EXPECT_EQ(evaluate(ours, call), evaluate(theirs, call))
          << "number " << call.nr << " in " << std::hex << call.arch << ", " << call.args[0] << ' '
          << call.args[1] << ' ' << call.args[2] << ' ' << call.args[3];
    };
    for (std::uint32_t number = 0; number < kNumbers; ++number) {
      for (const std::uint32_t arch :
           std::initializer_list<std::uint32_t>{AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64})
        if (arch != native_arch()) compare(call_of(arch, number));
      if (native_arch() == AUDIT_ARCH_X86_64) compare(call_of(native_arch(), 0x40000000 | number));
      const auto found = policy.calls.find(number);
      const Decision decision = found == policy.calls.end() ? Decision{} : found->second;
      for (const std::uint64_t a : corners(decision))
        for (const std::uint64_t b : {std::uint64_t{0}, a, kGarbageAbove | 5}) {
          compare(call_of(native_arch(), number, {a, b, b, b, b, b}));
          compare(call_of(native_arch(), number, {b, a, a, a, a, a}));
          compare(call_of(native_arch(), number, {a, a, b, a, a, a}));
        }
    }
    compare(call_of(native_arch(), std::numeric_limits<std::uint32_t>::max()));
  }
}

// Microseconds that the kernel takes to load the program, in a fresh process.
double load_time(std::span<const sock_filter> program) {
  auto* const micros = static_cast<double*>(
      ::mmap(nullptr, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  run_filtered({}, [&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    std::vector<sock_filter> copy(program.begin(), program.end());
    const sock_fprog wanted{.len = static_cast<unsigned short>(copy.size()), .filter = copy.data()};
    const auto start = std::chrono::steady_clock::now();
    const long failed = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &wanted);
    const std::chrono::duration<double, std::micro> taken =
        std::chrono::steady_clock::now() - start;
    *micros = taken.count();
    return failed == 0 ? 0 : 1;
  });
  const double result = *micros;
  ::munmap(micros, sizeof(double));
  return result;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

// Prints only: times on a shared machine prove nothing.
TEST(AgainstLibseccomp, PrintsHowLongLoadingTakes) {
  for (const FilterChoice choice : kAllFilters) {
    auto made = make_policy(choice, native_arch());
    ASSERT_TRUE(made.ok());
    const std::vector<sock_filter> theirs = LibseccompFilter(sayable(made.value())).program();
    const auto ours = compiled_filter(choice);
    std::vector<double> our_times;
    std::vector<double> their_times;
    for (int round = 0; round < 21; ++round) {
      our_times.push_back(load_time(ours));
      their_times.push_back(load_time(theirs));
    }
    std::printf("%-50s ours %4zu instructions %6.1f us, libseccomp level 2 %4zu %6.1f us\n",
                std::string(filter_name(choice)).c_str(), ours.size(), median(our_times),
                theirs.size(), median(their_times));
  }
}

}  // namespace
}  // namespace immure::test
