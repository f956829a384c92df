// Writes a classic BPF program from its end to its beginning, so that the target of every jump is
// known when the jump is written, and equal returns are shared. Pure. See bpf(2) and
// Documentation/networking/filter.rst.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace immure {

class Assembler {
 public:
  // An instruction, counted from the end of the program.
  using Place = std::size_t;

  // The instruction that returns this value; one already there is used when it is near.
  Place ret(std::uint32_t value);

  // Execution goes on at `next`.
  Place load(std::uint32_t offset, Place next);
  Place mask(std::uint32_t bits, Place next);

  // `test` is BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET.
  Place jump(std::uint16_t test, std::uint32_t value, Place if_true, Place if_false);

  // The program, which begins with the last instruction written.
  std::vector<sock_filter> finish() const;

 private:
  Place push(sock_filter instruction);
  std::size_t distance(Place target) const { return code_.size() - target - 1; }
  // An instruction with the same effect that a conditional jump can reach.
  Place bring_near(Place target);
  // Makes the next instruction written fall through to `next`.
  void go_on_at(Place next);

  std::vector<sock_filter> code_;  // the last instruction of the program first
};

}  // namespace immure
