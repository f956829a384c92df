// What is said while a sandbox starts, runs and ends, and what waits for whom. The same is asked of
// Debian's bubblewrap: a claim about it that it does not keep is a mistake here.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "bwrap/support.h"
#include "support/terminal.h"

namespace immure::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool within_ten_seconds(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + seconds(10);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return true;
}

class Status : public Both {
 protected:
  static Argv on_an_empty_root(const std::string& options) {
    Argv argv = words(options, "");
    argv.insert(argv.begin(), {"--ro-bind", probe(), "/probe", "--proc", "/proc"});
    return argv;
  }
  static Argv on_the_hosts_root(const std::string& options) {
    Argv argv = words(options, "");
    argv.insert(argv.begin(), {"--ro-bind", "/", "/", "--dev", "/dev"});
    return argv;
  }
  static std::string link(std::uint64_t pid, const std::string& name) {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/" + name, error);
  }
  // The pids of a process, from the outermost namespace to its own.
  static std::vector<std::string> pids_of(std::uint64_t pid) {
    for (const std::string& line : lines(read_file("/proc/" + std::to_string(pid) + "/status"))) {
      if (!line.starts_with("NSpid:")) continue;
      std::string numbers = line.substr(6);
      std::replace(numbers.begin(), numbers.end(), '\t', ' ');
      return words(numbers, "");
    }
    return {};
  }
};

INSTANTIATE_TEST_SUITE_P(Is, Status, testing::Values("Ours", "Debians"),
                         [](const auto& one) { return one.param; });

TEST_P(Status, NamesTheProcessWhoseNamespacesCanBeOpenedFromOutside) {
  const Ends info = pipe_above();
  const Ends block = pipe_above();
  Running running(started(program(), on_an_empty_root("--unshare-all --info-fd 20 --block-fd 21"),
                          {"/probe", "quiet", "7"},
                          {{20, info.write.get()}, {21, block.read.get()}}));
  const std::string said = written_until(info.read, "}");
  const std::uint64_t child = number_of(said, "child-pid");
  ASSERT_NE(child, 0U) << said;
  for (const std::string name : {"cgroup", "ipc", "mnt", "net", "pid", "uts"}) {
    const std::string file = "/proc/" + std::to_string(child) + "/ns/" + name;
    const Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(opened) << file;
    EXPECT_EQ(link(child, "ns/" + name),
              name + ":[" + std::to_string(number_of(said, name + "-namespace")) + "]");
  }
  EXPECT_TRUE(
      Fd(::open(("/proc/" + std::to_string(child) + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC)));
  const std::vector<std::string> pids = pids_of(child);
  ASSERT_GE(pids.size(), 2U) << "an own pid namespace";
  EXPECT_EQ(pids.back(), "1");
  ASSERT_EQ(::write(block.write.get(), "x", 1), 1);
  EXPECT_EQ(running.wait().code, 7);
}

TEST_P(Status, BlockWaitsAfterTheRootIsBuiltAndBeforeTheCommandRuns) {
  const Ends info = pipe_above();
  const Ends block = pipe_above();
  Running running(
      started(program(), on_an_empty_root("--dir /built --info-fd 20 --block-fd 21 --unshare-pid"),
              {"/probe", "quiet", "3"}, {{20, info.write.get()}, {21, block.read.get()}}));
  const std::uint64_t child = number_of(written_until(info.read, "}"), "child-pid");
  ASSERT_NE(child, 0U);
  const std::string built = "/proc/" + std::to_string(child) + "/root/built";
  EXPECT_TRUE(within_ten_seconds([&] { return exists(built); })) << "seen while it waits";
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(running.output(), "");
  ASSERT_EQ(::write(block.write.get(), "x", 1), 1);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.out, "ran\n");
  EXPECT_EQ(outcome.code, 3);
}

// bubblewrap takes any failure to read for the caller's word.
TEST_P(Status, WhatCannotBeReadIsNoWordToGoOn) {
  const TempDir directory;
  const Fd unreadable(::open(directory.path().c_str(), O_RDONLY | O_CLOEXEC));
  const Fd only_a_path(::open(directory.path().c_str(), O_PATH | O_CLOEXEC));
  const Ends pipe = pipe_above();
  const std::map<int, std::string> failures{{unreadable.get(), "Is a directory"},
                                            {only_a_path.get(), "Bad file descriptor"},
                                            {pipe.write.get(), "Bad file descriptor"}};
  for (const auto& [fd, reason] : failures) {
    for (const std::string options :
         {"--block-fd 20", "--unshare-pid --block-fd 20", "--unshare-pid --as-pid-1 --block-fd 20",
          "--unshare-user --info-fd 21 --userns-block-fd 20"}) {
      const Ends info = pipe_above();
      const Fd given(::fcntl(fd, F_DUPFD_CLOEXEC, 200));
      const Outcome outcome = run(started(program(), on_an_empty_root(options), {"/probe", "quiet"},
                                          {{20, given.get()}, {21, info.write.get()}}));
      const std::string option = options.substr(options.rfind("--"));
      if (program() == ours()) {
        EXPECT_EQ(outcome.code, 1) << options;
        EXPECT_EQ(outcome.out, "") << options;
        EXPECT_EQ(outcome.err,
                  "bwrap: Can't read " + option.substr(0, option.find(' ')) + ": " + reason + "\n");
      } else if (option.starts_with("--block-fd")) {
        EXPECT_EQ(outcome.out, "ran\n") << options << ": it goes on";
      }
    }
  }
}

// Nothing to read yet, from a descriptor that was opened not to wait.
TEST_P(Status, BlockWaitsAlsoWhereReadingDoesNot) {
  const Ends block = pipe_above();
  ::fcntl(block.read.get(), F_SETFL, O_NONBLOCK);
  Ends sync = pipe_above();
  Running running(started(program(), on_an_empty_root("--unshare-pid --block-fd 20 --sync-fd 21"),
                          {"/probe", "quiet", "3"},
                          {{20, block.read.get()}, {21, sync.write.get()}}));
  sync.write.reset();
  if (program() == ours()) {
    EXPECT_FALSE(closed_within(sync.read, milliseconds(300))) << "it waits";
    ASSERT_EQ(::write(block.write.get(), "x", 1), 1);
  }
  EXPECT_TRUE(closed_within(sync.read, seconds(10))) << "bubblewrap's does not wait";
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_EQ(outcome.out, "ran\n");
}

TEST_P(Status, TellsTheExitCodeOnlyAfterTheEnd) {
  const Ends status = pipe_above();
  const Ends wait = pipe_above();
  Running running(started(program(), on_the_hosts_root("--unshare-pid --json-status-fd 20"),
                          {"sh", "-c", "echo up; read x <&8; exit 9"},
                          {{20, status.write.get()}, {8, wait.read.get()}}));
  ASSERT_TRUE(running.wait_for_output("up"));
  const std::string first = all_written(status.read);
  EXPECT_TRUE(first.starts_with("{ \"child-pid\": ")) << first;
  EXPECT_TRUE(first.ends_with(" }\n")) << first;
  EXPECT_EQ(lines(first).size(), 1U) << first;
  ASSERT_EQ(::write(wait.write.get(), "\n", 1), 1);
  EXPECT_EQ(running.wait().code, 9);
  EXPECT_EQ(all_written(status.read), "{ \"exit-code\": 9 }\n");
}

TEST_P(Status, TheStatusIsClosedAtTheEndOfTheCommand) {
  Ends status = pipe_above();
  const std::string mark = "2718" + std::to_string(::getpid());
  Running running(started(program(), on_the_hosts_root("--unshare-pid --json-status-fd 20"),
                          {"sh", "-c", "sleep " + mark + " & exit 2"}, {{20, status.write.get()}}));
  status.write.reset();
  EXPECT_EQ(running.wait().code, 2);
  written_until(status.read, "exit-code");
  EXPECT_TRUE(closed_within(status.read, seconds(5))) << "what lives on does not have it";
  EXPECT_FALSE(processes_with(mark).empty());
  for (const pid_t pid : processes_with(mark)) ::kill(pid, SIGKILL);
}

TEST_P(Status, TheCallerWritesTheMaps) {
  IMMURE_REQUIRE(installed("newuidmap"), "newuidmap is not installed");
  if (::getuid() == 0) GTEST_SKIP() << "for one with a range in /etc/subuid";
  const Ends info = pipe_above();
  const Ends ready = pipe_above();
  Running running(started(program(),
                          on_an_empty_root("--unshare-user --info-fd 20 --userns-block-fd 21"),
                          {"/probe", "report"}, {{20, info.write.get()}, {21, ready.read.get()}}));
  const std::string child = std::to_string(number_of(written_until(info.read, "}"), "child-pid"));
  const auto map = [&](const std::string& tool, unsigned own) {
    const Outcome outcome =
        run({.argv = {tool, child, "0", std::to_string(own), "1", "1", "100000", "9"}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  };
  map("newuidmap", ::getuid());
  map("newgidmap", ::getgid());
  ASSERT_EQ(::write(ready.write.get(), "x", 1), 1);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const std::string kind : {"uid", "gid"}) {
    std::vector<Argv> map_lines;
    for (const std::string& line : lines(outcome.out)) {
      if (line.starts_with(kind + " map:")) map_lines.push_back(words(line.substr(8), ""));
    }
    ASSERT_EQ(map_lines.size(), 2U) << outcome.out;
    EXPECT_EQ(map_lines[0],
              (Argv{"0", std::to_string(kind == "uid" ? ::getuid() : ::getgid()), "1"}));
    EXPECT_EQ(map_lines[1], (Argv{"1", "100000", "9"}));
  }
}

TEST_P(Status, TheSyncDescriptorIsOpenAsLongAsTheSandboxLives) {
  Ends sync = pipe_above();
  const Ends wait = pipe_above();
  Running running(started(program(), on_the_hosts_root("--unshare-pid --sync-fd 20"),
                          {"sh", "-c", "ls /proc/self/fd | grep -x 20; (read x <&8) & echo up"},
                          {{20, sync.write.get()}, {8, wait.read.get()}}));
  sync.write.reset();
  ASSERT_TRUE(running.wait_for_output("up"));
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "up\n") << "the command does not have it";
  EXPECT_FALSE(closed_within(sync.read, milliseconds(200))) << "something lives on";
  ASSERT_EQ(::write(wait.write.get(), "\n", 1), 1);
  EXPECT_TRUE(closed_within(sync.read, seconds(10)));
}

TEST_P(Status, TheSyncDescriptorIsOpenAsLongAsTheCommandRunsWhereThereIsNoPidNamespace) {
  Ends sync = pipe_above();
  const Ends wait = pipe_above();
  Running running(started(program(), on_the_hosts_root("--sync-fd 20"),
                          {"sh", "-c", "echo up; read x <&8"},
                          {{20, sync.write.get()}, {8, wait.read.get()}}));
  sync.write.reset();
  ASSERT_TRUE(running.wait_for_output("up"));
  EXPECT_FALSE(closed_within(sync.read, milliseconds(100)));
  ASSERT_EQ(::write(wait.write.get(), "\n", 1), 1);
  EXPECT_TRUE(closed_within(sync.read, seconds(10)));
}

// As another program that wants to know whether the sandbox still uses the file.
bool locked_by_another(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  return ::fcntl(fd.get(), F_SETLK, &lock) != 0;
}

TEST_P(Status, TheLockFilesAreLockedAsLongAsTheSandboxLives) {
  const TempDir directory;
  const std::string file = directory.write("lock", "");
  const std::string options = "--bind " + directory.path() + " /mnt --lock-file /mnt/lock";
  // Without a pid namespace the reaper sees the end of the command, and of no other.
  for (const std::string more : {"", " --unshare-pid"}) {
    EXPECT_FALSE(locked_by_another(file));
    const Ends wait = pipe_above();
    Running running(started(program(), on_the_hosts_root(options + more),
                            {"sh", "-c", "(read x <&8) & echo up; read x <&8"},
                            {{8, wait.read.get()}}));
    ASSERT_TRUE(running.wait_for_output("up"));
    // The reaper takes it while the command starts already.
    EXPECT_TRUE(within_ten_seconds([&] { return locked_by_another(file); })) << more;
    ASSERT_EQ(::write(wait.write.get(), "\n", 1), 1);
    if (!more.empty()) {
      std::this_thread::sleep_for(milliseconds(100));
      EXPECT_TRUE(locked_by_another(file)) << "one of the two still waits";
    }
    ASSERT_EQ(::write(wait.write.get(), "\n", 1), 1);
    EXPECT_EQ(running.wait().code, 0);
    EXPECT_TRUE(within_ten_seconds([&] { return !locked_by_another(file); })) << more;
  }
}

TEST_P(Status, ALockFileThatIsMissingIsFatal) {
  for (const std::string more : {"", "--unshare-pid "}) {
    const Outcome outcome = run(
        started(program(), on_an_empty_root(more + "--lock-file /missing"), {"/probe", "quiet"}));
    EXPECT_EQ(outcome.code, 1) << more;
    EXPECT_EQ(outcome.err, "bwrap: Unable to open lock file /missing: No such file or directory\n");
  }
}

TEST_P(Status, ALockThatAnotherHasIsFatal) {
  const TempDir directory;
  const std::string file = directory.write("lock", "");
  const Fd held(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  ASSERT_EQ(::fcntl(held.get(), F_SETLK, &lock), 0);
  const Outcome outcome = run(started(
      program(), on_the_hosts_root("--bind " + directory.path() + " /mnt --lock-file /mnt/lock"),
      {"sleep", "5"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "bwrap: Unable to lock file /mnt/lock: Resource temporarily unavailable\n");
}

TEST_P(Status, BackgroundProcessesLiveOnWhenTheCommandHasEnded) {
  for (const std::string options :
       {"--unshare-pid", "--unshare-user", "--unshare-pid --die-with-parent"}) {
    const std::string mark = "2.3" + std::to_string(::getpid());
    const Outcome outcome =
        run(started(program(), on_the_hosts_root(options),
                    {"sh", "-c", "sleep " + mark + " >/dev/null 2>&1 & exit 5"}));
    EXPECT_EQ(outcome.code, 5);
    // With --die-with-parent the end of the launcher is the end of all in the pid namespace.
    const bool ends_at_once = contains(options, "--die-with-parent");
    EXPECT_EQ(all_gone(mark, seconds(1)), ends_at_once) << options;
    EXPECT_TRUE(all_gone(mark, seconds(10))) << options << ": and end by themselves";
  }
}

TEST_P(Status, TheConsoleIsTheTerminalOfTheOutput) {
  const std::string script =
      "test $(stat -c %r /dev/console) = $(stat -Lc %r /proc/self/fd/0) && echo same";
  const Argv argv = started(program(), on_the_hosts_root(""), {"sh", "-c", script}).argv;
  Terminal terminal(argv);
  EXPECT_TRUE(terminal.sees("same")) << terminal.rest();
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_TRUE(contains(run({.argv = argv}).err, "'/dev/console': No such file or directory"))
      << "nothing where the output is no terminal";
}

// A terminal of another mount namespace has a name there, under which there may be another here.
TEST_P(Status, TheConsoleIsNoOtherTerminalOfTheSameName) {
  IMMURE_REQUIRE(installed("python3"), "python3 is not installed");
  const Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(::grantpt(master.get()) == 0 && ::unlockpt(master.get()) == 0);
  const std::string name = ::ptsname(master.get());
  const Fd here(::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(here) << name;
  const std::string script =
      "import os, sys, time\nends = []\n"
      "while not ends or os.ttyname(ends[-1][1]) != sys.argv[1]: ends.append(os.openpty())\n"
      "print(ends[-1][1], 'is open', flush=True)\ntime.sleep(60)";
  Running elsewhere({.argv = {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                              "mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && "
                              "mount --bind /dev/pts/ptmx /dev/ptmx && exec python3 -c \"$@\"",
                              "sh", script, name}});
  ASSERT_TRUE(elsewhere.wait_for_output(" is open\n")) << elsewhere.wait().err;
  const std::string number = elsewhere.output().substr(0, elsewhere.output().find(' '));
  const std::string file = "/proc/" + std::to_string(elsewhere.pid()) + "/fd/" + number;
  const Fd there(::open(file.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ASSERT_TRUE(there) << file;
  ASSERT_EQ(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(there.get())), name);

  const auto console = [&](const Fd& output) {
    const Argv words{"sh", "-c", "stat -c %d:%i /dev/console >&2"};
    return run(started(program(), on_the_hosts_root(""), words, {{1, output.get()}})).err;
  };
  struct stat status = {};
  ASSERT_EQ(::fstat(here.get(), &status), 0);
  EXPECT_EQ(console(here),
            std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + "\n")
      << "the control";
  EXPECT_TRUE(contains(console(there), "'/dev/console': No such file or directory"))
      << console(there);
}

TEST_P(Status, TerminalsCanBeMadeBelowDev) {
  IMMURE_REQUIRE(installed("script"), "script(1) is not installed");
  for (const std::string options : {"", "--unshare-pid --new-session", "--unshare-user --uid 7"}) {
    const Outcome outcome =
        run(started(program(), on_the_hosts_root(options),
                    {"script", "-qc", "tty; stat -c '%F %a %U' $(tty)", "/dev/null"}));
    EXPECT_TRUE(outcome.out.starts_with("/dev/pts/0\r\ncharacter special file 620 "))
        << options << ": " << outcome.out << outcome.err;
  }
}

}  // namespace
}  // namespace immure::test
