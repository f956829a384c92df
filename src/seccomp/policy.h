// What a filter decides about each system call, as values: the policies behind `seccomp.base`, and
// the form that compile() takes. Build time and before clone. See seccomp(2).
//
// An argument that is an int in the kernel (or is cut down to one) is compared on its low 32 bits
// only: the kernel ignores what a caller left above. Others are compared whole (ArgTest::wide). All
// comparisons are of unsigned numbers.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <map>
#include <vector>

#include "base/error.h"
#include "seccomp/filters.h"

namespace immure {

// What the kernel does with a call: a SECCOMP_RET_… with its data.
struct Action {
  std::uint32_t value = SECCOMP_RET_KILL_PROCESS;
  bool operator==(const Action&) const = default;
};

inline constexpr Action kAllow{SECCOMP_RET_ALLOW};
inline constexpr Action kKill{SECCOMP_RET_KILL_PROCESS};
constexpr Action refuse(int errnum) {
  return {SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errnum)};
}

// Holds when (argument & mask) is one of the values or, without values, when it is not zero.
struct ArgTest {
  std::uint8_t arg = 0;  // 0 to 5
  std::uint64_t mask = 0xffffffff;
  std::vector<std::uint64_t> values;
  bool wide = false;      // all 64 bits are looked at, else the low 32
  bool at_least = false;  // holds when (argument & mask) >= values[0] instead
  bool negate = false;    // holds when the rest does not
  bool operator==(const ArgTest&) const = default;
};

// The action when all tests hold; without tests: always.
struct Case {
  std::vector<ArgTest> tests;
  Action action;
  bool operator==(const Case&) const = default;
};

// The first case that holds decides, else `otherwise`.
struct Decision {
  std::vector<Case> cases;
  Action otherwise;
  bool operator==(const Decision&) const = default;
};

// __X32_SYSCALL_BIT: x32 shares the architecture of x86-64.
inline constexpr std::uint32_t kX32Bit = 0x40000000;

struct Policy {
  std::uint32_t arch = 0;  // AUDIT_ARCH_… of the calls; any other architecture is killed
  Action unlisted;         // calls that are not in the map
  std::map<std::uint32_t, Decision> calls;  // by number
  // On x86-64: the calls of x32 too, whose numbers have kX32Bit; else they end the process.
  bool x32 = false;
  bool operator==(const Policy&) const = default;
};

// The policy of a built-in filter. Calls that the architecture does not have are left out. An error
// is a mistake in our tables: a name that no architecture knows, or that stands in two groups.
Result<Policy> make_policy(FilterChoice choice, std::uint32_t arch);

// The policies of all ABIs that the filter opens on this architecture, its own first.
Result<std::vector<Policy>> make_policies(FilterChoice choice, std::uint32_t arch);

// All built-in filters, each once.
std::vector<FilterChoice> filter_choices();

}  // namespace immure
