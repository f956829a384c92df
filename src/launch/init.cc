// pid 1 inside: starts the command, reaps, forwards signals, ends with the launcher. It never
// execs.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/syscalls.h"
#include "launch/child.h"
#include "launch/fixed_text.h"

namespace immure {
namespace {

// What the vforked command's process leaves in the memory that it shares with init until exec.
struct Handover {
  bool failed = false;
  bool about_to_exec = false;
  std::uint32_t step = 0;
  int errnum = 0;
};

}  // namespace

// Non-dumpable from here on: the mm of init belongs to the outer user namespace, so /proc/1/mem,
// exe, root, fd and ptrace are refused even to a command with all capabilities of its own
// namespace. Not earlier, because /proc/self becomes root's with it.
int become_unreachable() {
  if (::prctl(PR_SET_DUMPABLE, 0) != 0) return errno;
  return ::prctl(PR_GET_DUMPABLE) == 0 ? 0 : EPERM;
}

namespace {

bool makes_time_namespace(const ChildContext& context) {
  for (const PlannedStep& planned : context.setup) {
    if (std::get_if<NewTimeNamespace>(&planned.what) != nullptr) return true;
  }
  return false;
}

// Before the command is started, for OwnTerminal. Gives the step and errno, as the command would.
StartFailure make_session(const ChildContext& context, Construction& construction) {
  auto step = static_cast<std::uint32_t>(context.setup.size());
  for (const PlannedStep& planned : context.command_setup) {
    if (std::get_if<OwnTerminal>(&planned.what) != nullptr) {
      return {step, lead_session(construction)};
    }
    ++step;
  }
  return {step, 0};
}

// The mount from which the program of a process was started; 0 where that cannot be told.
std::uint64_t mount_of_program(const Fd& proc, std::string_view process) {
  FixedText<32> path;
  path.append(process).append("/exe");
  struct statx status {};
  const bool told =
      ::statx(proc.get(), path.c_str(), AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) == 0;
  return told && (status.stx_mask & STATX_MNT_ID) != 0 ? status.stx_mnt_id : 0;
}

}  // namespace

// Whether the command, init's only child, turned out to be immure by the way of /proc/self/exe, as
// a script's interpreter can be: then it was started from a mount of the host, on which it may be
// writable, and unlike init it can be looked into. From a mount of the sandbox immure is a command
// like any other.
bool runs_from_our_mount(const Fd& proc) {
  const Fd list(::openat(proc.get(), "thread-self/children", O_RDONLY | O_CLOEXEC));
  std::array<char, 24> text;
  const ssize_t length = list ? ::read(list.get(), text.data(), text.size()) : 0;
  const std::string_view children(text.data(),
                                  static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  const std::uint64_t ours = mount_of_program(proc, "self");
  return ours != 0 && mount_of_program(proc, children.substr(0, children.find(' '))) == ours;
}

namespace {

[[noreturn]] void fail_killed(const ChildContext& context) {
  report(context.report_fd, ChildReport::Kind::failed, 0, stage_killed);
  ::_exit(125);
}

// Shares memory with init until exec, as vfork(2), so that init knows when the command runs and
// nothing is copied. Not from a new time namespace: a process that shares memory stays in the old
// one (time_namespaces(7)).
pid_t start_sharing_memory(const ChildContext& context, const Construction& construction) {
  volatile Handover handover;
  const pid_t pid = ::vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (pid == 0) {
    if (!context.own_pid_namespace) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // NOLINT(clang-analyzer-unix.Vfork)
    }
    // become_command() and this file are made for it: nothing of the shared memory but `handover`
    // is written, as all that they call keeps its state on the stack below.
    // NOLINTBEGIN(clang-analyzer-unix.Vfork)
    const StartFailure failure = become_command(context, construction, &handover.about_to_exec);
    handover.step = failure.step;
    handover.errnum = failure.errnum;
    handover.failed = true;
    // NOLINTEND(clang-analyzer-unix.Vfork)
    ::_exit(125);
  }
  if (pid < 0) {
    report(context.report_fd, ChildReport::Kind::failed, errno, stage_fork);
    ::_exit(125);
  }
  if (handover.failed) {
    report(context.report_fd, ChildReport::Kind::failed, handover.errnum, handover.step);
    ::_exit(125);
  }
  if (!handover.about_to_exec) fail_killed(context);
  return pid;
}

pid_t start_copying_memory(const ChildContext& context, const Construction& construction) {
  std::array<int, 2> started{-1, -1};
  pid_t pid = -1;
  void* shared =
      ::mmap(nullptr, sizeof(bool), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared != MAP_FAILED && ::pipe2(started.data(), O_CLOEXEC) == 0) {
    clone_args args{};
    args.exit_signal = SIGCHLD;
    pid = sys::clone3(args);
    if (pid < 0 && errno == ENOSYS) {
      pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    }
  }
  if (pid < 0) {
    report(context.report_fd, ChildReport::Kind::failed, errno, stage_fork);
    ::_exit(125);
  }
  auto* about_to_exec = static_cast<volatile bool*>(shared);
  if (pid == 0) {
    if (!context.own_pid_namespace) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const StartFailure failure = become_command(context, construction, about_to_exec);
    report(context.report_fd, ChildReport::Kind::failed, failure.errnum, failure.step);
    const ssize_t ignored = ::write(started[1], "x", 1);
    static_cast<void>(ignored);
    ::_exit(125);
  }
  ::close(started[1]);
  char failed = 0;
  if (::read(started[0], &failed, 1) == 1) ::_exit(125);
  ::close(started[0]);
  if (!*about_to_exec) fail_killed(context);
  return pid;
}

// Whether this /proc, that of the launcher, has the numbers that kill(2) takes here: not where the
// pid namespace is a joined one.
bool has_our_numbers(const Fd& proc) {
  NumberText here;
  here.append_number(static_cast<std::uint64_t>(::getpid()));
  std::array<char, 24> there{};
  const ssize_t length = ::readlinkat(proc.get(), "self", there.data(), there.size());
  return length == static_cast<ssize_t>(here.size()) &&
         std::memcmp(there.data(), here.c_str(), here.size()) == 0;
}

// By the process's directory, which serves as a pidfd.
int send_by_proc(const Fd& proc, const char* process, int signal) {
  const Fd directory(::openat(proc.get(), process, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && sys::pidfd_send_signal(directory.get(), signal) == 0 ? 0 : errno;
}

// `pid`: as this /proc has it.
void kill_by_number(const Fd& proc, pid_t pid) {
  if (has_our_numbers(proc)) {
    ::kill(pid, SIGKILL);
    return;
  }
  NumberText name;
  name.append_number(static_cast<std::uint64_t>(pid));
  (void)send_by_proc(proc, name.c_str(), SIGKILL);
}

// Where the pid namespace is the host's or another's, ending pid 1 ends nobody: every descendant is
// a child of ours sooner or later (PR_SET_CHILD_SUBREAPER), so they are killed until there is none.
void kill_descendants(const Fd& proc) {
  for (int round = 0; round < 1000; ++round) {
    while (::waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
    }
    if (::waitpid(-1, nullptr, WNOHANG | __WALL) < 0 && errno == ECHILD) return;
    const Fd list(::openat(proc.get(), "thread-self/children", O_RDONLY | O_CLOEXEC));
    std::array<char, 4096> text;
    const ssize_t length = list ? ::read(list.get(), text.data(), text.size()) : 0;
    pid_t pid = 0;
    for (const char c :
         std::span(text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)))) {
      if (c >= '0' && c <= '9') {
        pid = pid * 10 + (c - '0');
      } else if (pid > 1) {
        kill_by_number(proc, pid);
        pid = 0;
      }
    }
    ::usleep(1000);
  }
}

class Init {
 public:
  Init(const ChildContext& context, Construction& construction, pid_t command)
      : context_(context),
        proc_(construction.proc),
        command_(command),
        terminal_(construction.terminal.get()),
        leads_session_(construction.leads_session) {}

  [[noreturn]] void run(int signals) {
    const int lifetime = context_.die_with_parent ? context_.lifetime_read_fd : -1;
    std::array<pollfd, 2> watched = {{{signals, POLLIN, 0}, {lifetime, POLLIN, 0}}};
    for (;;) {
      if (::poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) lose(errno);
      if (watched[1].revents != 0) end(128 + SIGKILL);
      signalfd_siginfo info;
      while (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        const int signal = static_cast<int>(info.ssi_signo);
        if (signal == end_signal && !context_.own_pid_namespace) end(128 + SIGKILL);
        if (leads_session_ && (signal == foreground_signal || signal == background_signal)) {
          go_on(signal == foreground_signal);
        } else if (signal != SIGCHLD) {
          forward(signal, info);
        }
      }
      reap();
    }
  }

 private:
  // Only what comes from outside, where the sender's pid is unknown here. What was typed at a
  // shared terminal (SI_KERNEL) reached the command by itself.
  void forward(int signal, const signalfd_siginfo& info) const {
    const bool from_outside = info.ssi_pid == 0 || !context_.own_pid_namespace;
    if (info.ssi_code > 0 || !from_outside) return;
    if (!command_ended_) {
      const bool typed = info.ssi_code == SI_QUEUE && info.ssi_int == typed_at_terminal;
      ::kill(typed && leads_session_ ? -command_ : command_, signal);
    } else if (context_.own_pid_namespace) {
      ::kill(-1, signal);  // what it left behind, and `wait` is for
    }
  }

  // The group that was in front inside when the whole went to the background comes back there; one
  // that was stopped because it asked for a key comes there in any case.
  void go_on(bool in_front) {
    if (command_ended_) return;
    if (terminal_ >= 0) {
      const pid_t ours = ::getpgrp();
      pid_t front = ours;
      ::ioctl(terminal_, TIOCGPGRP, &front);
      if (!in_front && front != ours) {
        behind_ = front;
        ::ioctl(terminal_, TIOCSPGRP, &ours);
      } else if (in_front && (front == ours || asks_)) {
        if (asks_ || behind_ == 0 || ::ioctl(terminal_, TIOCSPGRP, &behind_) != 0) {
          ::ioctl(terminal_, TIOCSPGRP, &command_);
        }
        behind_ = 0;
      }
    }
    asks_ = false;
    ::kill(-command_, SIGCONT);
  }

  void stopped(int status) {
    asks_ = WSTOPSIG(status) == SIGTTIN || WSTOPSIG(status) == SIGTTOU;
    report(context_.report_fd, ChildReport::Kind::stopped, 0, 0, status);
  }

  void reap() {
    const int stops_too = leads_session_ ? WUNTRACED : 0;
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL | stops_too);
      if (pid == 0) return;
      if (pid < 0) {
        if (errno == EINTR) continue;
        if (errno == ECHILD && command_ended_) end(0);
        lose(errno);
      }
      if (pid != command_) continue;
      if (WIFSTOPPED(status)) {
        stopped(status);
        continue;
      }
      command_ended_ = true;
      // Said at once: whatever ends the processes that are still waited for, this status stands.
      report(context_.report_fd, ChildReport::Kind::exited, 0, 0, status);
      if (!context_.wait_for_all) end(0);
    }
  }

  // There is no waiting for the command any more, and so no going on.
  [[noreturn]] void lose(int errnum) {
    report(context_.report_fd, ChildReport::Kind::failed, errnum, stage_wait);
    end(125);
  }

  [[noreturn]] void end(int code) {
    if (!context_.own_pid_namespace) {
      if (!command_ended_) ::kill(command_, SIGKILL);
      kill_descendants(proc_);
    }
    ::_exit(code);
  }

  const ChildContext& context_;
  const Fd& proc_;
  pid_t command_;
  bool command_ended_ = false;
  int terminal_;        // the command's own; -1: none
  bool leads_session_;  // the command is a process group in ours
  bool asks_ = false;   // it was stopped because it wants its terminal
  pid_t behind_ = 0;    // the group to be in front again
};

}  // namespace

void run_init(const ChildContext& context, Construction& construction) {
  auto fail = [&](int errnum, std::uint32_t stage) {
    report(context.report_fd, ChildReport::Kind::failed, errnum, stage);
    ::_exit(125);
  };
  if (const int errnum = become_unreachable()) fail(errnum, stage_lifetime);
  if (!context.own_pid_namespace && ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    fail(errno, stage_fork);
  }
  if (!context.own_pid_namespace) {
    // A killed init would leave the others behind: from here on the lifetime pipe alone says that
    // the launcher is gone, and init ends them one by one.
    if (::prctl(PR_SET_PDEATHSIG, 0) != 0) fail(errno, stage_lifetime);
    if (!has_our_numbers(construction.proc)) {
      if (const int errnum = send_by_proc(construction.proc, "self", 0))
        fail(errnum, stage_lifetime);
    }
  }
  // All signals are blocked since before clone; they are read here, one by one.
  sigset_t all;
  ::sigfillset(&all);
  const int signals = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) fail(errno, stage_fork);

  if (const StartFailure failure = make_session(context, construction); failure.errnum != 0) {
    fail(failure.errnum, failure.step);
  }
  const pid_t command = makes_time_namespace(context) ? start_copying_memory(context, construction)
                                                      : start_sharing_memory(context, construction);
  if (runs_from_our_mount(construction.proc)) {
    ::kill(command, SIGKILL);
    fail(EACCES, static_cast<std::uint32_t>(context.setup.size() + context.command_setup.size()));
  }
  report(context.report_fd, ChildReport::Kind::ready, 0, 0);

  // A pipe of the caller must not stay open through us when the command closes it.
  std::array<int, 5> keep = {signals, context.report_fd, context.lifetime_read_fd,
                             construction.proc.get(), construction.terminal.get()};
  std::sort(keep.begin(), keep.end());
  close_all_but(keep, context.fd_limit, false);
  for (int fd = 0; fd <= 2; ++fd) ::close(fd);

  Init(context, construction, command).run(signals);
}

}  // namespace immure
