#include "seccomp/calls.h"

#include <linux/audit.h>
#include <seccomp.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "seccomp/policy.h"

namespace immure {
namespace {

struct NewCall {
  std::string_view name;
  std::uint32_t number;
  bool x86_64_only;
};

// Calls newer than the libseccomp of Debian 12. From 403 on a number is the same everywhere.
constexpr auto kNewCalls = std::to_array<NewCall>({
    {"uretprobe", 335, true},          {"uprobe", 336, true},
    {"cachestat", 451, false},         {"fchmodat2", 452, false},
    {"map_shadow_stack", 453, false},  {"futex_wake", 454, false},
    {"futex_wait", 455, false},        {"futex_requeue", 456, false},
    {"statmount", 457, false},         {"listmount", 458, false},
    {"lsm_get_self_attr", 459, false}, {"lsm_set_self_attr", 460, false},
    {"lsm_list_modules", 461, false},  {"mseal", 462, false},
    {"setxattrat", 463, false},        {"getxattrat", 464, false},
    {"listxattrat", 465, false},       {"removexattrat", 466, false},
    {"open_tree_attr", 467, false},    {"file_getattr", 468, false},
    {"file_setattr", 469, false},
});

// Calls that i386 has both alone and as a part of socketcall(2) or ipc(2): libseccomp knows only
// the latter.
constexpr auto kAloneOnI386 = std::to_array<std::pair<std::string_view, std::uint32_t>>({
    {"socket", 359},      {"socketpair", 360},  {"bind", 361},       {"connect", 362},
    {"listen", 363},      {"accept4", 364},     {"getsockopt", 365}, {"setsockopt", 366},
    {"getsockname", 367}, {"getpeername", 368}, {"sendto", 369},     {"sendmsg", 370},
    {"recvfrom", 371},    {"recvmsg", 372},     {"shutdown", 373},   {"semget", 393},
    {"semctl", 394},      {"shmget", 395},      {"shmctl", 396},     {"shmat", 397},
    {"shmdt", 398},       {"msgget", 399},      {"msgsnd", 400},     {"msgrcv", 401},
    {"msgctl", 402},
});

}  // namespace

std::uint32_t native_arch() { return seccomp_arch_native(); }

CallNumber find_call(std::string_view name, std::uint32_t arch) {
  for (const NewCall& call : kNewCalls) {
    if (call.name != name) continue;
    if (call.x86_64_only && arch != AUDIT_ARCH_X86_64) return {CallKind::absent, 0};
    return {CallKind::present, call.number | (arch == SCMP_ARCH_X32 ? kX32Bit : 0)};
  }
  if (arch == AUDIT_ARCH_I386) {
    for (const auto& [alone, number] : kAloneOnI386) {
      if (alone == name) return {CallKind::present, number};
    }
  }
  const int number = seccomp_syscall_resolve_name_arch(arch, std::string(name).c_str());
  if (number == __NR_SCMP_ERROR) return {CallKind::unknown, 0};
  // libseccomp gives a call of another architecture a negative number.
  if (number < 0) return {CallKind::absent, 0};
  return {CallKind::present, static_cast<std::uint32_t>(number)};
}

std::string call_name(std::uint32_t number, std::uint32_t arch) {
  for (const NewCall& call : kNewCalls) {
    if (call.number == number && (!call.x86_64_only || arch == AUDIT_ARCH_X86_64)) {
      return std::string(call.name);
    }
  }
  const std::unique_ptr<char, decltype(&std::free)> name(
      seccomp_syscall_resolve_num_arch(arch, static_cast<int>(number)), &std::free);
  return name ? std::string(name.get()) : std::string();
}

}  // namespace immure
