// process.tty = "share": what the command changes at the caller's terminal is put back after any
// end; so are the flags of descriptors that both have.
#include <gtest/gtest.h>

#include "support/immure.h"

namespace immure::test {
namespace {

class SharedTerminal : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    IMMURE_REQUIRE(installed("script") && installed("perl"), "no script or perl");
  }

  // The last line of a script at a terminal of its own, in which $SANDBOX runs a command that
  // shares it.
  static std::string at_terminal(const std::string& script) {
    Program program{.argv = {"script", "-qec", script, "/dev/null"}};
    program.environment = {{"PATH", "/usr/bin:/bin"},
                           {"SHELL", "/bin/bash"},
                           {"SANDBOX", binary() + " run --set process.tty=share"}};
    program.limit = std::chrono::seconds(30);
    const Outcome outcome = run(program);
    const std::vector<std::string> all = lines(outcome.out);
    if (outcome.timed_out || all.empty()) return "hangs, or says nothing";
    return all.back().substr(0, all.back().find_last_not_of(" \r") + 1);
  }

  // What `look` prints before and after `change`, a script inside, compared.
  static std::string after(const std::string& look, const std::string& run,
                           const std::string& change) {
    const std::string told = at_terminal("a=$(" + look + "); " + run + " sh -c '" + change +
                                         "' >/dev/null 2>&1; b=$(" + look +
                                         "); if [ \"$a\" = \"$b\" ]; then echo same; else echo "
                                         "\"$a\" became \"$b\"; fi");
    return told;
  }
};

constexpr auto kModes = "stty -g";
constexpr auto kFlags = "grep flags /proc/self/fdinfo/0";
const std::string kNonBlocking =
    R"-(perl -MFcntl -e "fcntl(STDIN, F_SETFL, O_RDWR | O_NONBLOCK)")-";

TEST_F(SharedTerminal, HasItsModesBackAfterAnyEnd) {
  const std::string change = "stty raw -echo; ";
  EXPECT_NE(after(kModes, "", change), "same") << "the control";
  const std::string sandbox = "$SANDBOX --";
  EXPECT_EQ(after(kModes, sandbox, change), "same");
  EXPECT_EQ(after(kModes, sandbox, change + "exit 3"), "same");
  EXPECT_EQ(after(kModes, sandbox, change + "kill -9 $$"), "same");
  const std::string wall = "$SANDBOX --set limits.wall=300ms --set process.grace=100ms --";
  EXPECT_EQ(after(kModes, wall, change + "trap \"\" TERM; sleep 9; sleep 9"), "same");
  EXPECT_EQ(after(kModes, "timeout --foreground -s TERM 1 " + sandbox, change + "sleep 9"), "same");
}

TEST_F(SharedTerminal, HasTheFlagsOfItsDescriptorsBack) {
  EXPECT_NE(after(kFlags, "", kNonBlocking), "same") << "the control";
  EXPECT_EQ(after(kFlags, "$SANDBOX --", kNonBlocking), "same");
  EXPECT_EQ(after(kFlags, "$SANDBOX --", kNonBlocking + "; kill -9 $$"), "same");
}

TEST_F(SharedTerminal, GoesOnWithSuspendedOutput) {
  const std::string suspend = R"-(perl -MPOSIX -e "POSIX::tcflow(0, POSIX::TCOOFF())")-";
  EXPECT_EQ(after("echo x", "$SANDBOX --", suspend), "same");
}

TEST_F(SharedTerminal, CanBeOpenedByOthersAgain) {
  const std::string close = R"-(perl -e "ioctl(STDIN, 0x540C, 0)")-";
  const std::string open = "true < $(tty) && echo open";
  EXPECT_NE(after(open, "", close), "same") << "the control";
  EXPECT_EQ(after(open, "$SANDBOX --", close), "same");
}

TEST_F(SharedTerminal, HasTheCallersGroupInFrontAgain) {
  const std::string front = "ps -o tpgid= -p $$";
  const std::string take = R"-(exec perl -MPOSIX -e "\$SIG{TTOU} = q(IGNORE); setpgrp; )-"
                           R"-(POSIX::tcsetpgrp(0, \$\$); kill 9, \$\$")-";
  EXPECT_NE(after(front, "", take), "same") << "the control";
  EXPECT_EQ(after(front, "$SANDBOX --", take), "same");
}

TEST_F(SharedTerminal, IsNotAskedForInTheBackground) {
  EXPECT_EQ(at_terminal("set -m; $SANDBOX -- true & wait $!; echo ended $?"), "ended 0");
  // The modes that the one in front has set meanwhile stay.
  EXPECT_EQ(at_terminal("stty echo; set -m; $SANDBOX -- sleep 1 & stty -echo; wait $!; "
                        "stty -a | grep -o -e '-echo '"),
            "-echo");
}

TEST(SharedDescriptors, OfAFileHaveTheirFlagsBack) {
  IMMURE_REQUIRE_SANDBOX();
  IMMURE_REQUIRE(installed("perl"), "no perl");
  const TempDir directory;
  const std::string change =
      R"-(perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY); sysseek STDOUT, 0, 0')-";
  const auto log_after = [&](const std::string& sandbox) {
    const std::string script = "{ " + sandbox + change + "; echo after; } >> log";
    directory.write("log", "before\n");
    Program program{.argv = {"bash", "-c", script}, .cwd = directory.path()};
    EXPECT_EQ(run(program).code, 0);
    return read_file(directory.path() + "/log");
  };
  EXPECT_EQ(log_after(binary() + " run -- "), "before\nafter\n");
  EXPECT_EQ(log_after(""), "after\n\n") << "the control";
}

}  // namespace
}  // namespace immure::test
