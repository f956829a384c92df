// How a run is told to have ended, for ends that are hard to bring about.
#include "launch/ending.h"

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <string>
#include <variant>

#include "base/log.h"

namespace immure {
namespace {

constexpr bool kReaper = true;

// Wait statuses, as wait(2) gives them.
constexpr int exited(int code) { return code << 8; }
constexpr int killed(int signal) { return signal; }

std::string told(const Ending& end, bool reaper = kReaper) {
  const auto result = result_of(end, reaper);
  if (const auto* error = std::get_if<Error>(&result)) return format_error(*error, {});
  const Exit& exit = std::get<Exit>(result);
  constexpr std::array<const char*, 4> reasons = {"exited", "signaled", "wall", "output"};
  return std::string(reasons.at(static_cast<std::size_t>(exit.reason))) + ' ' +
         std::to_string(exit.code) + ' ' + std::to_string(exit.signal);
}

TEST(Ending, IsThatOfTheCommandAndNotOfPid1) {
  EXPECT_EQ(told({.ready = true, .status = exited(3), .init_status = exited(0)}), "exited 3 0");
  EXPECT_EQ(told({.ready = true, .status = killed(SIGSEGV)}), "signaled 139 11");
}

TEST(Ending, IsThatOfPid1WhereItIsTheCommand) {
  EXPECT_EQ(told({.ready = true, .init_status = exited(3)}, !kReaper), "exited 3 0");
  EXPECT_EQ(told({.ready = true, .init_status = killed(SIGTERM)}, !kReaper), "signaled 143 15");
}

TEST(Ending, ByALimitComesBeforeTheStatusThatTheCommandHadThen) {
  EXPECT_EQ(told({.ready = true, .wall_reached = true, .status = exited(0)}), "wall 124 0");
  EXPECT_EQ(told({.ready = true, .wall_reached = true, .too_much = true}), "output 153 0");
}

TEST(Ending, BeforeTheCommandRan) {
  EXPECT_EQ(told({.ended_by = SIGINT, .init_status = killed(SIGKILL)}), "signaled 130 2");
  EXPECT_EQ(told({.init_status = killed(SIGKILL)}),
            "immure: error[E502]: the sandbox couldn't be set up: its first process was killed by "
            "signal 9\n"
            "  help: see whether something kills it (the kernel's log names an out-of-memory "
            "kill)\n");
  EXPECT_EQ(told({.init_status = exited(1)}),
            "immure: error[E502]: the sandbox couldn't be set up: its first process ended with "
            "status 1\n"
            "  help: see whether something kills it (the kernel's log names an out-of-memory "
            "kill)\n");
}

TEST(Ending, OfWhatFailedComesBeforeAllElse) {
  const Error failure{.doing = "nothing works"};
  const auto result =
      result_of({.failure = failure, .ready = true, .too_much = true, .status = 0}, kReaper);
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_EQ(std::get<Error>(result), failure);
}

TEST(Ending, OfAPid1ThatDidNotTellIt) {
  EXPECT_EQ(told({.ready = true, .init_status = killed(SIGKILL)}), "signaled 137 9");
  EXPECT_EQ(told({.ready = true, .init_status = exited(1)}),
            "immure: error[E502]: it is not known how the command ended: the sandbox's first "
            "process ended with status 1, and did not say\n"
            "  help: memory may be short: see the kernel's log\n");
}

TEST(Ending, CountsWhatWasUsed) {
  Ending end{.ready = true, .rest_killed = true, .status = 0, .wall_ms = 70};
  end.usage.ru_utime = {.tv_sec = 1, .tv_usec = 2'000};
  end.usage.ru_stime = {.tv_sec = 0, .tv_usec = 30'000};
  end.usage.ru_maxrss = 4096;
  const auto exit = std::get<Exit>(result_of(end, kReaper));
  EXPECT_TRUE(exit.rest_killed);
  EXPECT_EQ(exit.wall_ms, 70);
  EXPECT_EQ(exit.cpu_ms, 1032);
  EXPECT_EQ(exit.max_rss_kib, 4096);
}

}  // namespace
}  // namespace immure
