// The system call filters of `seccomp.base`, compiled when immure was built (seccomp/generate.cc)
// into constant arrays. Constant data; may be used anywhere.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace immure {

struct FilterChoice {
  bool strict = false;       // else standard
  bool nested = false;       // namespaces may be made inside (standard only)
  bool guard_setid = false;  // refuse to write set-id bits: a writable bind exists
  bool i386 = false;         // on x86-64: the calls of i386 too, else they end the process
};

// Whether this architecture, AUDIT_ARCH_…, has the calls of i386 beside its own.
constexpr bool has_i386(std::uint32_t arch) { return arch == AUDIT_ARCH_X86_64; }

// The program for this machine's architecture.
std::span<const sock_filter> compiled_filter(FilterChoice choice);

// "standard", "standard, nested namespaces open", …
std::string_view filter_name(FilterChoice choice);

}  // namespace immure
