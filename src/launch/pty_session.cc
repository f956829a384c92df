#include "launch/pty_session.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <variant>

#include "launch/report.h"

namespace immure {
namespace {

// As the kernel does it for a key, so that a process group that nobody could continue, or a caller
// that ignores the signal, goes on. False: it went on at once.
bool stop_this_process(int signal, bool whole_group) {
  sigset_t only;
  sigset_t go_on;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::sigemptyset(&go_on);
  ::sigaddset(&go_on, SIGCONT);
  ::kill(whole_group ? 0 : ::getpid(), signal);
  ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
  ::sigprocmask(SIG_BLOCK, &only, nullptr);
  // Taken here, it is not acted on a second time.
  const timespec at_once{};
  return ::sigtimedwait(&go_on, nullptr, &at_once) == SIGCONT;
}

}  // namespace

int PtySession::prepare(const LaunchPlan& plan) {
  planned_ =
      std::any_of(plan.command_setup.begin(), plan.command_setup.end(),
                  [](const PlannedStep& s) { return std::holds_alternative<OwnTerminal>(s.what); });
  if (!planned_) return 0;
  if (const int errnum = caller_.find()) return errnum;
  if (terminals() == 0) return 0;
  has_init_ = plan.reaper;
  if (const int errnum = caller_.open()) return errnum;
  constexpr unsigned in_and_out = 3;
  // Without an init nobody tells us when the command asks for a key.
  if (has_init_ && (terminals() & in_and_out) != in_and_out) return 0;
  in_front_ = true;
  return has_init_ ? caller_.look_in_front(in_front_) : 0;
}

// After a stop, too.
int PtySession::go_on() {
  relay_.copy_size();
  if (!in_front_ || !caller_.is_ours()) return background_signal;
  caller_.take();
  return foreground_signal;
}

// A command in front is told nothing, as a key may have stopped it meanwhile.
int PtySession::command_runs() {
  if (!relay_.is_connected() || !in_front_) return 0;
  if (!caller_.is_ours()) return background_signal;
  caller_.take();
  return 0;
}

int PtySession::stopped(int signal) {
  const bool asks = signal == SIGTTIN || signal == SIGTTOU;
  // Without a terminal only what was typed at the caller's is a reason to stop as well.
  if (!relay_.is_connected() && signal != SIGTSTP) return 0;
  if (asks && !in_front_) {
    in_front_ = true;
    if (caller_.is_ours()) return go_on();
  }
  (void)relay_.drain(-1);
  const bool was_taken = caller_.is_taken();
  caller_.give_back();
  // What is typed at a terminal that is not taken has reached our process group already.
  const bool continued = stop_this_process(asks ? signal : SIGTSTP, was_taken);
  // A key that never comes: what else would read an error ends.
  if (!continued && asks && !caller_.is_ours()) return SIGHUP;
  return go_on();
}

int PtySession::continued() { return go_on(); }

int PtySession::lost_the_front() {
  caller_.give_back();
  return background_signal;
}

}  // namespace immure
