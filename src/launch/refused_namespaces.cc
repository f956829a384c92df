#include "launch/refused_namespaces.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.h"
#include "plan/kernel_words.h"

namespace immure {
namespace {

// The first line of a short file of the kernel's.
std::string line_of(const std::string& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};
  const ssize_t length = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  std::string line(text.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  line.resize(std::min(line.size(), line.find_first_of(std::string_view("\n\0", 2))));
  return line;
}

std::string mended_by(const std::string& setting, std::string_view value) {
  return "sudo sysctl -w " + setting + "=" + std::string(value) + "\nmore: immure doctor";
}

// Which of the limits of namespaces(7) allows none.
std::string exhausted_limit(std::uint64_t namespaces, const std::string& proc) {
  for (const std::string_view word : namespace_words(namespaces)) {
    std::string name = "max_";
    name += word == "mount" ? "mnt" : word;
    name += "_namespaces";
    std::string file = proc;
    file += "/sys/user/";
    file += name;
    if (line_of(file) == "0") return "user." + name;
  }
  return {};
}

}  // namespace

Error namespaces_refused(std::uint64_t namespaces, int errnum, const std::string& proc) {
  if (std::optional<Error> refused = refused_by_apparmor(errnum, proc)) return *std::move(refused);
  Error error = os_error(Code::userns_unavailable, "create the sandbox's namespaces", errnum);
  error.hint = "more: immure doctor";
  if (errnum == EPERM && line_of(proc + "/sys/kernel/unprivileged_userns_clone") == "0") {
    error.reason = "kernel.unprivileged_userns_clone is 0: users may make no user namespaces";
    error.hint = mended_by("kernel.unprivileged_userns_clone", "1");
  } else if (errnum == EPERM) {
    error.reason = "this system or an outer sandbox forbids user namespaces";
  } else if (errnum == ENOSPC || errnum == EUSERS) {
    const std::string limit = exhausted_limit(namespaces, proc);
    if (limit.empty()) {
      error.reason = "the limit of namespaces is reached, or they nest more than 32 deep";
      error.hint = "the limits: sysctl user\n" + error.hint;
    } else {
      error.reason = limit + " is 0: none may be made";
      error.hint = mended_by(limit, "15000");
    }
  } else if (errnum == EAGAIN) {
    error.hint = "too many processes: see ulimit -u";
  }
  return error;
}

std::optional<Error> refused_by_apparmor(int errnum, const std::string& proc) {
  if (errnum != EPERM && errnum != EACCES) return std::nullopt;
  Error error{.code = Code::userns_apparmor,
              .doing = "create user namespaces on this system",
              .errnum = errnum,
              .reason = "AppArmor restricts them"};
  if (line_of(proc + "/sys/kernel/apparmor_restrict_unprivileged_userns") == "1") {
    error.hint = mended_by("kernel.apparmor_restrict_unprivileged_userns", "0");
    return error;
  }
  const std::string profile = confining_profile(proc);
  if (profile.empty()) return std::nullopt;
  error.reason = "AppArmor confines immure by its profile \"" + profile + "\"";
  error.hint =
      "let this profile have: " + std::string(rules_for_a_sandbox) + "\nmore: immure doctor";
  return error;
}

std::string confining_profile(const std::string& proc) {
  const std::string confinement = line_of(proc + "/self/attr/current");  // "immure (enforce)"
  constexpr std::string_view enforced = " (enforce)";
  if (!confinement.ends_with(enforced)) return {};
  return confinement.substr(0, confinement.size() - enforced.size());
}

}  // namespace immure
