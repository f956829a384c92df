#include "seccomp/outcomes.h"

#include <linux/seccomp.h>

#include <cstddef>
#include <utility>

#include "base/text.h"

namespace immure {
namespace {

constexpr std::size_t most_answers = 256;
constexpr std::uint32_t word = sizeof(std::uint32_t);

// What the accumulator holds: a number, or a word of an argument under a mask.
struct Accumulator {
  bool known = true;
  std::uint32_t number = 0;
  Condition part;
};

bool decide(std::uint16_t test, std::uint32_t a, std::uint32_t k) {
  switch (test) {
    case BPF_JEQ:
      return a == k;
    case BPF_JGT:
      return a > k;
    case BPF_JGE:
      return a >= k;
    default:
      return (a & k) != 0;
  }
}

// What the tests before say of this one, if anything.
std::optional<bool> known_result(std::span<const Condition> before, const Condition& test) {
  for (const Condition& c : before) {
    if (c.argument != test.argument || c.high != test.high) continue;
    const bool covers = (c.mask & test.mask) == test.mask;
    if (c.test == BPF_JEQ && c.holds && covers) {
      return decide(test.test, c.value & test.mask, test.value);
    }
    if (c.mask == test.mask && c.test == test.test && c.value == test.value) return c.holds;
  }
  return std::nullopt;
}

class Walk {
 public:
  Walk(std::span<const sock_filter> program, std::uint32_t arch, std::uint32_t number)
      : program_(program), arch_(arch), number_(number) {}

  // False: an instruction that is not understood, or too many ways.
  bool from(std::size_t at, Accumulator a, std::vector<Condition> when) {
    for (; at < program_.size(); ++at) {
      const sock_filter& s = program_[at];
      switch (BPF_CLASS(s.code)) {
        case BPF_RET:
          if (s.code != (BPF_RET | BPF_K) || found.size() == most_answers) return false;
          found.push_back({std::move(when), s.k});
          return true;
        case BPF_LD:
          if (s.code != (BPF_LD | BPF_W | BPF_ABS) || !load(s.k, a)) return false;
          break;
        case BPF_ALU:
          if (s.code != (BPF_ALU | BPF_AND | BPF_K)) return false;
          a.number &= s.k;
          a.part.mask &= s.k;
          break;
        case BPF_JMP:
          if (BPF_OP(s.code) == BPF_JA) {
            at += s.k;
            break;
          }
          if (BPF_SRC(s.code) != BPF_K) return false;
          if (!a.known) return branch(at, s, a, std::move(when));
          at += decide(BPF_OP(s.code), a.number, s.k) ? s.jt : s.jf;
          break;
        default:
          return false;
      }
    }
    return false;
  }

  std::vector<Answer> found;

 private:
  bool load(std::uint32_t offset, Accumulator& a) const {
    a = {};
    if (offset == offsetof(seccomp_data, nr)) {
      a.number = number_;
      return true;
    }
    if (offset == offsetof(seccomp_data, arch)) {
      a.number = arch_;
      return true;
    }
    constexpr std::uint32_t first = offsetof(seccomp_data, args);
    if (offset < first || offset >= sizeof(seccomp_data) || offset % word != 0) return false;
    const std::uint32_t index = (offset - first) / word;
    a.known = false;
    a.part.argument = index / 2;
    a.part.high = (index % 2 == 1) == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    return true;
  }

  bool branch(std::size_t at, const sock_filter& s, const Accumulator& a,
              std::vector<Condition> when) {
    Condition test = a.part;
    test.test = BPF_OP(s.code);
    test.value = s.k;
    const std::optional<bool> known = known_result(when, test);
    for (const bool holds : {true, false}) {
      if (known && *known != holds) continue;
      std::vector<Condition> more = when;
      test.holds = holds;
      more.push_back(test);
      if (!from(at + 1 + (holds ? s.jt : s.jf), a, std::move(more))) return false;
    }
    return true;
  }

  std::span<const sock_filter> program_;
  std::uint32_t arch_;
  std::uint32_t number_;
};

std::string number_text(std::uint32_t value) {
  return value < 10 ? std::to_string(value) : hex(value);
}

}  // namespace

std::optional<std::vector<Answer>> answers(std::span<const sock_filter> program, std::uint32_t arch,
                                           std::uint32_t number) {
  Walk walk(program, arch, number);
  if (!walk.from(0, {}, {})) return std::nullopt;
  return std::move(walk.found);
}

std::string describe(const Condition& condition) {
  std::string out = "argument " + std::to_string(condition.argument + 1);
  if (condition.high) out += " (upper half)";
  std::uint32_t mask = condition.mask;
  if (condition.test == BPF_JSET) mask &= condition.value;
  if (mask != 0xffffffff) out += " & " + number_text(mask);
  const bool holds = condition.holds;
  switch (condition.test) {
    case BPF_JEQ:
      return out + (holds ? " is " : " is not ") + number_text(condition.value);
    case BPF_JGT:
      return out + (holds ? " is above " : " is at most ") + number_text(condition.value);
    case BPF_JGE:
      return out + (holds ? " is at least " : " is below ") + number_text(condition.value);
    default:
      return out + (holds ? " is not 0" : " is 0");
  }
}

}  // namespace immure
