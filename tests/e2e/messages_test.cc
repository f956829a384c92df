// Where messages go and in which form, whichever part of immure has something to say.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "support/immure.h"

namespace immure::test {
namespace {

constexpr int kLogFd = 7;

// With `--log-fd 7` leading to a file, whose text is the second of the pair.
std::pair<Outcome, std::string> logged(Argv arguments) {
  const TempDir directory;
  const std::string log = directory.write("log", "");
  arguments.insert(arguments.begin(), binary());
  const Outcome outcome = run({.argv = std::move(arguments), .before_exec = [&log] {
                                 const int fd = ::open(log.c_str(), O_WRONLY | O_CLOEXEC);
                                 ::dup2(fd, kLogFd);
                               }});
  return {outcome, read_file(log)};
}

// One line "CODE SEVERITY" for each line of JSON; what python says where one is none.
std::string codes_of(const std::string& text) {
  const Program reader{.argv = {"python3", "-c",
                                "import json,sys\n"
                                "for line in sys.stdin:\n"
                                "  m = json.loads(line); print(m['code'], m['severity'])"},
                       .input = text};
  const Outcome outcome = run(reader);
  return outcome.out + outcome.err;
}

TEST(Messages, OfEveryPartGoWhereLogFdSays) {
  const std::vector<std::pair<Argv, std::string>> cases = {
      {{"--log-fd", "7", "firefox"}, "E002"},
      {{"--log-fd", "7"}, "E003"},
      {{"run", "--log-fd", "7", "--bogus"}, "E001"},
      {{"run", "--log-fd", "7", "-p", "no-such-profile", "--", "true"}, "E207"},
      {{"run", "--log-fd", "7", "--ro", "/no/such", "--", "true"}, "E501"},
      {{"shell", "--log-fd", "7", "true"}, "E001"},
      {{"explain", "--log-fd", "7", "--as", "xml"}, "E001"},
      {{"check", "--log-fd", "7"}, "E001"},
      {{"check", "--log-fd", "7", "/no/such.toml"}, "E207"},
      {{"doctor", "--log-fd", "7", "x"}, "E001"},
      {{"help", "--log-fd", "7", "nothing"}, "E001"},
  };
  for (const auto& [arguments, code] : cases) {
    const auto [outcome, log] = logged(arguments);
    EXPECT_TRUE(log.starts_with("immure: error[" + code)) << arguments.back() << ": " << log;
    EXPECT_EQ(outcome.err, "") << arguments.back();
    EXPECT_NE(outcome.code, 0);
  }
}

TEST(Messages, AreJsonWhicheverPartMadeThem) {
  const TempDir directory;
  const std::string bad =
      directory.write("bad.toml", "extends = []\nx = \"\\u202e\"\n[limits]\nwall = \"10m\"\n");
  const Outcome outcome = run({.argv = {binary(), "check", "--log-format=json", bad}});
  EXPECT_EQ(codes_of(outcome.err), "E202 error\nE303 error\n") << outcome.err;
  const Outcome usage = run({.argv = {binary(), "run", "--log-format=json", "--ro"}});
  EXPECT_EQ(codes_of(usage.err), "E001 error\n") << usage.err;
  const Outcome plan =
      run({.argv = {binary(), "run", "--log-format=json", "-vv", "--dry-run", "--", "true"}});
  EXPECT_TRUE(contains(codes_of(plan.err), "None info\nNone info\n")) << plan.err;
}

TEST(Messages, OfAFailedStartHaveThePriorityInFront) {
  IMMURE_REQUIRE_SANDBOX();
  const Outcome outcome =
      run({.argv = {binary(), "run", "--log-format=syslog", "--", "/no/such/program"}});
  EXPECT_EQ(outcome.code, 127);
  EXPECT_EQ(lines(outcome.err).size(), 1U) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("<3>immure: error[E601]: ")) << outcome.err;
}

TEST(Messages, TheCommandDoesNotGetTheDescriptor) {
  IMMURE_REQUIRE_SANDBOX();
  const auto [outcome, log] =
      logged({"run", "--log-fd", "7", "--", "sh", "-c", "ls /proc/self/fd; echo forged >&7"});
  EXPECT_FALSE(contains(outcome.out, "7")) << outcome.out;
  EXPECT_EQ(log, "");
  const auto [passed, told] =
      logged({"run", "--log-fd", "7", "--set", "process.pass_fds=[7]", "--", "true"});
  EXPECT_EQ(passed.code, 125);
  EXPECT_TRUE(told.starts_with("immure: error[E001]: descriptor 7 can't be passed on")) << told;
}

TEST(Messages, SayWhenSomethingKilledTheSandboxBeforeItStood) {
  IMMURE_REQUIRE_SANDBOX();
  const TempDir directory;
  const std::string script =
      "mkfifo block status; exec 4<>block 3<>status\n" + binary() +
      " run --status-fd 3 --block-fd 4 -- true &\n"
      "while read -r -u 3 line; do case $line in *init_pid*)\n"
      "  pid=${line#*init_pid\\\":}; kill -9 ${pid%%,*}; break;; esac; done\n"
      "wait $!";
  const Outcome outcome = run({.argv = {"bash", "-c", script}, .cwd = directory.path()});
  EXPECT_EQ(outcome.code, 125);
  EXPECT_EQ(outcome.err,
            "immure: error[E502]: the sandbox couldn't be set up: its first process was killed by "
            "signal 9\n"
            "  help: see whether something kills it (the kernel's log names an out-of-memory "
            "kill)\n");
}

TEST(Messages, AReaderThatIsGoneDoesNotEndTheRun) {
  IMMURE_REQUIRE_SANDBOX();
  const Outcome outcome = run(
      {.argv = {binary(), "run", "-v", "--log-fd", "7", "--", "echo", "ran"}, .before_exec = [] {
         std::array<int, 2> ends{-1, -1};
         if (::pipe2(ends.data(), O_CLOEXEC) != 0) ::_exit(99);
         ::dup2(ends[1], kLogFd);
         ::close(ends[0]);
       }});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "ran\n");
}

}  // namespace
}  // namespace immure::test
