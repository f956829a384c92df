#include "seccomp/evaluate.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace immure {
namespace {

struct Machine {
  std::uint32_t a = 0;
  std::uint32_t x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> memory = {};
};

// The word of seccomp_data at this offset. The kernel takes aligned words only.
std::optional<std::uint32_t> word_at(const seccomp_data& call, std::uint32_t offset) {
  if (offset % sizeof(std::uint32_t) != 0 || offset >= sizeof call) return std::nullopt;
  std::array<std::uint32_t, sizeof call / sizeof(std::uint32_t)> words{};
  std::memcpy(words.data(), &call, sizeof call);
  return words.at(offset / sizeof(std::uint32_t));
}

// What an instruction of class BPF_LD or BPF_LDX reads.
std::optional<std::uint32_t> loaded(const sock_filter& s, const Machine& m,
                                    const seccomp_data& call) {
  switch (BPF_MODE(s.code)) {
    case BPF_ABS:
      return BPF_CLASS(s.code) == BPF_LD ? word_at(call, s.k) : std::nullopt;
    case BPF_IMM:
      return s.k;
    case BPF_LEN:
      return static_cast<std::uint32_t>(sizeof call);
    case BPF_MEM:
      return s.k < m.memory.size() ? std::optional(m.memory.at(s.k)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<std::uint32_t> calculated(const sock_filter& s, const Machine& m) {
  const std::uint32_t operand = BPF_SRC(s.code) == BPF_X ? m.x : s.k;
  switch (BPF_OP(s.code)) {
    case BPF_ADD:
      return m.a + operand;
    case BPF_SUB:
      return m.a - operand;
    case BPF_MUL:
      return m.a * operand;
    case BPF_DIV:
      return operand != 0 ? std::optional(m.a / operand) : std::nullopt;
    case BPF_OR:
      return m.a | operand;
    case BPF_AND:
      return m.a & operand;
    case BPF_XOR:
      return m.a ^ operand;
    case BPF_LSH:
      return m.a << (operand & 31);
    case BPF_RSH:
      return m.a >> (operand & 31);
    case BPF_NEG:
      return 0 - m.a;
    default:
      return std::nullopt;
  }
}

// How many instructions are left out after this one.
std::optional<std::uint32_t> skipped(const sock_filter& s, const Machine& m) {
  const std::uint32_t operand = BPF_SRC(s.code) == BPF_X ? m.x : s.k;
  const auto branch = [&](bool taken) -> std::uint32_t { return taken ? s.jt : s.jf; };
  switch (BPF_OP(s.code)) {
    case BPF_JA:
      return s.k;
    case BPF_JEQ:
      return branch(m.a == operand);
    case BPF_JGT:
      return branch(m.a > operand);
    case BPF_JGE:
      return branch(m.a >= operand);
    case BPF_JSET:
      return branch((m.a & operand) != 0);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::uint32_t> evaluate(std::span<const sock_filter> program,
                                      const seccomp_data& call) {
  Machine m;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const sock_filter& s = program[at];
    std::optional<std::uint32_t> value;
    switch (BPF_CLASS(s.code)) {
      case BPF_RET:
        return BPF_RVAL(s.code) == BPF_A ? m.a : s.k;
      case BPF_LD:
        value = loaded(s, m, call);
        m.a = value.value_or(0);
        break;
      case BPF_LDX:
        value = loaded(s, m, call);
        m.x = value.value_or(0);
        break;
      case BPF_ST:
      case BPF_STX:
        if (s.k >= m.memory.size()) return std::nullopt;
        value = BPF_CLASS(s.code) == BPF_ST ? m.a : m.x;
        m.memory.at(s.k) = *value;
        break;
      case BPF_ALU:
        // The kernel ends the program with 0, as if that were its answer.
        if (s.code == (BPF_ALU | BPF_DIV | BPF_X) && m.x == 0) return 0;
        value = calculated(s, m);
        m.a = value.value_or(0);
        break;
      case BPF_JMP:
        value = skipped(s, m);
        at += value.value_or(0);
        break;
      case BPF_MISC:
        (BPF_MISCOP(s.code) == BPF_TAX ? m.x : m.a) = BPF_MISCOP(s.code) == BPF_TAX ? m.a : m.x;
        value = m.a;
        break;
      default:
        break;
    }
    if (!value) return std::nullopt;
  }
  return std::nullopt;
}

std::string show_action(std::uint32_t value) {
  const std::uint32_t data = value & SECCOMP_RET_DATA;
  switch (value & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
      return "allow";
    case SECCOMP_RET_KILL_PROCESS:
      return "kill the process";
    case SECCOMP_RET_KILL_THREAD:
      return "kill the thread";
    case SECCOMP_RET_TRAP:
      return "trap";
    case SECCOMP_RET_LOG:
      return "allow and log";
    case SECCOMP_RET_TRACE:
      return "ask the tracer";
    case SECCOMP_RET_USER_NOTIF:
      return "ask the supervisor";
    case SECCOMP_RET_ERRNO: {
      const char* const name = ::strerrorname_np(static_cast<int>(data));
      return name != nullptr ? name : "errno " + std::to_string(data);
    }
    default:
      return "unknown action " + std::to_string(value);
  }
}

}  // namespace immure
