// Why this host makes no namespaces for its users: in the words of an Error, as far as its settings
// tell. Only after a failure, in the launcher. Authority: namespaces(7), "The /proc/sys/user
// directory"; Debian's and Ubuntu's kernel.unprivileged_userns_clone and
// kernel.apparmor_restrict_unprivileged_userns; apparmor(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace immure {

// `namespaces` (CLONE_NEW…) could not be made, with this errno of clone3(2). `proc` is the proc
// file system.
Error namespaces_refused(std::uint64_t namespaces, int errnum, const std::string& proc = "/proc");

// AppArmor refuses what it takes, if this is so: user namespaces to all unconfined programs, or
// something to immure by a profile of its own.
std::optional<Error> refused_by_apparmor(int errnum, const std::string& proc = "/proc");

// The profile by which AppArmor confines this process; empty if it does not, or only complains.
std::string confining_profile(const std::string& proc = "/proc");

// What such a profile must have for a sandbox to be made: rules, as they stand in it.
constexpr std::string_view rules_for_a_sandbox = "userns, capability, mount, umount, pivot_root,";

}  // namespace immure
