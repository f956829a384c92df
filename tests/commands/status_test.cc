#include "commands/status.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "commands/json.h"

namespace immure {
namespace {

struct Pipe {
  Fd out, in;
};

Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

std::string read_to_end(int fd) {
  std::string text(4096, '\0');
  const ssize_t got = ::read(fd, text.data(), text.size());
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

TEST(ExitEvent, SaysWhoseCodeItIs) {
  const Exit exit{.code = 7, .wall_ms = 12, .cpu_ms = 3, .max_rss_kib = 900};
  EXPECT_EQ(exit_event(exit),
            "{\"v\":1,\"t\":\"exit\",\"by\":\"target\",\"reason\":\"exit\","
            "\"code\":7,\"signal\":0,\"wall_ms\":12,\"cpu_ms\":3,\"max_rss\":900}\n");
}

TEST(ExitEvent, TellsASignalFromACodeAndTheWallFromBoth) {
  const Json killed =
      Json::parse(exit_event({.reason = Exit::Reason::signaled, .code = 137, .signal = SIGKILL}));
  EXPECT_EQ(killed["by"], "target");
  EXPECT_EQ(killed["reason"], "signal");
  EXPECT_EQ(killed["signal"], SIGKILL);
  const Json late = Json::parse(exit_event({.reason = Exit::Reason::wall, .code = 124}));
  EXPECT_EQ(late["by"], "immure");
  EXPECT_EQ(late["reason"], "wall");
}

TEST(FailureEvent, IsImmuresAndHoldsTheMessage) {
  const Json event = Json::parse(failure_event(
      {{.code = Code::not_found_inside, .reason = "no \x1b\u200b", .exit_code = 127}}));
  EXPECT_EQ(event["by"], "immure");
  EXPECT_EQ(event["reason"], "setup");
  EXPECT_EQ(event["code"], 127);
  EXPECT_EQ(event["error"], "immure: error[E601]: no \\x1b\\u{200b}\n");
}

TEST(JsonLine, IsAsciiAndValidWhateverTheBytes) {
  Json value;
  value["path"] = "a\xff\u200b\n";
  EXPECT_EQ(json_line(value), "{\"path\":\"a\\ufffd\\u200b\\n\"}\n");
}

TEST(PlanEvent, NamesProfilesAndHashesThePlan) {
  Prepared prepared{.profiles = {{"default", "built in"}}};
  const Json one = Json::parse(plan_event(prepared));
  EXPECT_EQ(one["profiles"], Json::parse(R"([{"name":"default","path":"built in"}])"));
  prepared.plan.command.argv = {"x"};
  prepared.plan.uid_map = "0 1000 1\n";
  const Json other = Json::parse(plan_event(prepared));
  EXPECT_NE(one["hash"], other["hash"]);
}

TEST(ShownPlan, MasksSecretVariables) {
  Prepared prepared{.secrets = {"TOKEN", "API_*"}};
  prepared.plan.command.environment = {"API_KEY=x", "HOME=/", "TOKEN=a=b", "TOKENS=y"};
  EXPECT_EQ(shown_plan(prepared).command.environment,
            (std::vector<std::string>{"API_KEY=(secret)", "HOME=/", "TOKEN=(secret)", "TOKENS=y"}));
}

TEST(TakeChannels, TakesDescriptorsOverCloseOnExec) {
  Pipe pipe = make_pipe();
  const int number = pipe.in.release();
  auto taken = take_channels({{OptionId::status_fd, "--status-fd", std::to_string(number)}});
  ASSERT_TRUE(taken.ok()) << taken.error().reason;
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_EQ(::fcntl(taken.value().status.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(taken.value().ready);
}

TEST(TakeChannels, LeavesStandardOutputOpen) {
  auto taken = take_channels({{OptionId::ready_fd, "--ready-fd", "1"}});
  ASSERT_TRUE(taken.ok()) << taken.error().reason;
  EXPECT_GT(taken.value().ready.get(), 2);
  EXPECT_NE(::fcntl(1, F_GETFD), -1);
}

TEST(TakeChannels, RefusesWhatIsNotOpenOrNotForThisDirection) {
  const Pipe pipe = make_pipe();
  const auto reason = [](OptionId id, const std::string& value) {
    auto taken = take_channels({{id, "--x", value}});
    return taken.ok() ? "accepted" : taken.error().reason;
  };
  EXPECT_EQ(reason(OptionId::status_fd, "abc"), "--x \"abc\": not the number of a descriptor");
  EXPECT_EQ(reason(OptionId::status_fd, ""), "--x \"\": not the number of a descriptor");
  EXPECT_EQ(reason(OptionId::status_fd, "-1"), "--x \"-1\": not the number of a descriptor");
  EXPECT_EQ(reason(OptionId::status_fd, "99999"), "--x \"99999\": this descriptor is not open");
  EXPECT_EQ(reason(OptionId::status_fd, "99999999999"),
            "--x \"99999999999\": not the number of a descriptor");
  const std::string out = std::to_string(pipe.out.get());
  const std::string in = std::to_string(pipe.in.get());
  EXPECT_EQ(reason(OptionId::ready_fd, out), "--x \"" + out + "\": not open for writing");
  EXPECT_EQ(reason(OptionId::block_fd, in), "--x \"" + in + "\": not open for reading");
}

TEST(SayReady, WritesOneLineAndTheEnd) {
  Pipe pipe = make_pipe();
  say_ready(pipe.in);
  EXPECT_EQ(read_to_end(pipe.out.get()), "1\n");
  EXPECT_EQ(read_to_end(pipe.out.get()), "");
}

TEST(StatusWriter, OutlivesItsReader) {
  Pipe pipe = make_pipe();
  pipe.out.reset();
  StatusWriter(pipe.in.get()).ready();
  sigset_t pending{};
  ::sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

}  // namespace
}  // namespace immure
