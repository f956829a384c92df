// System calls of a program that is started, and of all that it starts: answered by a filter around
// it, or held until the test has looked at what is true meanwhile, and answers them itself.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/fd.h"

namespace immure::test {

constexpr int nothing_done = 0;      // the answer of a call that succeeds
constexpr unsigned any_value = ~0U;  // of the first argument

struct Refusal {
  long call;
  unsigned first_argument = any_value;  // as 32 bits
  int errnum = 0;
};

// From now on, in this process and all it starts: for Program::before_exec.
void refuse(const Refusal& refusal);

// seccomp_unotify(2)
class HeldCalls {
 public:
  struct Call {
    std::uint64_t id;
    pid_t pid;  // its number here
    std::array<std::uint64_t, 6> arguments;
  };

  explicit HeldCalls(long call);
  // For Program::before_exec.
  void hold() const;

  // The next one; nothing: all who could make it have ended, or the limit has passed.
  std::optional<Call> next(std::chrono::seconds limit = std::chrono::seconds(10));
  void go_on(const Call& call);               // to the kernel
  void answer(const Call& call, int result);  // instead of the kernel; negative: an errno
  // What the caller has there in its memory.
  template <class Value>
  static Value at(const Call& call, std::uint64_t address) {
    Value value{};
    copy(call, address, &value, sizeof value);
    return value;
  }

 private:
  static void copy(const Call& call, std::uint64_t address, void* to, std::size_t length);
  void respond(const Call& call, int result, unsigned flags);

  long call_;
  Fd ours_, theirs_;  // for the listener
  Fd listener_;
};

}  // namespace immure::test
