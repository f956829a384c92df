// Policies of system calls made by chance: the compiled program answers each call as the policy
// says, and so does what is said about the program (outcomes.h).
#include <fuzzer/FuzzedDataProvider.h>
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "policy_answer.h"
#include "require.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "seccomp/outcomes.h"
#include "seccomp/policy.h"

namespace immure::fuzz {
namespace {

constexpr std::array<std::uint32_t, 3> kArchs{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,
                                              AUDIT_ARCH_AARCH64};
constexpr std::array<std::uint64_t, 9> kMasks{
    0xffffffff, 1, 0xff, 0x7e020000, 0x80000000, 0xf0, 0xffff0000, UINT64_MAX, 0xff00000001};

Action action(FuzzedDataProvider& data) {
  constexpr std::array kActions{kAllow, kKill, refuse(1), refuse(38), refuse(97)};
  return data.PickValueInArray(kActions);
}

std::uint32_t value(FuzzedDataProvider& data) {
  if (data.ConsumeBool()) return data.ConsumeIntegralInRange<std::uint32_t>(0, 9);
  return data.ConsumeIntegral<std::uint32_t>();
}

std::uint64_t whole_value(FuzzedDataProvider& data) {
  return std::uint64_t{data.ConsumeIntegralInRange<std::uint32_t>(0, 3)} << 32U | value(data);
}

ArgTest arg_test(FuzzedDataProvider& data) {
  ArgTest test{.arg = data.ConsumeIntegralInRange<std::uint8_t>(0, 5),
               .mask = data.PickValueInArray(kMasks),
               .values = {}};
  const int values = data.ConsumeIntegralInRange(0, 5);
  test.wide = data.ConsumeBool();
  for (int i = 0; i < values; ++i) {
    test.values.push_back(test.wide ? whole_value(data) : value(data));
  }
  test.at_least = values == 1 && data.ConsumeBool();
  test.negate = data.ConsumeBool();
  return test;
}

Decision decision(FuzzedDataProvider& data) {
  Decision made{.cases = {}, .otherwise = action(data)};
  const int cases = data.ConsumeIntegralInRange(0, 3);
  for (int i = 0; i < cases; ++i) {
    Case& one = made.cases.emplace_back();
    one.action = action(data);
    const int tests = data.ConsumeIntegralInRange(0, 3);
    for (int k = 0; k < tests; ++k) one.tests.push_back(arg_test(data));
  }
  return made;
}

Policy policy(FuzzedDataProvider& data, std::uint32_t arch) {
  Policy made{.arch = arch, .unlisted = action(data), .calls = {}};
  const int calls = data.ConsumeIntegralInRange(0, 40);
  for (int i = 0; i < calls; ++i) {
    made.calls[data.ConsumeIntegralInRange<std::uint32_t>(0, 511)] = decision(data);
  }
  return made;
}

// A value that some test is about, or next to it, with anything above.
std::uint64_t argument(FuzzedDataProvider& data, const std::vector<std::uint64_t>& known) {
  std::uint64_t low = value(data);
  if (!known.empty() && data.ConsumeBool()) {
    low = known[data.ConsumeIntegralInRange<std::size_t>(0, known.size() - 1)];
    low += data.ConsumeIntegralInRange<std::uint32_t>(0, 1);
  }
  if (data.ConsumeBool()) return low;
  const std::uint64_t high = data.ConsumeBool() ? 0 : data.ConsumeIntegral<std::uint32_t>();
  return high << 32U | (low & 0xffffffff);
}

bool says(const Condition& condition, const seccomp_data& call) {
  const std::uint64_t whole = call.args[condition.argument];
  const auto word = static_cast<std::uint32_t>(condition.high ? whole >> 32U : whole);
  const std::uint32_t masked = word & condition.mask;
  switch (condition.test) {
    case BPF_JEQ:
      return (masked == condition.value) == condition.holds;
    case BPF_JGT:
      return (masked > condition.value) == condition.holds;
    case BPF_JGE:
      return (masked >= condition.value) == condition.holds;
    default:
      return ((masked & condition.value) != 0) == condition.holds;
  }
}

void try_outcomes(const std::vector<sock_filter>& program, const seccomp_data& call,
                  std::uint32_t expected) {
  const auto all = answers(program, call.arch, static_cast<std::uint32_t>(call.nr));
  if (!all) return;  // more ways than are told
  std::size_t matching = 0;
  for (const Answer& one : *all) {
    if (!std::ranges::all_of(one.when, [&](const Condition& c) { return says(c, call); })) continue;
    ++matching;
    require(one.value == expected, "what is told of a call is what happens",
            show_action(one.value));
  }
  require(matching == 1, "one answer for a call", std::to_string(matching));
}

void try_policies(FuzzedDataProvider& data) {
  std::vector<Policy> policies{policy(data, AUDIT_ARCH_X86_64)};
  if (data.ConsumeBool()) policies.push_back(policy(data, AUDIT_ARCH_I386));
  auto compiled = compile(policies);
  require(compiled.ok(), "a program");
  const std::vector<sock_filter>& program = compiled.value();

  std::vector<std::uint32_t> numbers;
  std::vector<std::uint64_t> known;
  for (const Policy& one : policies) {
    for (const auto& [number, made] : one.calls) {
      numbers.push_back(number);
      for (const Case& one_case : made.cases) {
        for (const ArgTest& test : one_case.tests) {
          known.insert(known.end(), test.values.begin(), test.values.end());
        }
      }
    }
  }
  // All that are named, those beside them, and whatever there is.
  for (int round = 0; round < 200; ++round) {
    seccomp_data call{};
    std::uint32_t number = data.ConsumeIntegral<std::uint32_t>();
    if (!numbers.empty()) {
      number = numbers[static_cast<std::size_t>(round) / 2 % numbers.size()] +
               static_cast<std::uint32_t>(round % 2);
    }
    if (data.ConsumeIntegralInRange(0, 15) == 1) number |= kX32Bit;
    call.nr = static_cast<int>(number);
    call.arch = data.PickValueInArray(kArchs);
    for (auto& arg : call.args) arg = argument(data, known);
    const std::uint32_t expected = answer(policies, call);
    const auto given = evaluate(program, call);
    require(given.has_value(), "a program that the kernel takes");
    require(*given == expected, show_action(expected), show_action(*given));
    if (number < 512) try_outcomes(program, call, expected);
  }
}

// Any program: it is understood, or refused.
void try_program(FuzzedDataProvider& data) {
  std::vector<sock_filter> program(data.ConsumeIntegralInRange<std::size_t>(0, 32));
  for (sock_filter& s : program) {
    s = {.code = data.ConsumeIntegral<std::uint16_t>(),
         .jt = data.ConsumeIntegralInRange<std::uint8_t>(0, 40),
         .jf = data.ConsumeIntegralInRange<std::uint8_t>(0, 40),
         .k = value(data)};
  }
  const seccomp_data call{.nr = 7, .arch = AUDIT_ARCH_X86_64, .instruction_pointer = 0, .args = {}};
  const auto given = evaluate(program, call);
  const auto all = answers(program, call.arch, 7);
  if (given && all) try_outcomes(program, call, *given);
}

}  // namespace
}  // namespace immure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  immure::fuzz::try_policies(data);
  immure::fuzz::try_program(data);
  return 0;
}
