// Which mount hangs. A start does not announce what is usually quick, as that would cost all starts
// something; so it is found out afterwards, by a child that tries one source after the other.
#include <fcntl.h>
#include <poll.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <variant>

#include "launch/monitor.h"

namespace immure {
namespace {

constexpr int patience_ms = 500;

void try_out(const std::string& path) {
  if (path.empty()) return;
  struct statfs status {};
  static_cast<void>(::statfs(path.c_str(), &status));
}

void try_out(const Step& step) {
  if (const auto* root = std::get_if<MakeRoot>(&step)) try_out(root->directory);
  if (const auto* bind = std::get_if<BindMount>(&step)) try_out(bind->source);
  if (const auto* overlay = std::get_if<OverlayMount>(&step)) {
    for (const std::string& lower : overlay->lower) try_out(lower);
    try_out(overlay->upper);
  }
}

}  // namespace

std::uint32_t silent_step(const LaunchPlan& plan) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return stage_fork;
  const Fd told(ends[0]);
  Fd telling(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return stage_fork;
  if (child == 0) {
    std::uint32_t index = 0;
    for (const PlannedStep& planned : plan.setup) {
      if (::write(telling.get(), &index, sizeof index) != sizeof index) ::_exit(1);
      try_out(planned.what);
      ++index;
    }
    ::_exit(0);
  }
  telling.reset();
  std::uint32_t step = stage_fork;
  for (;;) {
    pollfd watched{told.get(), POLLIN, 0};
    const bool silent = ::poll(&watched, 1, patience_ms) == 0;
    if (silent || ::read(told.get(), &step, sizeof step) != sizeof step) {
      ::kill(child, SIGKILL);
      // Waited for by nobody if it hangs: then it is gone when its file system is.
      ::waitpid(child, nullptr, WNOHANG);
      return silent ? step : stage_fork;
    }
  }
}

}  // namespace immure
