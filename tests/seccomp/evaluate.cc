#include "seccomp/evaluate.h"

#include <gtest/gtest.h>

#include <vector>

namespace immure {
namespace {

constexpr seccomp_data kCall{
    .nr = 7, .arch = 0xc000003e, .instruction_pointer = 0, .args = {0x1'0000'0002, 3, 4, 5, 6, 8}};

sock_filter stmt(int code, std::uint32_t k) {
  return {.code = static_cast<std::uint16_t>(code), .jt = 0, .jf = 0, .k = k};
}
sock_filter jump(int code, std::uint32_t k, std::uint8_t jt, std::uint8_t jf) {
  return {.code = static_cast<std::uint16_t>(BPF_JMP | code), .jt = jt, .jf = jf, .k = k};
}
std::optional<std::uint32_t> run(const std::vector<sock_filter>& program) {
  return evaluate(program, kCall);
}
// The accumulator after 12 went through one instruction with the operand.
std::optional<std::uint32_t> calculate(int operation, std::uint32_t operand) {
  return run({stmt(BPF_LD | BPF_IMM, 12), stmt(BPF_ALU | operation | BPF_K, operand),
              stmt(BPF_RET | BPF_A, 0)});
}

TEST(Evaluate, ReadsTheCallByAlignedWordsInsideIt) {
  const auto word = [](std::uint32_t offset) {
    return run({stmt(BPF_LD | BPF_W | BPF_ABS, offset), stmt(BPF_RET | BPF_A, 0)});
  };
  EXPECT_EQ(word(0), 7U);
  EXPECT_EQ(word(4), 0xc000003eU);
  EXPECT_EQ(word(16), 2U);
  EXPECT_EQ(word(20), 1U);
  EXPECT_EQ(word(56), 8U);
  EXPECT_EQ(word(2), std::nullopt);
  EXPECT_EQ(word(64), std::nullopt);
}

TEST(Evaluate, Calculates) {
  EXPECT_EQ(calculate(BPF_ADD, 5), 17U);
  EXPECT_EQ(calculate(BPF_SUB, 13), 0xffffffffU);
  EXPECT_EQ(calculate(BPF_MUL, 3), 36U);
  EXPECT_EQ(calculate(BPF_DIV, 5), 2U);
  EXPECT_EQ(calculate(BPF_AND, 6), 4U);
  EXPECT_EQ(calculate(BPF_OR, 3), 15U);
  EXPECT_EQ(calculate(BPF_XOR, 6), 10U);
  EXPECT_EQ(calculate(BPF_LSH, 1), 24U);
  EXPECT_EQ(calculate(BPF_RSH, 2), 3U);
  EXPECT_EQ(calculate(BPF_NEG, 0), 0xfffffff4U);
  EXPECT_EQ(calculate(BPF_DIV, 0), std::nullopt);
  // By a register it ends the program, and 0 is what the kernel then takes for its answer.
  EXPECT_EQ(run({stmt(BPF_ALU | BPF_DIV | BPF_X, 0), stmt(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}),
            0U);
}

TEST(Evaluate, KeepsValuesInTheIndexRegisterAndInMemory) {
  EXPECT_EQ(run({stmt(BPF_LDX | BPF_IMM, 9), stmt(BPF_STX, 3), stmt(BPF_LD | BPF_MEM, 3),
                 stmt(BPF_ALU | BPF_ADD | BPF_X, 0), stmt(BPF_MISC | BPF_TAX, 0),
                 stmt(BPF_LD | BPF_IMM, 1), stmt(BPF_MISC | BPF_TXA, 0), stmt(BPF_RET | BPF_A, 0)}),
            18U);
  EXPECT_EQ(run({stmt(BPF_ST, 16), stmt(BPF_RET | BPF_K, 1)}), std::nullopt);
}

TEST(Evaluate, JumpsForward) {
  const auto taken = [](int test, std::uint32_t operand) {
    return run({stmt(BPF_LD | BPF_IMM, 12), jump(test | BPF_K, operand, 1, 0),
                stmt(BPF_RET | BPF_K, 0), stmt(BPF_RET | BPF_K, 1)});
  };
  EXPECT_EQ(taken(BPF_JEQ, 12), 1U);
  EXPECT_EQ(taken(BPF_JEQ, 11), 0U);
  EXPECT_EQ(taken(BPF_JGE, 12), 1U);
  EXPECT_EQ(taken(BPF_JGE, 13), 0U);
  EXPECT_EQ(taken(BPF_JGT, 11), 1U);
  EXPECT_EQ(taken(BPF_JGT, 12), 0U);
  EXPECT_EQ(taken(BPF_JSET, 4), 1U);
  EXPECT_EQ(taken(BPF_JSET, 3), 0U);
  EXPECT_EQ(run({jump(BPF_JA, 1, 0, 0), stmt(BPF_RET | BPF_K, 0), stmt(BPF_RET | BPF_K, 1)}), 1U);
}

TEST(Evaluate, RefusesWhatTheKernelWouldNotLoad) {
  EXPECT_EQ(run({}), std::nullopt);
  EXPECT_EQ(run({stmt(BPF_LD | BPF_IMM, 1)}), std::nullopt);
  EXPECT_EQ(run({jump(BPF_JA, 5, 0, 0), stmt(BPF_RET | BPF_K, 0)}), std::nullopt);
  EXPECT_EQ(run({stmt(BPF_LD | BPF_W | BPF_IND, 0), stmt(BPF_RET | BPF_K, 0)}), std::nullopt);
}

TEST(ShowAction, NamesWhatHappens) {
  EXPECT_EQ(show_action(SECCOMP_RET_ALLOW), "allow");
  EXPECT_EQ(show_action(SECCOMP_RET_KILL_PROCESS), "kill the process");
  EXPECT_EQ(show_action(SECCOMP_RET_ERRNO | 1), "EPERM");
  EXPECT_EQ(show_action(SECCOMP_RET_ERRNO | 38), "ENOSYS");
  EXPECT_EQ(show_action(SECCOMP_RET_ERRNO | 4000), "errno 4000");
}

}  // namespace
}  // namespace immure
