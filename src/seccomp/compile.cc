#include "seccomp/compile.h"

#include <linux/audit.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "seccomp/assembler.h"

namespace immure {
namespace {

using Place = Assembler::Place;

// The kernel tries the filter with each number up to about this one when it loads it.
constexpr std::uint32_t kTriedNumbers = 512;

// Numbers from `first` up to the next run that are decided alike.
struct Run {
  std::uint32_t first = 0;
  Decision decision;
};

std::vector<Run> runs_of(const Policy& policy) {
  std::vector<Run> runs;
  const auto begin_run = [&](std::uint32_t first, const Decision& decision) {
    if (!runs.empty() && runs.back().first == first) runs.pop_back();
    if (!runs.empty() && runs.back().decision == decision) return;
    runs.push_back({first, decision});
  };
  const Decision unlisted{.cases = {}, .otherwise = policy.unlisted};
  begin_run(0, unlisted);
  for (const auto& [number, decision] : policy.calls) {
    begin_run(number, decision);
    begin_run(number + 1, unlisted);
  }
  if (policy.arch == AUDIT_ARCH_X86_64 && !policy.x32) {
    // -1 is not a call: tracers write it to skip one.
    begin_run(kX32Bit, {.cases = {}, .otherwise = kKill});
    begin_run(std::numeric_limits<std::uint32_t>::max(), unlisted);
  }
  return runs;
}

// A search tree over the runs that halves, at each comparison, the numbers that the kernel tries at
// load time. That costs it 2 % more steps than the cheapest tree of all, which takes thirty times
// as long to find.
class SearchTree {
 public:
  explicit SearchTree(std::vector<Run> runs) : runs_(std::move(runs)) {}

  Place write(Assembler& code) const { return write(code, 0, runs_.size() - 1); }

 private:
  // Where the numbers of a run begin, among those that are tried.
  std::uint32_t begin(std::size_t run) const {
    return run < runs_.size() ? std::min(runs_[run].first, kTriedNumbers) : kTriedNumbers;
  }

  // Three runs: one number in between is the exception.
  bool is_exception(std::size_t first, std::size_t last) const {
    return last == first + 2 && runs_[first].decision == runs_[last].decision &&
           runs_[first + 1].first + 1 == runs_[last].first;
  }

  // The first run of the right part of the runs `first` to `last`: the one that begins nearest to
  // the middle of their numbers.
  std::size_t split(std::size_t first, std::size_t last) const {
    const std::uint32_t ends = begin(first) + begin(last + 1);
    if (begin(first) == begin(last + 1)) return first + (last - first + 1) / 2;
    const auto from_middle = [&](std::size_t run) {
      const std::uint32_t twice = 2 * begin(run);
      return twice > ends ? twice - ends : ends - twice;
    };
    std::size_t best = first + 1;
    for (std::size_t run = best + 1; run <= last; ++run) {
      if (from_middle(run) < from_middle(best)) best = run;
    }
    return best;
  }

  Place write(Assembler& code, std::size_t first, std::size_t last) const;

  std::vector<Run> runs_;
};

std::uint32_t offset_of_half(std::uint8_t arg, bool high) {
  const std::size_t offset = offsetof(seccomp_data, args) + arg * sizeof(std::uint64_t);
  const bool second = high == (std::endian::native == std::endian::little);
  return static_cast<std::uint32_t>(second ? offset + 4 : offset);
}

// One half of an argument, loaded and masked.
Place load_half(Assembler& code, const ArgTest& test, bool high, Place next) {
  const auto mask = static_cast<std::uint32_t>(high ? test.mask >> 32 : test.mask);
  if (mask != std::numeric_limits<std::uint32_t>::max()) next = code.mask(mask, next);
  return code.load(offset_of_half(test.arg, high), next);
}

std::uint32_t half(std::uint64_t value, bool high) {
  return static_cast<std::uint32_t>(high ? value >> 32 : value);
}

Place write_bits(Assembler& code, const ArgTest& test, Place if_true, Place if_false) {
  Place next = if_false;
  for (const bool high : {false, true}) {
    const std::uint32_t bits = half(test.mask, high);
    if (bits == 0 || (high && !test.wide)) continue;
    next = code.load(offset_of_half(test.arg, high), code.jump(BPF_JSET, bits, if_true, next));
  }
  return next;
}

Place write_at_least(Assembler& code, const ArgTest& test, Place if_true, Place if_false) {
  const std::uint64_t value = test.values.at(0);
  const Place low =
      load_half(code, test, false, code.jump(BPF_JGE, half(value, false), if_true, if_false));
  if (!test.wide) return low;
  const Place equal = code.jump(BPF_JEQ, half(value, true), low, if_false);
  return load_half(code, test, true, code.jump(BPF_JGT, half(value, true), if_true, equal));
}

Place write_one_of(Assembler& code, const ArgTest& test, Place if_true, Place if_false) {
  Place next = if_false;
  if (test.wide) {
    for (std::size_t i = test.values.size(); i-- > 0;) {
      const std::uint64_t value = test.values[i];
      const Place low =
          load_half(code, test, false, code.jump(BPF_JEQ, half(value, false), if_true, next));
      next = load_half(code, test, true, code.jump(BPF_JEQ, half(value, true), low, next));
    }
    return next;
  }
  for (std::size_t i = test.values.size(); i-- > 0;)
    next = code.jump(BPF_JEQ, half(test.values[i], false), if_true, next);
  return load_half(code, test, false, next);
}

Place write_test(Assembler& code, const ArgTest& test, Place if_true, Place if_false) {
  if (test.negate) std::swap(if_true, if_false);
  if (test.values.empty()) return write_bits(code, test, if_true, if_false);
  if (test.at_least) return write_at_least(code, test, if_true, if_false);
  return write_one_of(code, test, if_true, if_false);
}

Place write_case(Assembler& code, const Case& c, Place next_case) {
  Place next = code.ret(c.action.value);
  for (std::size_t i = c.tests.size(); i-- > 0;)
    next = write_test(code, c.tests[i], next, next_case);
  return next;
}

Place write_decision(Assembler& code, const Decision& decision) {
  Place next = code.ret(decision.otherwise.value);
  for (std::size_t i = decision.cases.size(); i-- > 0;)
    next = write_case(code, decision.cases[i], next);
  return next;
}

Place SearchTree::write(Assembler& code, std::size_t first, std::size_t last) const {
  if (first == last) return write_decision(code, runs_[first].decision);
  if (is_exception(first, last)) {
    const Place rule = write_decision(code, runs_[first].decision);
    const Place exception = write_decision(code, runs_[first + 1].decision);
    return code.jump(BPF_JEQ, runs_[first + 1].first, exception, rule);
  }
  const std::size_t middle = split(first, last);
  const Place right = write(code, middle, last);
  const Place left = write(code, first, middle - 1);
  return code.jump(BPF_JGE, runs_[middle].first, right, left);
}

}  // namespace

Result<std::vector<sock_filter>> compile(std::span<const Policy> policies) {
  Assembler code;
  Place next = code.ret(kKill.value);
  // The first ABI is asked for first, and its calls are the nearest.
  for (std::size_t i = policies.size(); i-- > 0;) {
    const Place tree = SearchTree(runs_of(policies[i])).write(code);
    const Place number = code.load(offsetof(seccomp_data, nr), tree);
    next = code.jump(BPF_JEQ, policies[i].arch, number, next);
  }
  code.load(offsetof(seccomp_data, arch), next);
  std::vector<sock_filter> program = code.finish();
  if (program.size() > BPF_MAXINSNS)
    return Error{.code = Code::setup_step,
                 .doing = "compile the system call filter",
                 .reason = std::to_string(program.size()) + " instructions, but the kernel takes " +
                           std::to_string(BPF_MAXINSNS)};
  return program;
}

}  // namespace immure
