#include "launch/monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "base/syscalls.h"
#include "base/text.h"
#include "launch/ending.h"
#include "launch/report_socket.h"

namespace immure {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t setup_limit_ns =
    5 * second_ns;  // for any one silence before the command runs
constexpr std::int64_t ready_limit_ns = 50'000'000;
// timeout(1) sends one to us, and one to our process group at once: that is not a second one.
constexpr std::int64_t same_term_ns = 50'000'000;
constexpr std::int64_t death_limit_ns = second_ns;  // of a process killed before the command runs

// The monitor's view of one run.
class Monitor {
 public:
  Monitor(RunningSandbox& sandbox, const LaunchPlan& plan, const LaunchOptions& options)
      : sandbox_(sandbox), plan_(plan), options_(options) {
    for (const PlannedStep& step : plan.command_setup) {
      if (std::holds_alternative<NewSession>(step.what)) own_session_ = true;
      if (std::holds_alternative<OwnTerminal>(step.what)) own_session_ = true;
    }
    deadline_ns_ = sandbox.started_ns + setup_limit_ns;
  }

  std::variant<Exit, Error> run() {
    while (!gone_) {
      const auto output = sandbox_.output.watched();
      const auto terminal = sandbox_.terminal.relay().watched();
      // Nothing is told after the command's end, and each wake-up delays that of pid 1.
      const int report = end_.status ? -1 : sandbox_.report.get();
      std::array<pollfd, 9> watched = {{{report, POLLIN, 0},
                                        {sandbox_.signals.get(), POLLIN, 0},
                                        {sandbox_.pidfd.get(), POLLIN, 0},
                                        output[0],
                                        output[1],
                                        output[2],
                                        terminal[0],
                                        terminal[1],
                                        terminal[2]}};
      const int count = ::poll(watched.data(), watched.size(), poll_timeout());
      if (count < 0 && errno != EINTR) {
        lose(errno);
        break;
      }
      if (sandbox_.report && watched[0].revents != 0) read_reports();
      if (watched[1].revents != 0) read_signals();
      if (!sandbox_.output.pump({watched[3], watched[4], watched[5]})) too_much_output();
      if (terminal[1].fd >= 0) relay_terminal({watched[6], watched[7], watched[8]});
      if (deadline_ns_ != 0 && monotonic_ns() >= deadline_ns_) deadline_passed();
      // Last, so that what pid 1 still said before it ended has been read.
      if (watched[2].revents != 0) reap();
    }
    // After the wall time, or a signal to end, nobody waits for a reader that takes its time.
    const bool waits = end_.too_much || !(end_.wall_reached || ending_);
    // What was written over the limit just before the end was too much all the same.
    const int signals = waits ? sandbox_.signals.get() : -1;
    if (!sandbox_.output.drain(signals)) end_.too_much = true;
    if (!sandbox_.terminal.relay().drain(signals)) end_.too_much = true;
    note_lost_output();
    end_.wall_ms = (monotonic_ns() - sandbox_.started_ns) / 1'000'000;
    return result_of(end_, plan_.reaper);
  }

 private:
  // Nothing can be heard any more, so there is no going on.
  void lose(int errnum) {
    end_.failure = lost_command(errnum);
    end_all();
    while (!gone_) reap();
  }

  void too_much_output() {
    if (end_.too_much) return;
    end_.too_much = true;
    end_all();
  }

  void relay_terminal(const std::array<pollfd, PtyRelay::kWatched>& seen) {
    PtyRelay& relay = sandbox_.terminal.relay();
    if (!relay.pump(seen)) too_much_output();
    if (relay.lost_the_front()) tell_init(sandbox_.terminal.lost_the_front());
    if (!relay.is_hung_up() || terminal_gone_) return;
    terminal_gone_ = true;
    send_typed(SIGHUP);
    tell_init(background_signal);  // a stopped command is to meet its end as well
    begin_grace();
  }

  void begin_grace() {
    if (terminating_) return;
    terminating_ = true;
    terminated_ns_ = monotonic_ns();
    deadline_ns_ = terminated_ns_ + plan_.grace_ns;
  }

  int poll_timeout() const {
    if (deadline_ns_ == 0) return -1;
    const std::int64_t left = deadline_ns_ - monotonic_ns();
    return left <= 0 ? 0 : static_cast<int>(std::min<std::int64_t>(left / 1'000'000 + 1, 1 << 30));
  }

  void read_reports() {
    ChildReport message{};
    std::array<Fd, 2> terminal;
    for (;;) {
      const ssize_t length = receive_report(sandbox_.report.get(), message, terminal);
      if (length == 0) {
        sandbox_.report.reset();  // pid 1 ended, or became the command
        return;
      }
      if (length != static_cast<ssize_t>(sizeof message)) return;
      switch (message.kind) {
        case ChildReport::Kind::waiting:
          waiting_step_ = message.step;
          deadline_ns_ = message.step == stage_fork ? 0 : monotonic_ns() + setup_limit_ns;
          break;
        case ChildReport::Kind::ready:
          command_runs();
          break;
        case ChildReport::Kind::failed:
          end_.failure = explain_failure(message, plan_);
          break;
        case ChildReport::Kind::lost:
          note_lost(message);
          break;
        case ChildReport::Kind::exited:
          end_.status = message.status;
          break;
        case ChildReport::Kind::terminal:
          sandbox_.terminal.connect(std::move(terminal[0]), std::move(terminal[1]));
          break;
        case ChildReport::Kind::detail:
          break;  // of steps that no profile has
        case ChildReport::Kind::stopped:
          tell_init(sandbox_.terminal.stopped(WSTOPSIG(message.status)));
          break;
      }
    }
  }

  void note_lost(const ChildReport& message) const {
    const std::size_t setup = plan_.setup.size();
    const std::size_t steps = setup + plan_.command_setup.size();
    if (!options_.events.note || message.step >= steps) return;
    const PlannedStep& planned = message.step < setup ? plan_.setup[message.step]
                                                      : plan_.command_setup[message.step - setup];
    options_.events.note("goes on without what this host lacks (best_effort): can't " +
                         describe(planned.what) + ": " + errno_words(message.errnum));
  }

  // The command only saw that nobody takes it, by SIGPIPE or EPIPE.
  void note_lost_output() const {
    for (int fd = 0; fd <= 2; ++fd) {
      const int errnum = sandbox_.output.lost(fd);
      if (errnum == 0 || !options_.events.note) continue;
      options_.events.note(std::string("what the command wrote to ") +
                           (fd == 2 ? "standard error" : "standard output") +
                           " can't be passed on: " + errno_words(errnum));
    }
  }

  void command_runs() {
    end_.ready = true;
    deadline_ns_ = plan_.wall_ns > 0 ? monotonic_ns() + plan_.wall_ns : 0;
    if (options_.events.ready) options_.events.ready();
    tell_init(sandbox_.terminal.command_runs());
    let_go_of_stdio();
  }

  // A pipe of the caller must not stay open through us when the command closes its end.
  void let_go_of_stdio() const {
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int fd = 0; fd <= 1 && null; ++fd) {
      const auto& kept = options_.keep_fds;
      const bool is_kept = std::find(kept.begin(), kept.end(), fd) != kept.end();
      if (!is_kept && !may_stay_open(fd)) ::dup2(null.get(), fd);
    }
  }

  // The command may run, and have been heard of by who sends the signal, a moment before pid 1 says
  // so.
  void wait_for_ready() {
    const std::int64_t until = monotonic_ns() + ready_limit_ns;
    while (!end_.ready && !end_.failure && sandbox_.report) {
      const std::int64_t left_ms = (until - monotonic_ns()) / 1'000'000;
      pollfd report{sandbox_.report.get(), POLLIN, 0};
      if (left_ms <= 0 || ::poll(&report, 1, static_cast<int>(left_ms)) == 0) return;
      read_reports();
    }
  }

  void read_signals() {
    signalfd_siginfo info{};
    while (::read(sandbox_.signals.get(), &info, sizeof info) ==
           static_cast<ssize_t>(sizeof info)) {
      handle_signal(static_cast<int>(info.ssi_signo), info.ssi_code);
    }
  }

  // What a process sent is forwarded. What was typed at a shared terminal has reached the command
  // by itself, unless it has a session of its own.
  void handle_signal(int signal, int code) {
    if (signal == SIGCHLD || signal == SIGPIPE) return;
    if (signal == SIGCONT) sandbox_.caller.continued();
    const bool own_terminal = sandbox_.terminal.relay().is_connected();
    if (own_terminal && signal == SIGWINCH) return sandbox_.terminal.relay().copy_size();
    // A terminal that hangs up tells us, but not a command that left our group, or is stopped.
    const bool hangs_up = signal == SIGHUP && code == SI_KERNEL;
    const bool typed = code == SI_KERNEL && !hangs_up;
    if (!end_.ready && !ending_) wait_for_ready();
    if (!typed || own_session_) {
      if (!end_.ready && (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)) {
        end_all();  // nothing of the command runs yet that could want to hear of it
        end_.ended_by = signal;
        return;
      }
      if (signal == SIGTERM && terminating_) {
        if (monotonic_ns() >= terminated_ns_ + same_term_ns) end_all();
        return;
      }
      if (sandbox_.terminal.is_planned() && signal == SIGCONT) {
        tell_init(sandbox_.terminal.continued());
      } else if (typed || (hangs_up && own_session_)) {
        send_typed(signal);
      } else {
        send(signal);
      }
      if (hangs_up) send(SIGCONT);
      if (signal == SIGTERM && !end_.wall_reached) begin_grace();
    } else if (!end_.ready && (signal == SIGINT || signal == SIGQUIT || signal == SIGHUP)) {
      end_all();
      end_.ended_by = signal;
      return;
    }
    if (signal != SIGTSTP || !sandbox_.stop_with_terminal) return;
    if (!sandbox_.terminal.is_planned()) {
      ::kill(::getpid(), SIGSTOP);
    } else if (!plan_.reaper) {
      tell_init(sandbox_.terminal.stopped(SIGTSTP));
    }  // else pid 1 says when the command has stopped
  }

  void deadline_passed() {
    if (!end_.ready && ending_) {
      gone_ = true;  // it hangs in the kernel, where nothing ends it: it is left to itself
    } else if (!end_.ready) {
      end_.failure = silence();
      end_all();
    } else if (terminating_) {
      end_all();
    } else {
      end_.wall_reached = terminating_ = true;
      send(plan_.stop_signal);
      deadline_ns_ = monotonic_ns() + plan_.grace_ns;
    }
  }

  // The kernel ends a pid namespace with its pid 1. Where there is none, a running init does it.
  void end_all() {
    const bool own_pid_namespace = (plan_.namespaces & CLONE_NEWPID) != 0;
    end_.rest_killed = end_.status.has_value();
    const bool init_can = end_.ready && plan_.reaper && !own_pid_namespace && !asked_to_end_;
    send(init_can ? end_signal : SIGKILL);
    deadline_ns_ = init_can      ? monotonic_ns() + setup_limit_ns
                   : !end_.ready ? monotonic_ns() + death_limit_ns
                                 : 0;
    asked_to_end_ = init_can;
    ending_ = true;
  }

  Error silence() const {
    const std::uint32_t step = waiting_step_ == stage_fork ? silent_step(plan_) : waiting_step_;
    Error error = explain_failure({ChildReport::Kind::failed, ETIMEDOUT, step, 0}, plan_);
    error.code = Code::setup_timeout;
    error.errnum = 0;
    error.reason = "no answer for 5 s";
    error.hint = "a network or FUSE file system may hang: see that it answers, or leave it out";
    return error;
  }

  void send(int signal) const {
    if (sandbox_.pidfd && sys::pidfd_send_signal(sandbox_.pidfd.get(), signal) == 0) return;
    // Not yet waited for, so the number is still its own.
    ::kill(sandbox_.init_pid, signal);
  }

  void send_typed(int signal) const {
    sigval value{};
    value.sival_int = typed_at_terminal;  // NOLINT(cppcoreguidelines-pro-type-union-access)
    if (::sigqueue(sandbox_.init_pid, signal, value) != 0) send(signal);
  }

  // 0: nothing. A command that is pid 1 is itself told to go on.
  void tell_init(int signal) const {
    const bool place = signal == foreground_signal || signal == background_signal;
    if (signal != 0) send(place && !plan_.reaper ? SIGCONT : signal);
  }

  void reap() {
    int status = 0;
    const pid_t pid = ::wait4(sandbox_.init_pid, &status, __WALL, &end_.usage);
    if (pid < 0 && errno == EINTR) return;
    gone_ = true;
    end_.init_status = pid < 0 ? 0 : status;
    if (sandbox_.report) read_reports();
  }

  RunningSandbox& sandbox_;
  const LaunchPlan& plan_;
  const LaunchOptions& options_;
  bool own_session_ = false;
  Ending end_;

  std::int64_t deadline_ns_ = 0;  // of set-up, then of the wall time, then of the grace; 0: none
  std::uint32_t waiting_step_ = stage_fork;
  bool terminating_ = false;
  std::int64_t terminated_ns_ = 0;  // when the first TERM came
  bool gone_ = false;
  bool asked_to_end_ = false;
  bool ending_ = false;
  bool terminal_gone_ = false;  // the caller's
};

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * second_ns + now.tv_nsec;
}

std::variant<Exit, Error> monitor(RunningSandbox& sandbox, const LaunchPlan& plan,
                                  const LaunchOptions& options) {
  return Monitor(sandbox, plan, options).run();
}

}  // namespace immure
