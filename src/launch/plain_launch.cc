#include "launch/plain_launch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/syscalls.h"
#include "launch/child.h"
#include "launch/clone_sandbox.h"
#include "launch/join.h"

namespace immure {
namespace {

PlainFailure own_failure(Error error) {
  PlainFailure failure;
  failure.error = std::move(error);
  failure.has_error = true;
  return failure;
}

// `parent`: whoever started us, before anything was read that could take its time.
std::optional<Error> die_with(pid_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return os_error(Code::setup_step, "prctl");
  if (::getppid() != parent) ::_exit(1);  // it is gone already
  return std::nullopt;
}

// What is prepared for the child lives here, until the launcher ends.
class PlainLauncher {
 public:
  PlainLauncher(const LaunchPlan& plan, const PlainOptions& options)
      : plan_(plan),
        options_(options),
        argv_(plan.command.argv),
        environment_(plan.command.environment),
        candidates_(plan.command.candidates),
        lock_files_(options.lock_files),
        kept_(options.lock_files.size() + 2, -1),
        script_(argv_.pointers) {
    // {"/bin/sh", the file, the arguments}, as execvp(3) makes it.
    script_.insert(script_.begin(), shell_.data());
  }

  std::variant<int, PlainFailure> run() {
    if (plan_.die_with_parent) {
      if (auto error = die_with(options_.parent)) return own_failure(*std::move(error));
    }
    if (auto error = prepare()) return own_failure(*std::move(error));
    if (!plan_.join.empty()) {
      auto opened = open_namespaces(plan_);
      if (auto* error = std::get_if<Error>(&opened)) return own_failure(std::move(*error));
      joined_ = std::move(std::get<OpenNamespaces>(opened));
    }
    if (auto failure = clone()) return *std::move(failure);
    child_report_.reset();
    if (!plan_.reaper && plan_.die_with_parent && context_.own_pid_namespace) {
      if (const int errnum = guard()) {
        return own_failure(os_error(Code::setup_step, "start a process", errnum));
      }
    }
    lifetime_read_.reset();
    pidfd_.reset();
    if (options_.started) options_.started(child_);
    if (const int errnum = release()) {  // it ends with the pipe that it waits for
      return own_failure(os_error(Code::setup_step, "read --userns-block-fd", errnum));
    }
    joined_ = {};
    // A pipe of the caller must not stay open through us.
    std::vector<int> keep = options_.own_fds;
    keep.push_back(report_.get());
    if (lifetime_write_) keep.push_back(lifetime_write_.get());
    std::sort(keep.begin(), keep.end());
    close_all_but(keep, descriptor_limit(), false);
    return wait();
  }

 private:
  std::optional<Error> prepare() {
    const auto pipe = [](Fd& reading, Fd& writing) -> std::optional<Error> {
      std::array<int, 2> ends = {-1, -1};
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) return os_error(Code::setup_step, "make a pipe");
      reading.reset(ends[0]);
      writing.reset(ends[1]);
      return std::nullopt;
    };
    std::array<int, 2> reports = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports.data()) != 0) {
      return os_error(Code::setup_step, "make a socket pair");
    }
    report_.reset(reports[0]);
    child_report_.reset(reports[1]);
    if (plan_.die_with_parent) {
      if (auto error = pipe(lifetime_read_, lifetime_write_)) return error;
    }
    if (options_.started || options_.userns_block_fd >= 0) {
      if (auto error = pipe(release_read_, release_write_)) return error;
    }
    fill_context();
    return std::nullopt;
  }

  void fill_context() {
    context_.setup = plan_.setup;
    context_.command_setup = plan_.command_setup;
    context_.uid_map = plan_.uid_map.c_str();
    context_.gid_map = plan_.gid_map.c_str();
    context_.deny_setgroups = plan_.deny_setgroups;
    context_.release_fd = release_read_.get();
    context_.release_write_fd = release_write_.get();
    context_.candidates = {candidates_.pointers.data(), plan_.command.candidates.size()};
    context_.argv = argv_.pointers.data();
    context_.envp = environment_.pointers.data();
    context_.report_fd = child_report_.get();
    context_.lifetime_read_fd = lifetime_read_.get();
    context_.lifetime_write_fd = lifetime_write_.get();
    context_.block_fd = options_.block_fd;
    context_.fd_limit = descriptor_limit();
    ::sigprocmask(SIG_SETMASK, nullptr, &context_.caller_mask);
    struct sigaction action {};
    ::sigaction(SIGCHLD, nullptr, &action);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-union-access): its documented use
    context_.caller_ignores_sigchld = action.sa_handler == SIG_IGN;
    if (context_.caller_ignores_sigchld) std::signal(SIGCHLD, SIG_DFL);
    context_.reaper = plan_.reaper;
    context_.die_with_parent = plan_.die_with_parent;
    context_.own_pid_namespace = (plan_.namespaces & CLONE_NEWPID) != 0;
    context_.plain = true;
    context_.joined = !plan_.join.empty();
    context_.option_fds = options_.option_fds;
    context_.lock_files = {lock_files_.pointers.data(), options_.lock_files.size()};
    context_.sync_fd = options_.sync_fd;
    context_.kept_fds = kept_;
    // lower_ordered() puts PWD last.
    context_.working_directory = &environment_.pointers[plan_.command.environment.size() - 1];
    context_.script_argv = script_.data();
  }

  std::optional<PlainFailure> clone() {
    const auto clone_here = [&](bool sibling, int& fd) {
      const pid_t pid = clone_sandbox(plan_.namespaces, sibling, fd);
      if (pid != 0) return pid;
      ::close(report_.get());
      run_child(context_);
    };
    int pidfd = -1;
    if (plan_.join.empty()) {
      child_ = clone_here(false, pidfd);
    } else {
      const auto entered = [&] {
        if (plan_.uid_map.empty()) return;
        context_.uid_map = (uid_map_ = map_of_one(plan_.uid_map, ::geteuid())).c_str();
        context_.gid_map = (gid_map_ = map_of_one(plan_.gid_map, ::getegid())).c_str();
      };
      auto cloned = clone_within(
          joined_, entered, [&](int& fd) { return clone_here(true, fd); }, pidfd);
      if (auto* error = std::get_if<Error>(&cloned)) return own_failure(std::move(*error));
      child_ = std::get<pid_t>(cloned);
    }
    if (child_ < 0) {
      PlainFailure failure;
      failure.at_clone = true;
      failure.report.errnum = errno;
      return failure;
    }
    pidfd_.reset(pidfd);
    return std::nullopt;
  }

  // It holds the reading end of the lifetime pipe, and must not hold the other one.
  int guard() {
    const int errnum = start_guard(pidfd_.get(), child_, lifetime_read_.get());
    if (errnum != 0) kill_first(pidfd_.get(), child_);
    return errnum;
  }

  // Lets the child go on, once whoever started us has had its say. 0, or an errno.
  int release() {
    if (!release_write_) return 0;
    if (options_.userns_block_fd >= 0) {
      if (const int errnum = wait_for_caller(options_.userns_block_fd)) return errnum;
      ::close(options_.userns_block_fd);
    }
    const ssize_t ignored = ::write(release_write_.get(), "x", 1);  // it is read, or has ended
    static_cast<void>(ignored);
    release_read_.reset();
    release_write_.reset();
    return 0;
  }

  // The length, as recvmsg(2); 0: nobody is left who could say something.
  ssize_t receive(ChildReport& message, std::string& text) const {
    std::array<char, 4096> more;
    std::array<iovec, 2> parts = {{{&message, sizeof message}, {more.data(), more.size()}}};
    ssize_t length = 0;
    do {
      length = ::readv(report_.get(), parts.data(), parts.size());
    } while (length < 0 && errno == EINTR);
    const auto behind = length - static_cast<ssize_t>(sizeof message);
    text.assign(more.data(), behind > 0 ? static_cast<std::size_t>(behind) : 0);
    return length;
  }

  std::variant<int, PlainFailure> wait() {
    ChildReport message{};
    std::string text;
    PlainFailure failure;
    bool failed = false;
    while (receive(message, text) > 0) {
      if (message.kind == ChildReport::Kind::exited) {
        if (failed) return failure;
        return told(exit_code_of(message.status));
      }
      if (message.kind == ChildReport::Kind::detail) failure.detail = text;
      if (message.kind == ChildReport::Kind::failed) {
        failure.report = message;
        failed = true;
      }
      if (message.kind == ChildReport::Kind::ready) ran_ = true;
    }
    int status = 0;
    while (::waitpid(child_, &status, __WALL) < 0 && errno == EINTR) {
    }
    if (failed) return failure;
    // Where there is no pid 1 of ours the child became the command.
    return ran_ && !plan_.reaper ? told(exit_code_of(status)) : exit_code_of(status);
  }

  int told(int code) const {
    if (options_.ended) options_.ended(code);
    return code;
  }

  const LaunchPlan& plan_;
  const PlainOptions& options_;
  CStrings argv_, environment_, candidates_, lock_files_;
  std::vector<int> kept_;
  std::string shell_ = "/bin/sh";
  std::vector<char*> script_;
  ChildContext context_;
  OpenNamespaces joined_;
  std::string uid_map_, gid_map_;

  Fd report_, child_report_;
  Fd lifetime_read_, lifetime_write_;
  Fd release_read_, release_write_;
  pid_t child_ = -1;
  Fd pidfd_;          // of it
  bool ran_ = false;  // the command, or it is about to
};

}  // namespace

std::variant<int, PlainFailure> launch_plain(const LaunchPlan& plan, const PlainOptions& options) {
  return PlainLauncher(plan, options).run();
}

}  // namespace immure
