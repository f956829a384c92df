#include "launch/ending.h"

#include <sys/wait.h>

#include <csignal>
#include <string>

namespace immure {
namespace {

Exit finish(const Ending& end, Exit::Reason reason, int code, int signal) {
  const auto milliseconds = [](const timeval& t) { return t.tv_sec * 1000 + t.tv_usec / 1000; };
  return Exit{.reason = reason,
              .code = code,
              .signal = signal,
              .rest_killed = end.rest_killed,
              .wall_ms = end.wall_ms,
              .cpu_ms = milliseconds(end.usage.ru_utime) + milliseconds(end.usage.ru_stime),
              .max_rss_kib = end.usage.ru_maxrss};
}

Error died_in_setup(int status) {
  Error error{.code = Code::setup_died, .doing = "the sandbox couldn't be set up"};
  error.reason = WIFSIGNALED(status)
                     ? "its first process was killed by signal " + std::to_string(WTERMSIG(status))
                     : "its first process ended with status " + std::to_string(WEXITSTATUS(status));
  error.hint = "see whether something kills it (the kernel's log names an out-of-memory kill)";
  return error;
}

Error not_told(int status) {
  return Error{.code = Code::setup_died,
               .doing = "it is not known how the command ended",
               .reason = "the sandbox's first process ended with status " +
                         std::to_string(WEXITSTATUS(status)) + ", and did not say",
               .hint = "memory may be short: see the kernel's log"};
}

}  // namespace

std::variant<Exit, Error> result_of(const Ending& end, bool reaper) {
  if (end.failure) return *end.failure;
  if (end.too_much) return finish(end, Exit::Reason::output, 128 + SIGXFSZ, 0);
  if (!end.ready && !end.status) {
    if (end.ended_by == 0) return died_in_setup(end.init_status);
    return finish(end, Exit::Reason::signaled, 128 + end.ended_by, end.ended_by);
  }
  if (end.wall_reached) return finish(end, Exit::Reason::wall, 124, 0);
  const int status = end.status.value_or(end.init_status);
  if (WIFSIGNALED(status)) {
    return finish(end, Exit::Reason::signaled, 128 + WTERMSIG(status), WTERMSIG(status));
  }
  if (!end.status && reaper && WIFEXITED(status)) return not_told(status);
  if (!end.status && reaper) {
    // pid 1 ended without a word: something outside killed it, and everything with it.
    return finish(end, Exit::Reason::signaled, 128 + SIGKILL, SIGKILL);
  }
  return finish(end, Exit::Reason::exited, WEXITSTATUS(status), 0);
}

}  // namespace immure
