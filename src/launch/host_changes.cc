#include "launch/host_changes.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>

#include "base/path.h"
#include "base/syscalls.h"
#include "base/text.h"

namespace immure {

std::variant<std::monostate, Error> make_host_directories(const LaunchPlan& plan) {
  for (const HostDirectory& wanted : plan.host_directories) {
    auto failed = [&] {
      Error error = os_error(Code::setup_step, std::string("make the ") +
                                                   (wanted.is_file ? "file " : "directory ") +
                                                   quote(wanted.path));
      error.origin = wanted.origin;
      error.hint = "make it by hand, or leave out create";
      return error;
    };
    const std::string parent(parent_of(wanted.path));
    Fd directory(sys::openat2(AT_FDCWD, parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC,
                              RESOLVE_NO_SYMLINKS));
    if (!directory && (errno == ENOSYS || errno == EPERM)) {
      directory.reset(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!directory) return failed();
    const std::string name(base_name(wanted.path));
    if (wanted.is_file) {
      const Fd file(::openat(directory.get(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (!file && errno != EEXIST) return failed();
      continue;
    }
    if (::mkdirat(directory.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return failed();
  }
  return std::monostate{};
}

std::variant<std::monostate, Error> lock_state(const StateDirectory& state, Fd& lock) {
  if (state.path.empty()) return std::monostate{};
  lock.reset(::open(state.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (lock && ::flock(lock.get(), (state.shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
    return std::monostate{};
  }
  Error error = os_error(Code::state_locked, "lock the state in " + quote(state.path));
  error.origin = state.origin;
  if (errno == EWOULDBLOCK) {
    error.errnum = 0;
    error.doing = "the state in " + quote(state.path) + " is used by another sandbox";
    error.hint =
        "wait for its end, or give this run its own: --set state.name=NAME\n"
        "where several may write at once: state.lock = \"share\" for all of them";
  }
  return error;
}

}  // namespace immure
