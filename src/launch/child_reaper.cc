// pid 1 for callers that were written for bubblewrap. It can be looked into from outside, by
// whoever started it, and not from inside: it keeps capabilities that the command lacks, and the
// kernel's rule for ptrace(2) asks for no less; a command that keeps them all is shut off by
// Landlock.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/syscalls.h"
#include "launch/child.h"

namespace immure {
namespace {

[[noreturn]] void fail(const ChildContext& context, int errnum, std::uint32_t step, int part = 0) {
  report(context.report_fd, ChildReport::Kind::failed, errnum, step, part);
  ::_exit(1);
}

// Read locks on whole files, for as long as we live: what others see of it is that a lock for
// writing is refused to them. fcntl(2), F_SETLK
bool take_lock(int file) {
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(file, F_SETLK, &lock) == 0;
}

void take_locks(const ChildContext& context) {
  std::size_t number = 0;
  for (const char* path : context.lock_files) {
    const int file = ::open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const int part = 2 * static_cast<int>(number);
    if (file < 0) fail(context, errno, stage_lock, part);
    if (!take_lock(file)) fail(context, errno, stage_lock, part + 1);
    context.kept_fds[number++] = file;
  }
}

// Shares memory with us until exec, as in init.cc.
pid_t start_sharing_memory(const ChildContext& context, const Construction& construction) {
  volatile struct {
    bool failed;
    std::uint32_t step;
    int errnum;
  } handover{};
  const pid_t pid = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) {
    // Of the shared memory only `handover` is written, and the places in envp and script_argv that
    // are for it.
    // NOLINTBEGIN(clang-analyzer-unix.Vfork)
    StartFailure failure{stage_lifetime, tie_to_launcher(context)};
    if (failure.errnum == 0) failure = become_command(context, construction);
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

// With a copy of the memory: in a user namespace that was joined, others of its processes could
// write to the command's between the loss of its capabilities and exec. Whatever fails the
// command's process reports itself.
pid_t start_copying_memory(const ChildContext& context, const Construction& construction) {
  std::array<int, 2> started{-1, -1};
  if (::pipe2(started.data(), O_CLOEXEC) != 0) fail(context, errno, stage_fork);
  clone_args args{};
  args.exit_signal = SIGCHLD;
  pid_t pid = sys::clone3(args);
  if (pid < 0 && errno == ENOSYS) {
    pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  }
  if (pid == 0) {
    StartFailure failure{stage_lifetime, tie_to_launcher(context)};
    if (failure.errnum == 0) failure = become_command(context, construction);
    report(context.report_fd, ChildReport::Kind::failed, failure.errnum, failure.step);
    const ssize_t ignored = ::write(started[1], "x", 1);
    static_cast<void>(ignored);
    ::_exit(1);
  }
  if (pid < 0) fail(context, errno, stage_fork);
  ::close(started[1]);
  char failed = 0;
  if (::read(started[0], &failed, 1) == 1) ::_exit(1);
  ::close(started[0]);
  return pid;
}

// Closing any descriptor of a file lets go of our lock on it, so one that the caller left open was
// enough: they are taken again.
void close_others(const ChildContext& context) {
  const std::size_t locks = context.lock_files.size();
  context.kept_fds[locks] = context.report_fd;
  context.kept_fds[locks + 1] = context.sync_fd;
  std::sort(context.kept_fds.begin(), context.kept_fds.end());
  close_all_but(context.kept_fds, context.fd_limit, false);
  for (const int fd : context.kept_fds) {
    const bool is_lock = fd >= 0 && fd != context.report_fd && fd != context.sync_fd;
    if (is_lock && !take_lock(fd)) fail(context, errno, stage_lock, 1);
  }
}

// The same programs as the command's. They may refuse every call but those below.
void load_filters(const ChildContext& context) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(context, errno, stage_fork);
  for (const PlannedStep& planned : context.command_setup) {
    const auto* filter = std::get_if<LoadFilter>(&planned.what);
    if (filter == nullptr) continue;
    if (const int errnum = load_program(*filter)) fail(context, errnum, stage_fork);
  }
}

bool keeps_capabilities(const ChildContext& context) {
  for (const PlannedStep& planned : context.command_setup) {
    if (const auto* limit = std::get_if<LimitPrivileges>(&planned.what)) return limit->keep != 0;
  }
  return true;
}

// The command's filters are in force here, and their answer to wait4(2) need not be the kernel's.
class Reaper {
 public:
  Reaper(const ChildContext& context, pid_t command) : context_(context), command_(command) {}

  [[noreturn]] void run() {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid <= 0) {
        not_waited(pid == 0 ? EPROTO : errno);
        continue;
      }
      interrupted_ = 0;
      if (pid != command_) continue;
      code_ = exit_code_of(status);
      ended_ = true;
      report(context_.report_fd, ChildReport::Kind::exited, 0, 0, status);
    }
  }

 private:
  // Comes back when it is worth another try.
  void not_waited(int errnum) {
    // We handle no signal, so the kernel does not say this for long.
    constexpr int patience = 1000;
    if (errnum == EINTR && ++interrupted_ < patience) return;
    if (errnum == ECHILD && ended_) ::_exit(code_);  // nobody is left
    // Said before the next call, which a filter may answer with our end.
    report(context_.report_fd, ChildReport::Kind::failed, errnum, stage_wait);
    if (!context_.own_pid_namespace) ::kill(command_, SIGKILL);
    ::_exit(1);
  }

  const ChildContext& context_;
  pid_t command_;
  bool ended_ = false;
  int code_ = 1;
  int interrupted_ = 0;  // in a row
};

}  // namespace

void run_reaper(const ChildContext& context, Construction& construction) {
  if (!context.own_pid_namespace && keeps_capabilities(context)) {
    if (const int errnum = become_unreachable()) fail(context, errnum, stage_lifetime);
  }
  take_locks(context);
  const pid_t command = context.joined ? start_copying_memory(context, construction)
                                       : start_sharing_memory(context, construction);
  if (runs_from_our_mount(construction.proc)) {
    ::kill(command, SIGKILL);
    fail(context, EACCES,
         static_cast<std::uint32_t>(context.setup.size() + context.command_setup.size()));
  }
  report(context.report_fd, ChildReport::Kind::ready, 0, 0);
  close_others(context);
  load_filters(context);
  Reaper(context, command).run();
}

}  // namespace immure
