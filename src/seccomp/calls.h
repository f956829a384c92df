// Names and numbers of system calls. libseccomp knows those of its time; a table of ours adds newer
// ones. Build time and before clone: needs libseccomp. See syscalls(2).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace immure {

// The architecture this program was built for, as AUDIT_ARCH_…
std::uint32_t native_arch();

enum class CallKind : std::uint8_t {
  present,  // it has a number on this architecture
  absent,   // other architectures have it
  unknown,  // no such call
};

struct CallNumber {
  CallKind kind = CallKind::unknown;
  std::uint32_t number = 0;  // with CallKind::present
  bool operator==(const CallNumber&) const = default;
};

// `arch` is an AUDIT_ARCH_…, or SCMP_ARCH_X32 of libseccomp, whose numbers have kX32Bit.
CallNumber find_call(std::string_view name, std::uint32_t arch);

// The name of the call with this number; empty: there is none.
std::string call_name(std::uint32_t number, std::uint32_t arch);

}  // namespace immure
