// What a compiled filter can answer to one system call, and what decides among the answers: every
// way through the program is followed. Pure.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace immure {

// One test on the way: of a word of an argument, after a mask.
struct Condition {
  unsigned argument = 0;  // 0 to 5
  bool high = false;      // the upper 32 bits
  std::uint32_t mask = 0xffffffff;
  std::uint16_t test = 0;  // BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET
  std::uint32_t value = 0;
  bool holds = true;
  bool operator==(const Condition&) const = default;
};

struct Answer {
  std::vector<Condition> when;  // all of them; empty: always
  std::uint32_t value = 0;      // SECCOMP_RET_…
  bool operator==(const Answer&) const = default;
};

// In the order of the program. Nothing for a program with instructions that our compiler does not
// make, or with more ways than anybody could read.
std::optional<std::vector<Answer>> answers(std::span<const sock_filter> program, std::uint32_t arch,
                                           std::uint32_t number);

// "argument 1 & 0x7e020000 is not 0".
std::string describe(const Condition& condition);

}  // namespace immure
