#include "launch/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/auxv.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/fd.h"
#include "base/path.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "launch/child.h"
#include "launch/clone_sandbox.h"
#include "launch/helper.h"
#include "launch/host_changes.h"
#include "launch/join.h"
#include "launch/monitor.h"
#include "launch/refused_namespaces.h"
#include "launch/stdio_guard.h"

namespace immure {
namespace {

// The caller's signals as prepare_process() found them, for the command.
struct CallerSignals {
  sigset_t mask{};
  bool ignores_sigchld = false;
  bool ignores_sigtstp = false;
};
CallerSignals caller;  // written once, first thing in main

const char* stdio_name(int fd) {
  return fd == 0 ? "standard input" : fd == 1 ? "standard output" : "standard error";
}

// What would hand the command more than a stream of bytes.
std::variant<std::monostate, Error> check_stdio() {
  for (int fd = 0; fd <= 2; ++fd) {
    struct stat status {};
    if (::fstat(fd, &status) != 0) continue;
    const int flags = ::fcntl(fd, F_GETFL);
    const char* what = (flags >= 0 && (flags & O_PATH) != 0) ? "an O_PATH descriptor"
                       : S_ISDIR(status.st_mode)             ? "a directory"
                       : S_ISBLK(status.st_mode)             ? "a block device"
                                                             : nullptr;
    if (what == nullptr) continue;
    return Error{.code = Code::usage,
                 .doing = std::string(stdio_name(fd)) + " is " + what,
                 .reason = "that would reach out of the sandbox",
                 .hint = std::string("redirect it: immure run … ") + (fd == 0   ? "< /dev/null"
                                                                      : fd == 1 ? "> FILE"
                                                                                : "2> FILE")};
  }
  return std::monostate{};
}

std::vector<int> kept_descriptors(const LaunchPlan& plan, const LaunchOptions& options) {
  std::vector<int> keep = plan.pass_fds;
  keep.insert(keep.end(), options.keep_fds.begin(), options.keep_fds.end());
  if (options.block_fd >= 0) keep.push_back(options.block_fd);
  std::sort(keep.begin(), keep.end());
  return keep;
}

// Without CAP_SYS_CHROOT, and with no way to get it, nothing inside leaves a chroot.
bool chroot_suffices(const LaunchPlan& plan) {
  constexpr std::uint64_t sys_chroot = 1ULL << 18U;
  bool powerless = false;
  for (const PlannedStep& step : plan.command_setup) {
    if (const auto* limit = std::get_if<LimitPrivileges>(&step.what)) {
      powerless = ((limit->keep | limit->bounding) & sys_chroot) == 0;
    }
  }
  for (const PlannedStep& step : plan.setup) {
    const auto* write = std::get_if<WriteProc>(&step.what);
    if (write != nullptr && write->file == "sys/user/max_user_namespaces") {
      return powerless && (write->value == "0" || write->value == "0\n");
    }
  }
  return false;
}

void keep_open(const OpenNamespaces& joined, std::vector<int>& keep) {
  for (const OpenNamespaces::One& one : joined.list) keep.push_back(one.fd.get());
  if (joined.owner) keep.push_back(joined.owner.get());
  std::sort(keep.begin(), keep.end());
}

bool may_go_without_pid_namespace(const LaunchPlan& plan, int errnum) {
  return plan.pid_namespace_optional && (plan.namespaces & CLONE_NEWPID) != 0 &&
         (errnum == EINVAL || errnum == ENOSPC || errnum == EUSERS);
}

std::variant<Exit, Error> launch_without(const LaunchPlan& plan, const LaunchOptions& options,
                                         int errnum) {
  LaunchPlan without = plan;
  without.namespaces &= ~static_cast<std::uint64_t>(CLONE_NEWPID);
  if (options.events.note) {
    options.events.note(
        "goes on without what this host lacks (best_effort): can't make a pid namespace: " +
        errno_words(errnum));
  }
  return launch(without, options);
}

// Nothing can be started in a pid namespace whose pid 1 has ended.
std::optional<Error> pid_namespace_ended(const LaunchPlan& plan, int errnum) {
  if (errnum != ENOMEM) return std::nullopt;
  for (const JoinedNamespace& joined : plan.join) {
    if (joined.flag != CLONE_NEWPID) continue;
    return Error{.code = Code::namespace_value,
                 .doing = "the pid namespace " + shown_source(joined) + " can't be joined",
                 .reason = "its process 1 has ended, or memory is short",
                 .origin = joined.origin,
                 .hint = "join that of a running process"};
  }
  return std::nullopt;
}

Error clone_failed(const LaunchPlan& plan) {
  const int errnum = errno;
  if (std::optional<Error> ended = pid_namespace_ended(plan, errnum)) return *std::move(ended);
  return namespaces_refused(plan.namespaces, errnum);
}

std::variant<std::monostate, Error> check_descriptors(const LaunchPlan& plan,
                                                      const LaunchOptions& options) {
  if (auto checked = check_stdio(); std::holds_alternative<Error>(checked)) return checked;
  for (const int fd : plan.pass_fds) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    return Error{.code = Code::usage,
                 .doing = "descriptor " + std::to_string(fd) + " can't be passed on",
                 .reason = "it is not open",
                 .hint = "open it for immure (for example: " + std::to_string(fd) +
                         "< FILE), or leave it out of process.pass_fds"};
  }
  for (const int fd : plan.pass_fds) {
    const auto& own = options.keep_fds;
    if (fd != options.block_fd && std::find(own.begin(), own.end(), fd) == own.end()) continue;
    return Error{.code = Code::usage,
                 .doing = "descriptor " + std::to_string(fd) + " can't be passed on",
                 .reason = "it is immure's own: the command could forge what is told there",
                 .hint = "open another for the command"};
  }
  return std::monostate{};
}

std::optional<Error> prepare_streams(const LaunchPlan& plan, RunningSandbox& sandbox,
                                     ChildContext& context) {
  if (const int errnum = sandbox.terminal.prepare(plan)) {
    return os_error(Code::setup_step, "open the terminal", errnum);
  }
  if (sandbox.terminal.is_planned()) sandbox.caller.leave_terminals();
  context.terminals = sandbox.terminal.terminals();
  context.in_front = sandbox.terminal.starts_in_front();
  return arrange_stdio(plan, sandbox.output, sandbox.reopened, context.terminals);
}

// From here on the child inherits all signals blocked: none can end it between two steps.
std::optional<Error> block_signals(Fd& signals) {
  sigset_t all;
  ::sigfillset(&all);
  sigset_t now{};
  if (::sigprocmask(SIG_SETMASK, &all, nullptr) != 0 ||
      ::sigprocmask(SIG_SETMASK, nullptr, &now) != 0) {
    return os_error(Code::setup_step, "block the signals");
  }
  if (::sigismember(&now, SIGCHLD) != 1) {
    return os_error(Code::setup_step, "block the signals", EPROTO);
  }
  signals.reset(::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return os_error(Code::setup_step, "make a signal descriptor");
  return std::nullopt;
}

// What of the context the plan and the caller's signals decide. Refers to the plan.
ChildContext context_of(const LaunchPlan& plan) {
  ChildContext context;
  context.setup = plan.setup;
  context.command_setup = plan.command_setup;
  context.uid_map = plan.uid_map_helper.empty() ? plan.uid_map.c_str() : nullptr;
  context.gid_map = plan.gid_map_helper.empty() ? plan.gid_map.c_str() : nullptr;
  context.deny_setgroups = plan.deny_setgroups;
  context.pass_fds = plan.pass_fds;
  context.caller_mask = caller.mask;
  context.caller_ignores_sigchld = caller.ignores_sigchld;
  context.reaper = plan.reaper;
  context.wait_for_all = plan.wait_for_all;
  context.die_with_parent = plan.die_with_parent;
  context.own_pid_namespace = (plan.namespaces & CLONE_NEWPID) != 0;
  context.chroot_suffices = chroot_suffices(plan);
  return context;
}

}  // namespace

std::variant<std::monostate, Error> prepare_process() {
  if (::getauxval(AT_SECURE) != 0 || ::getuid() != ::geteuid() || ::getgid() != ::getegid()) {
    return Error{.code = Code::started_setuid,
                 .doing = "immure was started with borrowed rights",
                 .reason = "its file is set-id or has file capabilities, and it needs none",
                 .hint = "take them away: sudo chmod u-s,g-s FILE; sudo setcap -r FILE"};
  }
  // A descriptor that we open must never become the command's standard output.
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    if (::open("/dev/null", O_RDWR) != fd) {  // NOLINT(android-cloexec-open): it is the command's
      return os_error(Code::setup_step, "open /dev/null for a closed standard descriptor");
    }
  }
  ::sigprocmask(SIG_SETMASK, nullptr, &caller.mask);
  struct sigaction action {};
  ::sigaction(SIGTSTP, nullptr, &action);
  caller.ignores_sigtstp = action.sa_handler == SIG_IGN;  // NOLINT: the union's documented use
  ::sigaction(SIGCHLD, nullptr, &action);
  if (action.sa_handler == SIG_IGN) {  // NOLINT: as above
    caller.ignores_sigchld = true;
    std::signal(SIGCHLD, SIG_DFL);
  }
  return std::monostate{};
}

std::variant<Exit, Error> launch(const LaunchPlan& plan, const LaunchOptions& options) {
  if (auto checked = check_descriptors(plan, options); std::holds_alternative<Error>(checked)) {
    return std::get<Error>(checked);
  }
  const int fd_limit = descriptor_limit();
  std::vector<int> keep = kept_descriptors(plan, options);
  OpenNamespaces joined;
  if (!plan.join.empty()) {
    auto opened = open_namespaces(plan);
    if (auto* error = std::get_if<Error>(&opened)) return std::move(*error);
    joined = std::move(std::get<OpenNamespaces>(opened));
    keep_open(joined, keep);
  }
  close_all_but(keep, fd_limit, false);
  if (auto made = make_host_directories(plan); std::holds_alternative<Error>(made)) {
    return std::get<Error>(made);
  }

  Fd state_lock;
  if (auto locked = lock_state(plan.state, state_lock); std::holds_alternative<Error>(locked)) {
    return std::get<Error>(locked);
  }

  std::array<int, 2> reports = {-1, -1};
  std::array<int, 2> lifetime = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports.data()) != 0) {
    return os_error(Code::setup_step, "make a socket pair");
  }
  RunningSandbox sandbox;
  sandbox.report.reset(reports[0]);
  Fd child_report(reports[1]);
  if (::pipe2(lifetime.data(), O_CLOEXEC) != 0) return os_error(Code::setup_step, "make a pipe");
  Fd lifetime_read(lifetime[0]);
  sandbox.lifetime_write.reset(lifetime[1]);
  sandbox.stop_with_terminal = !caller.ignores_sigtstp;

  if (std::optional<Error> error = block_signals(sandbox.signals)) return *std::move(error);

  const CStrings argv(plan.command.argv);
  const CStrings environment(plan.command.environment);
  const CStrings candidates(plan.command.candidates);
  ChildContext context = context_of(plan);
  context.candidates = {candidates.pointers.data(), plan.command.candidates.size()};
  context.argv = argv.pointers.data();
  context.envp = environment.pointers.data();
  context.report_fd = child_report.get();
  context.lifetime_read_fd = lifetime_read.get();
  context.lifetime_write_fd = sandbox.lifetime_write.get();
  context.block_fd = options.block_fd;
  context.fd_limit = fd_limit;

  Fd release_read;
  Fd release_write;
  // Whoever is told that it has started may look at it first: soon it is closed to all outside.
  if (context.uid_map == nullptr || context.gid_map == nullptr || options.events.started) {
    std::array<int, 2> release = {-1, -1};
    if (::pipe2(release.data(), O_CLOEXEC) != 0) return os_error(Code::setup_step, "make a pipe");
    release_read.reset(context.release_fd = release[0]);
    release_write.reset(context.release_write_fd = release[1]);
  }

  if (auto error = prepare_streams(plan, sandbox, context)) return *std::move(error);
  sandbox.reopened.tell(context);
  sandbox.started_ns = monotonic_ns();
  int pidfd = -1;
  const auto clone_here = [&](bool sibling, int& fd) {
    const pid_t pid = clone_sandbox(plan.namespaces, sibling, fd);
    if (pid != 0) return pid;
    // The launcher's ends: only it may hold the write end of the lifetime pipe.
    ::close(sandbox.report.get());
    ::close(sandbox.signals.get());
    run_child(context);
  };
  std::string uid_map;
  std::string gid_map;
  if (plan.join.empty()) {
    sandbox.init_pid = clone_here(false, pidfd);
  } else {
    // In the user namespace that is entered our ids have other numbers.
    const auto entered = [&] {
      if (plan.uid_map.empty()) return;  // and none to write
      context.uid_map = (uid_map = map_of_one(plan.uid_map, ::geteuid())).c_str();
      context.gid_map = (gid_map = map_of_one(plan.gid_map, ::getegid())).c_str();
    };
    auto cloned = clone_within(
        joined, entered, [&](int& fd) { return clone_here(true, fd); }, pidfd);
    if (auto* error = std::get_if<Error>(&cloned)) return std::move(*error);
    sandbox.init_pid = std::get<pid_t>(cloned);
  }
  sandbox.output.take_back();
  if (sandbox.init_pid < 0) {
    if (may_go_without_pid_namespace(plan, errno)) return launch_without(plan, options, errno);
    return clone_failed(plan);
  }
  sandbox.pidfd.reset(pidfd);
  child_report.reset();
  if (context.release_fd >= 0) {
    if (auto written = write_maps(plan, sandbox.init_pid, caller.mask);
        std::holds_alternative<Error>(written)) {
      kill_first(sandbox.pidfd.get(), sandbox.init_pid);
      ::waitpid(sandbox.init_pid, nullptr, __WALL);
      return std::get<Error>(written);
    }
    if (options.events.started) options.events.started(sandbox.init_pid);
    const ssize_t ignored = ::write(context.release_write_fd, "x", 1);  // it is read, or has ended
    static_cast<void>(ignored);
    release_read.reset();
    release_write.reset();
  }
  if (!plan.reaper && plan.die_with_parent) {
    if (const int errnum =
            start_guard(sandbox.pidfd.get(), sandbox.init_pid, lifetime_read.get())) {
      kill_first(sandbox.pidfd.get(), sandbox.init_pid);
      return os_error(Code::setup_step, "start the process that guards the command", errnum);
    }
  }
  lifetime_read.reset();
  return monitor(sandbox, plan, options);
}

}  // namespace immure
