// process.tty = "pty", the default profile's: the command has a terminal of its own, and the
// caller's is as it was after any end.
#include "support/terminal.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include "support/immure.h"

namespace immure::test {
namespace {

// `immure run OPTIONS -- COMMAND` as a line for a shell.
std::string line(const std::string& options, const std::string& command) {
  return binary() + " run " + options + " -- " + command;
}

class Terminals : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

// An interactive shell outside, whose prompt is "out> ".
class Shell : public Terminal {
 public:
  Shell() : Terminal({"bash", "--norc", "--noprofile", "-i"}) {
    type("PS1='out''> '\n");
    EXPECT_TRUE(sees("out> ")) << rest();
  }
  void does(const std::string& command) { type(command + "\n"); }
};

bool same_modes(const termios& one, const termios& other) {
  return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag &&
         one.c_cflag == other.c_cflag && one.c_lflag == other.c_lflag &&
         std::memcmp(one.c_cc, other.c_cc, sizeof one.c_cc) == 0;
}

TEST_F(Terminals, TheCommandHasOneOfItsOwn) {
  Terminal terminal(
      {binary(), "run", "--", "sh", "-c",
       "tty; stty size; echo told > /dev/tty; read word; echo \"got $word\"; exit 7"});
  EXPECT_TRUE(terminal.sees("/dev/pts/0\r\n")) << terminal.rest();
  EXPECT_TRUE(terminal.sees("24 80\r\n")) << terminal.rest();
  EXPECT_TRUE(terminal.sees("told\r\n")) << terminal.rest();
  terminal.type("word\n");
  EXPECT_TRUE(terminal.sees("got word\r\n")) << terminal.rest();
  EXPECT_EQ(terminal.wait(), 7) << terminal.rest();
}

// With `tty` the command looks through its descriptors for the caller's terminal.
bool finds_the_callers(const std::string& tty) {
  Terminal terminal({binary(), "run", "--set", "process.tty=" + tty, "--", "sh", "-c",
                     "read go; stat -L -c '<%d:%i>' /proc/self/fd/* 2>/dev/null; echo end"});
  EXPECT_TRUE(terminal.is_by_line(tty == "share"));
  terminal.type("\n");
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(contains(terminal.rest(), "end\r\n")) << terminal.rest();
  return contains(terminal.rest(), "<" + terminal.file() + ">");
}

TEST_F(Terminals, TheCallersIsNotHeld) {
  EXPECT_TRUE(finds_the_callers("share")) << "the control";
  EXPECT_FALSE(finds_the_callers("pty"));
}

// What a command without a filter types for the shell that follows it.
bool types_for_the_shell(const std::string& tty) {
  Shell shell;
  shell.does(line("--set process.tty=" + tty + " --set seccomp.base=none",
                  "perl -e 'ioctl(STDIN, 0x5412, $_) for split //, q{echo planted-$((1+1))} . "
                  "\"\\n\"; print q{done-}, 3 + 4, \"\\n\"'"));
  EXPECT_TRUE(shell.sees("done-7")) << shell.rest();
  EXPECT_TRUE(shell.sees("out> ")) << shell.rest();
  shell.does("echo asked-$((2+2)); exit");
  shell.wait();
  EXPECT_TRUE(contains(shell.rest(), "asked-4")) << shell.rest();
  return contains(shell.rest(), "planted-2");
}

TEST_F(Terminals, NothingIsTypedIntoTheCallers) {
  if (trimmed(read_file("/proc/sys/dev/tty/legacy_tiocsti")) == "1") {
    EXPECT_TRUE(types_for_the_shell("share")) << "the control";
  }
  EXPECT_FALSE(types_for_the_shell("pty"));
}

TEST_F(Terminals, ModesAreTheCallers) {
  Terminal terminal(
      {binary(), "run", "--", "sh", "-c", "stty -echo erase X; echo set; read x; echo read"});
  const termios before = terminal.modes();
  EXPECT_TRUE(terminal.sees("set\r\n")) << terminal.rest();
  EXPECT_TRUE(terminal.is_by_line(false)) << "keys are the command's";
  EXPECT_EQ(terminal.modes().c_cc[VERASE], before.c_cc[VERASE]);
  terminal.type("abX\n");
  EXPECT_TRUE(terminal.sees("read\r\n")) << terminal.rest();
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(same_modes(terminal.modes(), before));
}

// Starts, waits until the terminal is taken, does `ends`, and compares the modes.
template <class Ends>
int modes_come_back(Argv options, const std::string& script, Ends ends) {
  Argv argv = immure_sh(std::move(options), script).argv;
  Terminal terminal(argv);
  const termios before = terminal.modes();
  EXPECT_TRUE(terminal.sees("ready")) << terminal.rest();
  EXPECT_TRUE(terminal.is_by_line(false)) << terminal.rest();
  ends(terminal);
  const int status = terminal.wait();
  EXPECT_TRUE(terminal.is_by_line(true)) << "after " << status;
  EXPECT_TRUE(same_modes(terminal.modes(), before)) << "after " << status;
  return status;
}

TEST_F(Terminals, AreGivenBackAtEveryEnd) {
  const auto nothing = [](const Terminal&) {};
  const std::string waits = "stty raw; echo ready; sleep 1000; :";
  EXPECT_EQ(modes_come_back({}, "stty raw; echo ready; read -r x; kill -KILL $$",
                            [](const Terminal& terminal) { terminal.type("x\n"); }),
            137);
  EXPECT_EQ(modes_come_back({}, waits, [](const Terminal& t) { ::kill(t.pid(), SIGTERM); }), 143);
  EXPECT_EQ(modes_come_back({}, waits, [](const Terminal& t) { ::kill(t.pid(), SIGHUP); }), 129);
  EXPECT_EQ(modes_come_back({"--set", "limits.wall=3s"}, waits, nothing), 124);
}

TEST_F(Terminals, AreGivenBackWhenTheLauncherIsKilled) {
  // A shell without jobs, which does not do it itself.
  Terminal terminal({"sh", "-c",
                     binary() + " run -- sh -c 'stty raw; echo ready; sleep 1000; :'; "
                                "echo after-$?; read x"});
  const termios before = terminal.modes();
  EXPECT_TRUE(terminal.sees("ready")) << terminal.rest();
  EXPECT_TRUE(terminal.is_by_line(false)) << terminal.rest();
  const std::string pid = std::to_string(terminal.pid());
  const std::string launcher = read_file("/proc/" + pid + "/task/" + pid + "/children");
  ASSERT_FALSE(launcher.empty());
  ::kill(std::stoi(launcher), SIGKILL);
  EXPECT_TRUE(terminal.sees("after-137")) << terminal.rest();
  EXPECT_TRUE(terminal.is_by_line(true));
  EXPECT_TRUE(same_modes(terminal.modes(), before));
}

TEST_F(Terminals, AFailedStartLeavesThemAlone) {
  Terminal terminal({binary(), "run", "--", "/no/such/program"});
  const termios before = terminal.modes();
  EXPECT_EQ(terminal.wait(), 127) << terminal.rest();
  EXPECT_TRUE(same_modes(terminal.modes(), before));
}

TEST_F(Terminals, TheSizeFollows) {
  Terminal terminal(
      {binary(), "run", "--", "bash", "-c",
       "trap 'stty size; echo shown' WINCH; echo ready; while :; do sleep 0.1; done"});
  EXPECT_TRUE(terminal.sees("ready")) << terminal.rest();
  terminal.resize(33, 101);
  EXPECT_TRUE(terminal.sees("33 101")) << terminal.rest();
  // A shell that waits for a program which ends well passes over the key.
  EXPECT_TRUE(terminal.sees("shown")) << terminal.rest();
  terminal.type("\x03");
  EXPECT_EQ(terminal.wait(), 130);
}

TEST_F(Terminals, KeysAreTheLineDisciplinesInside) {
  Terminal terminal({binary(), "run", "--", "cat"});
  EXPECT_TRUE(terminal.is_by_line(false));
  terminal.type(
      "ab\x7f"
      "c\n");
  EXPECT_TRUE(terminal.sees("ac\r\n")) << terminal.rest();
  terminal.type("\x04");
  EXPECT_EQ(terminal.wait(), 0);
  Terminal asleep({binary(), "run", "--", "sh", "-c", "echo ready; exec sleep 1000"});
  EXPECT_TRUE(asleep.sees("ready"));
  EXPECT_TRUE(asleep.is_by_line(false));
  asleep.type("\x1c");
  EXPECT_EQ(asleep.wait(), 131);
}

TEST_F(Terminals, AJobOfTheCallersShellStopsAndGoesOn) {
  Shell shell;
  shell.does("before=$(stty -g)");
  shell.does(line("", "sh -c 'echo ready-$((1+1)); read x; echo got-$x'"));
  EXPECT_TRUE(shell.sees("ready-2")) << shell.rest();
  EXPECT_TRUE(shell.is_by_line(false));
  shell.type("\x1a");
  EXPECT_TRUE(shell.sees("Stopped")) << shell.rest();
  shell.does("test \"$before\" = \"$(stty -g)\" && echo same-$((3+4))");
  EXPECT_TRUE(shell.sees("same-7")) << shell.rest();
  shell.resize(30, 90);
  shell.does("fg");
  shell.does("word");
  EXPECT_TRUE(shell.sees("got-word")) << shell.rest();
  EXPECT_TRUE(shell.sees("out> ")) << shell.rest();
  shell.does("test \"$before\" = \"$(stty -g)\" && echo again-$((3+4))");
  EXPECT_TRUE(shell.sees("again-7")) << shell.rest();
}

TEST_F(Terminals, InTheBackgroundTheCallersIsLeftAlone) {
  Shell shell;
  shell.does(line("", "sh -c 'echo output-$((1+1)); read x; echo got-$x'") + " &");
  EXPECT_TRUE(shell.sees("output-2")) << shell.rest();
  // It asked for a key, as any job would.
  shell.does("until jobs | grep -q Stopped; do sleep 0.05; done; echo looked-$((1+1))");
  EXPECT_TRUE(shell.sees("looked-2")) << shell.rest();
  shell.does("echo mine-$((1+1))");
  EXPECT_TRUE(shell.sees("mine-2")) << shell.rest();
  shell.does("fg");
  EXPECT_TRUE(shell.sees("output")) << "the line that fg shows: " << shell.rest();
  shell.does("word");
  EXPECT_TRUE(shell.sees("got-word")) << shell.rest();
}

TEST_F(Terminals, AJobThatStartsInTheBackgroundHasNotTheModesOfAShellThatWaits) {
  Shell shell;
  shell.does("(until stty -a < /dev/tty | grep -q -e -icanon; do sleep 0.05; done; exec " +
             line("", "sh -c 'echo at-$((1+1)); read x; echo got-$x'") + ") &");
  EXPECT_TRUE(shell.sees("at-2")) << shell.rest();
  shell.does("until jobs | grep -q Stopped; do sleep 0.05; done; echo looked-$((1+1))");
  EXPECT_TRUE(shell.sees("looked-2")) << shell.rest();
  shell.does("fg");
  EXPECT_TRUE(shell.sees("got-$x")) << "the line that fg shows: " << shell.rest();
  shell.does("typed");
  EXPECT_TRUE(shell.sees("typed\r\ngot-typed")) << "what is typed is seen: " << shell.rest();
}

TEST_F(Terminals, InAPipelineKeysAreNotTakenUnasked) {
  Shell shell;
  shell.does(line("", "sh -c 'echo ready-$((1+1)) >&2; sleep 1000; :'") + " | cat");
  EXPECT_TRUE(shell.sees("ready-2")) << shell.rest();
  EXPECT_TRUE((shell.modes().c_lflag & ICANON) != 0) << "the caller's modes";
  // A shell that is about to start a program may miss one.
  bool ended = false;
  for (int i = 0; i < 60 && !ended; ++i) {
    shell.type("\x03");
    ended = shell.sees("out> ", std::chrono::seconds(1));
  }
  EXPECT_TRUE(ended) << shell.rest();
  shell.does("echo ${PIPESTATUS[0]}-$((1+1))");
  EXPECT_TRUE(shell.sees("130-2")) << shell.rest();
  // One that asks gets them.
  shell.does(line("", "sh -c 'read x; echo got-$x'") + " | cat");
  EXPECT_TRUE(shell.is_by_line(false)) << shell.rest();
  shell.does("word");
  EXPECT_TRUE(shell.sees("got-word")) << shell.rest();
  EXPECT_TRUE(shell.sees("out> ")) << shell.rest();
  shell.does("echo input-$((1+1)) | " + line("", "sh -c 'cat; read x < /dev/tty; echo tty-$x'"));
  EXPECT_TRUE(shell.sees("input-2")) << shell.rest();
  EXPECT_TRUE(shell.is_by_line(false)) << shell.rest();
  shell.does("word");
  EXPECT_TRUE(shell.sees("tty-word")) << shell.rest();
}

TEST_F(Terminals, WithoutOneThereIsNone) {
  const Outcome outcome = run(immure_sh({}, "{ echo x > /dev/tty; } 2>/dev/null || echo none"));
  EXPECT_EQ(trimmed(outcome.out), "none") << outcome.err;
  Terminal terminal({"sh", "-c",
                     binary() + " run -- sh -c '{ echo x > /dev/tty; } 2>/dev/null || "
                                "exit 5' < /dev/null > /dev/null 2>&1"});
  EXPECT_EQ(terminal.wait(), 5) << "0 to 2 say whether there is one";
}

TEST_F(Terminals, AShellInsideHasJobs) {
  Terminal terminal({binary(), "run", "--", "bash", "--norc", "-i"});
  terminal.type("PS1='in''> '\n");
  EXPECT_TRUE(terminal.sees("in> ")) << terminal.rest();
  // It says that it runs: until then it is the shell that a typed key would reach.
  terminal.type("sh -c 'echo u''p; exec sleep 1000'\n");
  EXPECT_TRUE(terminal.sees("up\r\n")) << terminal.rest();
  terminal.type("\x1a");
  EXPECT_TRUE(terminal.sees("Stopped")) << terminal.rest();
  EXPECT_TRUE(terminal.sees("in> ")) << terminal.rest();
  terminal.type("fg\n");
  EXPECT_TRUE(terminal.sees("exec sleep 1000'\r\n")) << terminal.rest();
  // The shell says so before the job is in front: it may miss one.
  bool ended = false;
  for (int i = 0; i < 60 && !ended; ++i) {
    terminal.type("\x03");
    ended = terminal.sees("in> ", std::chrono::seconds(1));
  }
  EXPECT_TRUE(ended) << terminal.rest();
  terminal.type("echo $?-$((1+1)); exit 3\n");
  EXPECT_TRUE(terminal.sees("130-2")) << terminal.rest();
  EXPECT_EQ(terminal.wait(), 3);
}

TEST_F(Terminals, ProgramsThatFillTheScreenWork) {
  for (const char* program : {"vim", "less", "top", "tmux"}) {
    IMMURE_REQUIRE(installed(program), program + std::string(" is not there"));
  }
  const TempDir directory;
  (void)directory.write("text", "first\nsecond\nthird\n");
  const auto at = [&](const std::string& script) {
    return Argv{"env",   "TERM=xterm", binary(), "run", "-p",
                "build", "--",         "sh",     "-c",  "cd " + directory.path() + " && " + script};
  };
  Argv edit = at("vim -u NONE -n text; echo left-$((1+1))");
  Terminal vim(edit, directory.path());
  EXPECT_TRUE(vim.sees("third")) << vim.rest();
  vim.type("ggdd:wq\r");
  EXPECT_TRUE(vim.sees("left-2")) << vim.rest();
  EXPECT_EQ(vim.wait(), 0);
  EXPECT_EQ(read_file(directory.path() + "/text"), "second\nthird\n");

  Terminal less(at("seq 1000 | less; echo left-$((1+1))"), directory.path());
  EXPECT_TRUE(less.sees("23\r\n")) << less.rest();
  less.type("G");
  EXPECT_TRUE(less.sees("1000")) << less.rest();
  less.type("q");
  EXPECT_TRUE(less.sees("left-2")) << less.rest();

  Terminal top(at("top; echo left-$((1+1))"), directory.path());
  EXPECT_TRUE(top.sees("PID")) << top.rest();
  top.type("q");
  EXPECT_TRUE(top.sees("left-2")) << top.rest();

  Terminal tmux(at("TMUX_TMPDIR=/tmp tmux -f /dev/null new 'echo in-$((1+1)); read x; echo $x'; "
                   "echo left-$((1+1))"),
                directory.path());
  EXPECT_TRUE(tmux.sees("in-2")) << tmux.rest();
  tmux.type("\r");
  EXPECT_TRUE(tmux.sees("left-2")) << tmux.rest();
}

TEST_F(Terminals, AnEditorIsStoppedAndComesBack) {
  IMMURE_REQUIRE(installed("vim"), "vim is not there");
  Shell shell;
  shell.does("before=$(stty -g)");
  shell.does("TERM=xterm " + line("", "vim -u NONE -n"));
  EXPECT_TRUE(shell.sees("~")) << shell.rest();
  EXPECT_TRUE(shell.is_by_line(false));
  shell.type("ifirst\x1b");
  shell.type("\x1a");
  EXPECT_TRUE(shell.sees("Stopped")) << shell.rest();
  shell.does("test \"$before\" = \"$(stty -g)\" && echo same-$((3+4))");
  EXPECT_TRUE(shell.sees("same-7")) << shell.rest();
  shell.does("fg");
  EXPECT_TRUE(shell.sees("first")) << shell.rest();
  shell.type(":q!\r");
  EXPECT_TRUE(shell.sees("out> ")) << shell.rest();
  shell.does("test \"$before\" = \"$(stty -g)\" && echo left-$((3+4))");
  EXPECT_TRUE(shell.sees("left-7")) << shell.rest();
}

TEST_F(Terminals, AllOutputArrivesAsItWouldWithoutUs) {
  Terminal terminal({binary(), "run", "--", "sh", "-c", "seq 1 20000"});
  EXPECT_EQ(terminal.wait(), 0);
  std::string expected;
  for (int i = 1; i <= 20000; ++i) expected += std::to_string(i) + "\r\n";
  EXPECT_TRUE(terminal.rest() == expected) << terminal.rest().size();
}

TEST_F(Terminals, AKeyEndsWhatNobodyReads) {
  Terminal terminal({binary(), "run", "--", "yes"});
  EXPECT_TRUE(terminal.is_by_line(false));
  bool ended = false;
  // The first ends the command; the next one, what it had written.
  for (int i = 0; i < 100 && !ended; ++i) {
    terminal.type("\x03");
    ended = terminal.ends_unread(std::chrono::milliseconds(300));
  }
  EXPECT_TRUE(ended);
}

TEST_F(Terminals, TheEndOfTheCallersIsThatOfTheCommand) {
  const std::string word = "271301";
  {
    Terminal terminal({binary(), "run", "--", "sh", "-c", "echo ready; exec sleep " + word});
    EXPECT_TRUE(terminal.sees("ready")) << terminal.rest();
    terminal.hang_up();
    EXPECT_TRUE(terminal.ends_unread(std::chrono::seconds(60)));
  }
  EXPECT_TRUE(all_gone(word));
}

TEST_F(Terminals, OutputIsCounted) {
  Terminal terminal({binary(), "run", "--set", "limits.output=1K", "--", "yes"});
  EXPECT_EQ(terminal.wait(), 153) << terminal.rest();
  EXPECT_LE(terminal.rest().size(), 2000U);
  Terminal typed(
      {binary(), "run", "--set", "limits.output=1K", "--", "sh", "-c", "yes > /dev/tty"});
  EXPECT_EQ(typed.wait(), 153) << typed.rest();
  EXPECT_LE(typed.rest().size(), 2000U);
}

TEST_F(Terminals, WorkInOtherShapesOfASandbox) {
  const auto reads = [](const Argv& options) {
    Argv argv = immure_sh(options, "tty; read x; echo got-$x").argv;
    Terminal terminal(argv);
    EXPECT_TRUE(terminal.sees("/dev/")) << terminal.rest();
    terminal.type("word\n");
    EXPECT_TRUE(terminal.sees("got-word")) << terminal.rest();
    EXPECT_EQ(terminal.wait(), 0) << terminal.rest();
  };
  reads({"--set", "process.init=target"});
  reads({"--set", "namespaces.pid=host", "--set", "root.proc=host"});
  reads({"--set", "namespaces.time=new"});
  reads({"--set", "process.wait=all"});
  // Not one of the caller's: a path of its own.
  Terminal redirected({binary(), "run", "--set", "process.stdin=/dev/tty", "--", "sh", "-c",
                       "test -t 0 && read x && echo got-$x"});
  EXPECT_TRUE(redirected.is_by_line(false));
  redirected.type("word\n");
  EXPECT_TRUE(redirected.sees("got-word")) << redirected.rest();
}

// Whether a shell that starts the command outlives what it does.
std::string survives(const std::string& command) {
  return trimmed(run({.argv = {"setsid", "-w", "sh", "-c", command + "; echo survived"}}).out);
}

TEST_F(Terminals, SignalsToItsGroupStayInside) {
  const std::string kill = "sh -c 'kill -KILL 0'";
  EXPECT_EQ(survives(kill), "") << "the control";
  EXPECT_EQ(survives(line("", kill)), "survived");
}

}  // namespace
}  // namespace immure::test
