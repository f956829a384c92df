// Policies made by chance: libseccomp decides as we do, and so does the kernel.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <random>

#include "seccomp/calls.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/filter_support.h"

namespace immure::test {
namespace {

class Maker {
 public:
  Policy policy() {
    Policy made{.arch = native_arch(), .unlisted = refuse(ENOSYS), .calls = {}};
    for (int i = 0; i < 40; ++i) {
      Case one{.tests = {}, .action = refuse(1 + static_cast<int>(below(30)))};
      for (std::uint8_t arg = 0; arg < 6; ++arg) {
        if (below(3) == 0) one.tests.push_back(test(arg));
      }
      if (one.tests.empty()) one.tests.push_back(test(0));
      made.calls[below(300)] = {.cases = {std::move(one)}, .otherwise = made.unlisted};
    }
    return made;
  }

  std::uint64_t number() {
    switch (below(4)) {
      case 0:
        return below(4);
      case 1:
        return std::uint64_t{below(3)} << 32U | below(3);
      case 2:
        return UINT64_MAX - below(3);
      default:
        return random_();
    }
  }

 private:
  std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }
  ArgTest test(std::uint8_t arg) {
    ArgTest made{.arg = arg, .mask = UINT64_MAX, .values = {number()}, .wide = true};
    switch (below(5)) {
      case 0:
        made.mask = number();
        made.values[0] &= made.mask;
        break;
      case 1:
        made.negate = true;
        break;
      case 2:
        made.at_least = true;
        break;
      case 3:
        made.at_least = made.negate = true;
        break;
      default:
        break;
    }
    return made;
  }

  std::mt19937_64 random_{20260101};  // NOLINT(cert-msc51-cpp): the same each time
};

scmp_arg_cmp in_libseccomp(const ArgTest& test) {
  const std::uint64_t value = test.values[0];
  if (test.mask != UINT64_MAX) {
    return {.arg = test.arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = test.mask, .datum_b = value};
  }
  scmp_compare op = test.negate ? SCMP_CMP_NE : SCMP_CMP_EQ;
  if (test.at_least) op = test.negate ? SCMP_CMP_LT : SCMP_CMP_GE;
  return {.arg = test.arg, .op = op, .datum_a = value, .datum_b = 0};
}

std::vector<sock_filter> their_program(const Policy& policy) {
  const std::unique_ptr<void, decltype(&seccomp_release)> context(
      seccomp_init(policy.unlisted.value), &seccomp_release);
  seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  for (const auto& [number, decision] : policy.calls) {
    std::vector<scmp_arg_cmp> tests;
    for (const ArgTest& test : decision.cases[0].tests) tests.push_back(in_libseccomp(test));
    EXPECT_EQ(seccomp_rule_add_exact_array(context.get(), decision.cases[0].action.value,
                                           static_cast<int>(number),
                                           static_cast<unsigned>(tests.size()), tests.data()),
              0);
  }
  const int fd = ::memfd_create("filter", MFD_CLOEXEC);
  EXPECT_EQ(seccomp_export_bpf(context.get(), fd), 0);
  std::vector<sock_filter> code(static_cast<std::size_t>(::lseek(fd, 0, SEEK_END)) /
                                sizeof(sock_filter));
  EXPECT_GT(::pread(fd, code.data(), code.size() * sizeof(sock_filter), 0), 0);
  ::close(fd);
  return code;
}

TEST(RandomPolicies, LibseccompDecidesAlike) {
  Maker maker;
  int different_answers = 0;
  for (int round = 0; round < 20; ++round) {
    const Policy policy = maker.policy();
    auto ours = compile(policy);
    ASSERT_TRUE(ours.ok());
    const auto theirs = their_program(policy);
    for (const auto& [number, decision] : policy.calls) {
      for (int probe = 0; probe < 60; ++probe) {
        seccomp_data call = call_of(native_arch(), number);
        for (auto& arg : call.args) arg = maker.number();
        for (const ArgTest& test : decision.cases[0].tests) {  // near the values that are tested
          const auto step = static_cast<std::uint64_t>(probe % 3 - 1);
          if (probe % 4 != 0) call.args[test.arg] = test.values[0] + step;
        }
        const auto answer = evaluate(ours.value(), call);
        ASSERT_EQ(answer, evaluate(theirs, call)) << "round " << round << ", call " << number;
        different_answers += int{answer != policy.unlisted.value};
      }
    }
  }
  EXPECT_GT(different_answers, 1000) << "the tests hold sometimes";
}

ArgExpression test_of(std::string_view text) {
  return std::get<ArgExpression>(parse_arg_expression(text));
}

// Calls that do no harm; the errno, 0, or minus the signal that ends the process.
int outcome_of(std::span<const sock_filter> program, long number,
               const std::array<std::uint64_t, 3>& args) {
  const int status = run_filtered(
      program, [&] { return ::syscall(number, args[0], args[1], args[2]) == -1 ? errno : 0; });
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(RandomPolicies, TheKernelDecidesRulesOnArgumentsAlike) {
  const std::uint64_t bad = 0xffffffff;  // no descriptor
  const std::uint64_t garbage = kGarbageAbove;
  const auto program = custom_program(
      {.changes = {{"@timer", false}},
       .rules = {
           {.calls = {"dup"}, .tests = {test_of("0 == 77")}, .action = refuse(E2BIG)},
           {.calls = {"lseek"}, .tests = {test_of("1 > 0x100000000")}, .action = refuse(EXDEV)},
           {.calls = {"lseek"}, .tests = {test_of("2 in [3, 4]")}, .action = kKill},
           {.calls = {"getpgid"}, .tests = {test_of("0 & 0x70000000")}, .action = refuse(EDOM)},
           {.calls = {"socket"}, .tests = {test_of("0 != AF_UNIX")}, .action = refuse(ENOTTY)},
           {.calls = {"kill"}, .tests = {test_of("1 >= 65")}, .action = refuse(ERANGE)}}});
  ASSERT_FALSE(program.empty());
  struct Probe {
    long number;
    std::array<std::uint64_t, 3> args;
  };
  for (const Probe& probe :
       {Probe{SYS_dup, {77}}, Probe{SYS_dup, {garbage | 77}}, Probe{SYS_dup, {bad}},
        Probe{SYS_lseek, {bad, 0x100000000, 0}}, Probe{SYS_lseek, {bad, 0x100000001, 0}},
        Probe{SYS_lseek, {bad, 0, 3}}, Probe{SYS_lseek, {bad, 0, garbage | 4}},
        Probe{SYS_lseek, {bad, 0, 5}}, Probe{SYS_getpgid, {0x10000000}},
        Probe{SYS_getpgid, {0x7fffff0}}, Probe{SYS_socket, {garbage | AF_UNIX, 77, 0}},
        Probe{SYS_socket, {AF_INET, 77, 0}}, Probe{SYS_kill, {0x7ffffff0, 65, 0}},
        Probe{SYS_kill, {0x7ffffff0, 0, 0}}, Probe{SYS_timerfd_create, {77, 0, 0}}}) {
    seccomp_data call = call_of(native_arch(), static_cast<std::uint32_t>(probe.number));
    std::copy(probe.args.begin(), probe.args.end(), std::begin(call.args));
    const std::uint32_t value = evaluate(program, call).value_or(0);
    int wanted = static_cast<int>(value & SECCOMP_RET_DATA);
    if (value == SECCOMP_RET_ALLOW) wanted = outcome_of({}, probe.number, probe.args);
    if (value == SECCOMP_RET_KILL_PROCESS) wanted = -SIGSYS;
    EXPECT_EQ(outcome_of(program, probe.number, probe.args), wanted)
        << "call " << probe.number << ' ' << std::hex << probe.args[0] << ' ' << probe.args[1];
  }
}

}  // namespace
}  // namespace immure::test
