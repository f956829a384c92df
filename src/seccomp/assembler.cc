#include "seccomp/assembler.h"

#include <algorithm>

namespace immure {
namespace {

constexpr std::uint16_t kReturn = BPF_RET | BPF_K;
constexpr std::size_t kReach = 255;  // a conditional jump has 8 bits for its distance
// Bringing both targets near adds up to two instructions before the jump itself.
constexpr std::size_t kNear = kReach - 2;

}  // namespace

Assembler::Place Assembler::push(sock_filter instruction) {
  code_.push_back(instruction);
  return code_.size() - 1;
}

Assembler::Place Assembler::ret(std::uint32_t value) {
  const auto near_end = code_.end() - static_cast<std::ptrdiff_t>(std::min(code_.size(), kNear));
  const auto found = std::find_if(near_end, code_.end(), [&](const sock_filter& s) {
    return s.code == kReturn && s.k == value;
  });
  if (found != code_.end()) return static_cast<Place>(found - code_.begin());
  return push({.code = kReturn, .jt = 0, .jf = 0, .k = value});
}

Assembler::Place Assembler::bring_near(Place target) {
  if (distance(target) <= kNear) return target;
  if (const sock_filter& there = code_[target]; there.code == kReturn) return ret(there.k);
  const auto skip = static_cast<std::uint32_t>(distance(target));
  return push({.code = BPF_JMP | BPF_JA, .jt = 0, .jf = 0, .k = skip});
}

void Assembler::go_on_at(Place next) {
  if (next + 1 == code_.size()) return;
  if (const sock_filter& there = code_[next]; there.code == kReturn) {
    const std::uint32_t value = there.k;
    push({.code = kReturn, .jt = 0, .jf = 0, .k = value});
    return;
  }
  const auto skip = static_cast<std::uint32_t>(distance(next));
  push({.code = BPF_JMP | BPF_JA, .jt = 0, .jf = 0, .k = skip});
}

Assembler::Place Assembler::load(std::uint32_t offset, Place next) {
  go_on_at(next);
  return push({.code = BPF_LD | BPF_W | BPF_ABS, .jt = 0, .jf = 0, .k = offset});
}

Assembler::Place Assembler::mask(std::uint32_t bits, Place next) {
  go_on_at(next);
  return push({.code = BPF_ALU | BPF_AND | BPF_K, .jt = 0, .jf = 0, .k = bits});
}

Assembler::Place Assembler::jump(std::uint16_t test, std::uint32_t value, Place if_true,
                                 Place if_false) {
  if_true = bring_near(if_true);
  if_false = bring_near(if_false);
  return push({.code = static_cast<std::uint16_t>(BPF_JMP | test | BPF_K),
               .jt = static_cast<std::uint8_t>(distance(if_true)),
               .jf = static_cast<std::uint8_t>(distance(if_false)),
               .k = value});
}

std::vector<sock_filter> Assembler::finish() const { return {code_.rbegin(), code_.rend()}; }

}  // namespace immure
