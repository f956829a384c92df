#include "seccomp/tsc_filter.h"

#include <linux/audit.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace immure {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;  // __X32_SYSCALL_BIT
constexpr std::uint32_t kPrctl = 157;
constexpr std::uint32_t kPrctlI386 = 172;

constexpr sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
constexpr sock_filter is(std::uint32_t value, std::uint8_t if_true, std::uint8_t if_false) {
  return {BPF_JMP | BPF_JEQ | BPF_K, if_true, if_false, value};
}
constexpr sock_filter ret(std::uint32_t value) { return {BPF_RET | BPF_K, 0, 0, value}; }

// The kernel cuts the option down to an int: its low half decides.
constexpr auto kFilter = std::to_array<sock_filter>({
    load(offsetof(seccomp_data, arch)),
    is(AUDIT_ARCH_X86_64, 0, 3),
    load(offsetof(seccomp_data, nr)),
    {BPF_ALU | BPF_AND | BPF_K, 0, 0, ~kX32Bit},
    is(kPrctl, 3, 5),
    is(AUDIT_ARCH_I386, 0, 4),
    load(offsetof(seccomp_data, nr)),
    is(kPrctlI386, 0, 2),
    load(offsetof(seccomp_data, args)),
    is(PR_SET_TSC, 1, 0),
    ret(SECCOMP_RET_ALLOW),
    ret(SECCOMP_RET_ERRNO | EPERM),
});

}  // namespace

std::span<const sock_filter> tsc_filter(std::uint32_t arch) {
  if (arch == AUDIT_ARCH_X86_64 || arch == AUDIT_ARCH_I386) return kFilter;
  return {};
}

}  // namespace immure
