// pid 1 for callers that were written for bubblewrap. It can be looked into from outside, by
// whoever started it, and not from inside: it keeps capabilities that the command lacks, and the
// kernel's rule for ptrace(2) asks for no less; a command that keeps them all is shut off by
// Landlock.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "launch/child.h"

namespace immure {
namespace {

[[noreturn]] void fail(const ChildContext& context, int errnum, std::uint32_t step, int part = 0) {
  report(context.report_fd, ChildReport::Kind::failed, errnum, step, part);
  ::_exit(1);
}

// Read locks on whole files, for as long as we live: what others see of it is that a lock for
// writing is refused to them. fcntl(2), F_SETLK
void take_locks(const ChildContext& context) {
  std::size_t number = 0;
  for (const char* path : context.lock_files) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    const int part = 2 * static_cast<int>(number);
    if (file < 0) fail(context, errno, stage_lock, part);
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(file, F_SETLK, &lock) != 0) fail(context, errno, stage_lock, part + 1);
    context.kept_fds[number++] = file;
  }
}

// Shares memory with us until exec, as in init.cc.
pid_t start_command(const ChildContext& context, const Construction& construction) {
  volatile struct {
    bool failed;
    std::uint32_t step;
    int errnum;
  } handover{};
  const pid_t pid = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) {
    // NOLINTBEGIN(clang-analyzer-unix.Vfork): nothing of the shared memory but `handover` is
    // written
    StartFailure failure{stage_lifetime, 0};
    if (context.die_with_parent && ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
      failure.errnum = errno;
    } else {
      failure = become_command(context, construction);
    }
    handover.step = failure.step;
    handover.errnum = failure.errnum;
    handover.failed = true;
    // NOLINTEND(clang-analyzer-unix.Vfork)
    ::_exit(1);
  }
  if (pid < 0) fail(context, errno, stage_fork);
  if (handover.failed) fail(context, handover.errnum, handover.step);
  return pid;
}

// Closing any descriptor of a locked file would let go of the lock.
void close_others(const ChildContext& context) {
  const std::size_t locks = context.lock_files.size();
  context.kept_fds[locks] = context.report_fd;
  context.kept_fds[locks + 1] = context.sync_fd;
  std::sort(context.kept_fds.begin(), context.kept_fds.end());
  close_all_but(context.kept_fds, context.fd_limit, false);
}

// The same programs as the command's. They may refuse every call but those below.
void load_filters(const ChildContext& context) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(context, errno, stage_fork);
  for (const PlannedStep& planned : context.command_setup) {
    const auto* filter = std::get_if<LoadFilter>(&planned.what);
    if (filter == nullptr) continue;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the kernel only reads it
    const sock_fprog program{filter->length, const_cast<sock_filter*>(filter->program)};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) != 0) {
      fail(context, errno, stage_fork);
    }
  }
}

bool keeps_capabilities(const ChildContext& context) {
  for (const PlannedStep& planned : context.command_setup) {
    if (const auto* limit = std::get_if<LimitPrivileges>(&planned.what)) return limit->keep != 0;
  }
  return true;
}

int code_of(int status) {
  constexpr int unknown = 255;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : unknown;
}

}  // namespace

void run_reaper(const ChildContext& context, Construction& construction) {
  if (!context.own_pid_namespace && keeps_capabilities(context) &&
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    fail(context, errno, stage_lifetime);
  }
  take_locks(context);
  const pid_t command = start_command(context, construction);
  report(context.report_fd, ChildReport::Kind::ready, 0, 0);
  close_others(context);
  load_filters(context);
  int code = 1;
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, __WALL);
    if (pid < 0) {
      if (errno == EINTR) continue;
      ::_exit(code);  // ECHILD: nobody is left
    }
    if (pid != command) continue;
    code = code_of(status);
    report(context.report_fd, ChildReport::Kind::exited, 0, 0, status);
  }
}

}  // namespace immure
