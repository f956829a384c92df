#include "launch/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/syscalls.h"

namespace immure {

void report(int fd, ChildReport::Kind kind, int errnum, std::uint32_t step, int status) {
  const ChildReport message{kind, errnum, step, status};
  // write, not send: a filter may already refuse the socket calls. A socket of this kind raises no
  // SIGPIPE, and if the monitor is gone there is nobody to tell.
  // The kernel may be short of memory for a moment.
  for (int tries = 0; tries < 3; ++tries) {
    if (::write(fd, &message, sizeof message) == static_cast<ssize_t>(sizeof message)) return;
  }
}

void report_detail(int fd, std::string_view text) {
  const ChildReport message{ChildReport::Kind::detail, 0, 0, 0};
  // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): writev(2) only reads
  const std::array<iovec, 2> parts = {{{const_cast<ChildReport*>(&message), sizeof message},
                                       {const_cast<char*>(text.data()), text.size()}}};
  // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
  const ssize_t ignored = ::writev(fd, parts.data(), parts.size());
  static_cast<void>(ignored);
}

namespace {

// close_range(2), and whether it did what it says: a descriptor that is opened for it shows that.
bool closed_range(unsigned first, unsigned last, unsigned flags) {
  const int sample = ::fcntl(0, F_DUPFD, static_cast<int>(first));
  const bool within = sample >= 0 && static_cast<unsigned>(sample) <= last;
  const bool answered = sys::close_range(first, last, flags) == 0;
  const int left = sample < 0 ? -1 : ::fcntl(sample, F_GETFD);
  if (left >= 0) ::close(sample);
  if (!within) return answered;
  return answered && (flags == 0 ? left < 0 : left >= 0 && (left & FD_CLOEXEC) != 0);
}

}  // namespace

int close_all_but(std::span<const int> keep, int fd_limit, bool cloexec) {
  unsigned first = 3;
  const unsigned flags = cloexec ? 4U /* CLOSE_RANGE_CLOEXEC */ : 0U;
  for (std::size_t i = 0; i <= keep.size(); ++i) {
    const bool rest = i == keep.size();
    if (!rest && keep[i] < static_cast<int>(first)) continue;
    const unsigned last = rest ? ~0U : static_cast<unsigned>(keep[i]) - 1U;
    if (first <= last && !closed_range(first, last, flags)) {
      // Before 5.9 (ENOSYS), before 5.11 with the flag (EINVAL), or not done by an outer sandbox.
      const int end = rest ? fd_limit : keep[i];
      for (int fd = static_cast<int>(first); fd < end; ++fd) {
        if (!cloexec) {
          ::close(fd);
        } else if (const int old = ::fcntl(fd, F_GETFD); old >= 0) {
          if (::fcntl(fd, F_SETFD, old | FD_CLOEXEC) != 0) return errno;
        }
      }
    }
    if (!rest) first = static_cast<unsigned>(keep[i]) + 1U;
  }
  return 0;
}

bool is_missing_here(int errnum) {
  constexpr std::array missing = {EPERM,  ENOENT, EACCES, ENODEV,
                                  EINVAL, ENOSPC, ENOSYS, EOPNOTSUPP};
  return std::find(missing.begin(), missing.end(), errnum) != missing.end();
}

int tie_to_launcher(const ChildContext& context) {
  if (!context.die_with_parent) return 0;
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  int signal = 0;
  if (::prctl(PR_GET_PDEATHSIG, &signal) != 0) return errno;
  if (signal != SIGKILL) return EPROTO;
  // It may have died before the line above; getppid(2) cannot tell across a pid namespace.
  pollfd lifetime{context.lifetime_read_fd, POLLIN, 0};
  if (::poll(&lifetime, 1, 0) > 0) ::_exit(125);
  return 0;
}

int wait_for_caller(int fd) {
  for (;;) {
    char byte = 0;
    if (::read(fd, &byte, 1) >= 0) return 0;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return errno;
    // What cannot say when it can be read would be asked for ever.
    if ((wait.revents & (POLLERR | POLLNVAL)) != 0) return EIO;
  }
}

namespace {

[[noreturn]] void fail(const ChildContext& context, std::uint32_t step, int errnum,
                       int part = part_whole) {
  report(context.report_fd, ChildReport::Kind::failed, errnum, step, part);
  ::_exit(125);
}

void read_filters(const ChildContext& context) {
  auto step = static_cast<std::uint32_t>(context.setup.size());
  for (const PlannedStep& planned : context.command_setup) {
    const auto* filter = std::get_if<LoadFilter>(&planned.what);
    if (filter != nullptr && filter->late) {
      int failed_part = part_whole;
      const int errnum = read_filter(*filter->late, failed_part);
      if (errnum != 0) fail(context, step, errnum, failed_part);
    }
    ++step;
  }
}

}  // namespace

void run_child(const ChildContext& context) {
  ::umask(0);  // the modes of the plan are meant as they stand; SetUmask comes later
  if (context.lifetime_write_fd >= 0) ::close(context.lifetime_write_fd);
  if (const int errnum = tie_to_launcher(context)) fail(context, stage_lifetime, errnum);

  Construction construction;
  construction.report_fd = context.report_fd;
  construction.chroot_suffices = context.chroot_suffices;
  construction.terminals = context.terminals;
  construction.in_front = context.in_front;
  construction.working_directory = context.working_directory;
  if (const int errnum = write_id_maps(context, construction)) {
    fail(context, stage_id_maps, errnum);
  }
  for (const PlannedStep& planned : context.setup) {
    if (std::get_if<EnterRoot>(&planned.what) != nullptr) {
      if (const int errnum = reopen_stdio(context, construction))
        fail(context, stage_stdio, errnum);
    }
    if (const int errnum = run_setup_step(planned.what, construction)) {
      if (!planned.best_effort || !is_missing_here(errnum)) {
        fail(context, construction.step, errnum, construction.failed_part);
      }
      report(context.report_fd, ChildReport::Kind::lost, errnum, construction.step);
    }
    ++construction.step;
  }
  construction.root.reset();
  construction.scratch.reset();
  construction.cover.reset();
  construction.sysctls.reset();
  construction.parent.reset();

  if (context.plain) {
    // Through /proc/self/fd they would lead out. Steps that change ids took the tie away.
    for (const int fd : context.option_fds) ::close(fd);
    if (const int errnum = tie_to_launcher(context)) fail(context, stage_lifetime, errnum);
  }
  if (context.block_fd >= 0) {
    report(context.report_fd, ChildReport::Kind::waiting, 0, stage_fork);
    if (const int errnum = wait_for_caller(context.block_fd)) fail(context, stage_block, errnum);
  }
  read_filters(context);
  if (context.reaper && context.plain) run_reaper(context, construction);
  if (context.reaper) run_init(context, construction);

  const StartFailure failure = become_command(context, construction);
  fail(context, failure.step, failure.errnum);
}

namespace {

bool drops_privileges(const Step& step) {
  return std::get_if<LimitPrivileges>(&step) != nullptr ||
         std::get_if<NoNewPrivileges>(&step) != nullptr;
}

// From here on others may look into this process who could not before. Our own program is on a
// mount of the host, and so is the /proc of the set-up. (The table of descriptors is this process's
// own.)
int leave_setup(const ChildContext& context, const Construction& construction) {
  ::close(construction.proc.get());
  return context.joined && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ? errno : 0;
}

}  // namespace

StartFailure become_command(const ChildContext& context, const Construction& construction,
                            volatile bool* about_to_exec) {
  auto step = static_cast<std::uint32_t>(context.setup.size());
  // Everything of ours is close-on-exec already; what the caller left open becomes so.
  if (!context.plain) {
    if (const int errnum = close_all_but(context.pass_fds, context.fd_limit, true)) {
      return {stage_close_fds, errnum};
    }
  }
  for (const int fd : context.pass_fds) {
    if (::fcntl(fd, F_SETFD, 0) != 0) return {stage_close_fds, errno};
  }
  if (context.caller_ignores_sigchld) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;  // NOLINT(cppcoreguidelines-pro-type-union-access)
    if (::sigaction(SIGCHLD, &ignore, nullptr) != 0) return {stage_signals, errno};
  }
  const auto give_back_mask = [&] {
    return ::sigprocmask(SIG_SETMASK, &context.caller_mask, nullptr) == 0;
  };
  // Closed by exec: the filter may refuse to close it.
  int filter_count = -1;
  if (const int errnum = open_filter_count(context.command_setup, construction, filter_count)) {
    return {stage_close_fds, errnum};
  }
  bool quiet = false;  // nothing may be asked any more
  for (const PlannedStep& planned : context.command_setup) {
    if (context.plain && drops_privileges(planned.what)) {
      if (const int errnum = leave_setup(context, construction)) return {step, errnum};
    }
    const auto* filter = std::get_if<LoadFilter>(&planned.what);
    // The filter may refuse to change the mask: it is given back just before. The command can now
    // be ended by a signal, which is what its sender wants.
    if (filter != nullptr && !quiet && !give_back_mask()) return {stage_signals, errno};
    const int errnum = filter != nullptr ? load_filter(*filter, filter_count, quiet)
                                         : run_command_step(planned.what, construction);
    quiet = quiet || (filter != nullptr && filter->quiet);
    if (errnum != 0) {
      if (!planned.best_effort || !is_missing_here(errnum)) return {step, errnum};
      report(context.report_fd, ChildReport::Kind::lost, errnum, step);
    }
    ++step;
  }
  if (!quiet && !give_back_mask()) return {stage_signals, errno};
  if (!context.reaper) report(context.report_fd, ChildReport::Kind::ready, 0, step);
  if (about_to_exec != nullptr) *about_to_exec = true;
  int errnum = ENOENT;
  for (const char* candidate : context.candidates) {
    ::execve(candidate, context.argv, context.envp);
    if (errno == ENOEXEC && context.script_argv != nullptr) {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve(2) does not write to it
      context.script_argv[1] = const_cast<char*>(candidate);
      ::execve("/bin/sh", context.script_argv, context.envp);
    }
    // As execvp(3): a file that may not be run does not end the search, but is remembered.
    if (errno == ENOENT || errno == ENOTDIR) {
      if (context.plain && errnum != EACCES) errnum = errno;
      continue;
    }
    errnum = errno;
    if (errno != EACCES) break;
  }
  return {step, errnum};
}

}  // namespace immure
