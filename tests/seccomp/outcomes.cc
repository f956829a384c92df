#include "seccomp/outcomes.h"

#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <random>

#include "seccomp/call_names.h"
#include "seccomp/calls.h"
#include "seccomp/evaluate.h"
#include "seccomp/policy.h"

namespace immure {
namespace {

bool holds(const Condition& c, const seccomp_data& call) {
  const auto word = static_cast<std::uint32_t>(call.args[c.argument] >> (c.high ? 32 : 0)) & c.mask;
  bool is = (word & c.value) != 0;
  if (c.test == BPF_JEQ) is = word == c.value;
  if (c.test == BPF_JGE) is = word >= c.value;
  if (c.test == BPF_JGT) is = word > c.value;
  return is == c.holds;
}

TEST(Outcomes, ExactlyOneAnswerHoldsAndItIsTheFiltersOwn) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same numbers each time
  for (const FilterChoice choice : filter_choices()) {
    const auto program = compiled_filter(choice);
    for (std::uint32_t number = 0; number < 480; ++number) {
      const auto found = answers(program, filter_arch(), number);
      ASSERT_TRUE(found.has_value()) << number;
      for (int i = 0; i < 50; ++i) {
        seccomp_data call{.nr = static_cast<int>(number), .arch = filter_arch()};
        for (auto& argument : call.args) {
          argument = i % 2 == 0 ? random() % 20 : std::uint64_t{1} << (random() % 32);
        }
        std::size_t matches = 0;
        for (const Answer& answer : *found) {
          const bool all = std::ranges::all_of(
              answer.when, [&](const Condition& condition) { return holds(condition, call); });
          if (!all) continue;
          ++matches;
          EXPECT_EQ(answer.value, evaluate(program, call)) << number;
        }
        EXPECT_EQ(matches, 1U) << number;
      }
    }
  }
}

TEST(Outcomes, AProgramThatIsNotUnderstoodHasNone) {
  const sock_filter reads_memory[] = {{BPF_LD | BPF_MEM, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 0}};
  EXPECT_FALSE(answers(reads_memory, filter_arch(), 0).has_value());
  EXPECT_FALSE(answers({}, filter_arch(), 0).has_value());
}

TEST(CallNames, AreThoseOfLibseccomp) {
  EXPECT_EQ(filter_arch(), native_arch());
  for (std::uint32_t number = 0; number < 600; ++number) {
    const std::string name = call_name(number, native_arch());
    if (name.empty()) continue;
    EXPECT_EQ(call_number(name), number) << name;
  }
  EXPECT_EQ(call_number("openat"), find_call("openat", native_arch()).number);
  EXPECT_FALSE(call_number("opnat").has_value());
  EXPECT_FALSE(call_number("-").has_value());
  EXPECT_FALSE(call_number("").has_value());
}

}  // namespace
}  // namespace immure
