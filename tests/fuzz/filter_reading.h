// [seccomp] read as a person would read it: by number, in one ABI, line by line. What the fuzzer
// compares programs with.
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "seccomp/custom.h"
#include "spec/security.h"

namespace immure::fuzz {

struct KnownAbi {
  Abi abi;
  std::uint32_t arch;  // as find_call() wants it
};
inline constexpr std::array known_abis{KnownAbi{Abi::native, AUDIT_ARCH_X86_64},
                                       KnownAbi{Abi::i386, AUDIT_ARCH_I386},
                                       KnownAbi{Abi::x32, SCMP_ARCH_X32}};

// The calls of a group; of a call, itself. They live as long as `name`.
std::vector<std::string_view> members(const std::string& name);

// The numbers of what a call is in this ABI, where it may have several names.
std::set<std::uint32_t> numbers_of(std::string_view call, std::uint32_t arch);

class FilterReading {
 public:
  // Of `request`, made of `seccomp`, the order of changes is not looked at. All must outlive this.
  FilterReading(const Seccomp& seccomp, bool guard, const FilterRequest& request)
      : seccomp_(seccomp), request_(request), guard_(guard) {}

  // The SECCOMP_RET_… of a call of an ABI that is open.
  std::uint32_t answer(const KnownAbi& abi, const seccomp_data& call) const;

 private:
  std::optional<bool> change(const KnownAbi& abi, std::uint32_t number, bool groups) const;
  std::uint32_t without_rules(const KnownAbi& abi, std::uint32_t number,
                              const seccomp_data& call) const;
  Policy policy(const FilterChoice& choice, const KnownAbi& abi) const;
  std::uint32_t family(const seccomp_data& call) const;

  const Seccomp& seccomp_;
  const FilterRequest& request_;
  bool guard_;
};

}  // namespace immure::fuzz
