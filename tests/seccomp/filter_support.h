// What the tests of filters share: a system call described as the filter sees it, and a child
// process that runs under a filter.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "seccomp/custom.h"
#include "seccomp/filters.h"

namespace immure::test {

inline constexpr FilterChoice kStandard{};
inline constexpr FilterChoice kGuarded{.guard_setid = true};
inline constexpr FilterChoice kNested{.nested = true};
inline constexpr FilterChoice kNestedGuarded{.nested = true, .guard_setid = true};
inline constexpr FilterChoice kStrict{.strict = true};
inline constexpr FilterChoice kStrictGuarded{.strict = true, .guard_setid = true};
inline constexpr std::array kAllFilters{kStandard,      kGuarded, kNested,
                                        kNestedGuarded, kStrict,  kStrictGuarded};

inline constexpr std::uint64_t kGarbageAbove = 0xdeadbeef'00000000;  // an int ignores this
inline constexpr std::uint32_t kNumbers = 1024;                      // tried in each ABI

seccomp_data call_of(std::uint32_t arch, std::uint32_t number,
                     std::initializer_list<std::uint64_t> args = {});

// What a program says of a call: "allow", "EPERM", "kill the process", "not a program" …
std::string verdict(std::span<const sock_filter> program, const seccomp_data& call);

// What the built-in filter says of a call on x86-64.
std::string verdict(FilterChoice choice, long number, std::initializer_list<std::uint64_t> args);

// The program of a request that has no mistake.
std::vector<sock_filter> custom_program(const FilterRequest& request);

// Makes this process unable to gain privileges and loads the filter. 0, or the errno.
int load_filter(std::span<const sock_filter> program);

// Runs `body` in a forked child, under the filter unless it is empty. The status of waitpid(2): the
// child exits with what `body` returns, or with 99 when the filter does not load.
int run_filtered(std::span<const sock_filter> program, const std::function<int()>& body);

}  // namespace immure::test
