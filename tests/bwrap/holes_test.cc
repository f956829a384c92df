// Holes of bubblewrap that are not reproduced: each is first seen in Debian's, so that it is known
// to be one.
#include <unistd.h>

#include <csignal>

#include "bwrap/support.h"

namespace immure::test {
namespace {

class Holes : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    IMMURE_REQUIRE_PEER();
  }
  Heard under(const std::string& program, const std::string& options, const Argv& command) const {
    return play(program, {.rule = "", .options = options, .command = command}, files_);
  }
  std::string host(const std::string& name) const { return files_.path() + "/" + name; }

  HostFiles files_;
};

// A link that names the place from which the host's root is bound while the new root is built.
TEST_F(Holes, NothingIsMadeOnTheHostThroughALinkToTheOldRoot) {
  const std::string before = files_.tree();
  const std::string link = "--symlink /oldroot@/empty /d ";
  for (const std::string act :
       {"--dir /d/x", "--tmpfs /d/x", "--symlink a /d/x", "--bind @/dir /d/x", "--bind @/file /d/x",
        "--dir /d/x/y", "--dev /d/x"}) {
    const Heard theirs = under(debians(), link + act, {"/probe", "quiet"});
    EXPECT_NE(theirs.host, before) << act << ": Debian's writes to the host";
    const Heard our = under(ours(), link + act, {"/probe", "quiet"});
    EXPECT_EQ(our.host, before) << act << ": " << our.outcome.err;
  }
}

TEST_F(Holes, NothingOfTheHostIsBoundReadOrChangedThroughALinkToTheOldRoot) {
  const std::string before = files_.tree();
  const Heard theirs =
      under(debians(), "--symlink /oldroot@/file /d --chmod 0777 /d", {"/probe", "quiet"});
  EXPECT_NE(theirs.host, before) << "Debian's changes the mode";
  const Heard our =
      under(ours(), "--symlink /oldroot@/file /d --chmod 0777 /d", {"/probe", "quiet"});
  EXPECT_EQ(our.host, before);
  EXPECT_NE(our.outcome.code, 0);
}

// A sandbox that could write the directory left the link, and the next mounts there and beside it:
// what was mounted over the directory itself must not take what comes after out of sight.
TEST_F(Holes, ALinkToItsOwnDirectoryIsNoPlaceOfAMount) {
  const auto start = [](const std::string& program, const std::string& place) {
    const TempDir work;
    work.write("project/key", "old\n");
    work.write("project/real/key", "");
    work.write("cache/key", "planted\n");
    work.write("cache/link/key", "");
    work.write("new", "new\n");
    EXPECT_EQ(::symlink(".", (work.path() + "/project/link").c_str()), 0);
    return run(started(
        program,
        {"--ro-bind", "/", "/", "--bind", work.path() + "/project", "/mnt", "--bind",
         work.path() + "/cache", "/mnt/" + place, "--ro-bind", work.path() + "/new", "/mnt/key"},
        {"cat", "/mnt/key"}));
  };
  for (const std::string& program : {debians(), ours()}) {
    const Outcome control = start(program, "real");
    EXPECT_EQ(control.out, "new\n") << control.err;
    const Outcome outcome = start(program, "link");
    EXPECT_EQ(outcome.code, 1) << outcome.out;
    EXPECT_TRUE(contains(outcome.err, "Can't bind mount ")) << outcome.err;
  }
}

// "$XAUTHORITY" of a script, where there is none.
TEST_F(Holes, AnEmptySourceThatMayBeMissingIsNotTheHostsRoot) {
  for (const std::string option : {"--ro-bind-try", "--bind-try", "--dev-bind-try"}) {
    const auto seen = [&](const std::string& program) {
      return under(program, option + " \"\" /d", {"/probe", "report"}).outcome;
    };
    EXPECT_TRUE(contains(seen(debians()).out, " /d ")) << option << ": the control";
    const Outcome our = seen(ours());
    EXPECT_EQ(our.code, 0) << our.err;
    EXPECT_FALSE(contains(our.out, " /d ")) << option << ": " << our.out;
  }
}

// A descriptor of an option is open until the command runs, and so is the set-up's /proc: a link
// that a sandbox left in a directory that it could write must not make a place of the host the
// working directory of the next.
TEST_F(Holes, ALinkToADescriptorIsNoWorkingDirectory) {
  const auto enter = [&](const std::string& place) {
    const TempDir work;
    EXPECT_EQ(::symlink(place.c_str(), (work.path() + "/src").c_str()), 0);
    const std::string line = ours() + " --ro-bind /usr /usr --symlink usr/bin /bin" +
                             " --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc" +
                             " --unshare-pid --bind " + work.path() +
                             " /work --ro-bind-fd 9 /share" +
                             " --chdir /work/src ls ../../../../../.. 9<" + files_.path();
    return run({.argv = {"sh", "-c", line}});
  };
  const Outcome control = enter("/share");
  EXPECT_EQ(control.code, 0) << "a link that stays inside: " << control.err;
  for (int fd = 3; fd < 12; ++fd) {
    const Outcome outcome = enter("/proc/self/fd/" + std::to_string(fd));
    EXPECT_EQ(outcome.code, 1) << fd << ": " << outcome.out;
    EXPECT_TRUE(outcome.err.starts_with("bwrap: Can't chdir to /work/src: ")) << outcome.err;
  }
}

// What runs inside by the path of its own interpreter is the host's program, not the sandbox's.
TEST_F(Holes, OurOwnProgramIsNoInterpreter) {
  const auto started_by = [](const std::string& interpreter) {
    const TempDir work;
    work.write("script", "#!" + interpreter + "\n", 0755);
    return run(started(ours(),
                       {"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid",
                        "--bind", work.path(), "/mnt"},
                       {"/mnt/script"}));
  };
  const Outcome control = started_by("/bin/sh");
  EXPECT_EQ(control.code, 0) << control.err;
  const Outcome outcome = started_by("/proc/self/exe");
  EXPECT_EQ(outcome.code, 1) << outcome.out;
  EXPECT_TRUE(contains(outcome.err, "execvp /mnt/script: Permission denied")) << outcome.err;
}

// Root that makes no user namespace, on a system whose "/" is shared, as systemd makes it: what is
// mounted stays in the sandbox.
TEST_F(Holes, NothingIsMountedOverASharedRoot) {
  if (::getuid() == 0) GTEST_SKIP() << "in a user namespace of an ordinary user";
  const auto counted = [](const std::string& between) {
    const std::string script = "mount --make-rshared / && wc -l < /proc/self/mountinfo && " +
                               between + "; wc -l < /proc/self/mountinfo";
    return run({.argv = {"unshare", "--user", "--map-root-user", "--mount", "--propagation",
                         "private", "sh", "-c", script}});
  };
  const auto grows = [](const Outcome& outcome) {
    const std::size_t end = outcome.out.find('\n');
    return outcome.out.substr(0, end) != trimmed(outcome.out.substr(end + 1));
  };
  EXPECT_TRUE(grows(counted("mount -t tmpfs control /mnt"))) << "the control";
  const Outcome outcome = counted(ours() + " --ro-bind / / --tmpfs /mnt true && true");
  EXPECT_FALSE(grows(outcome)) << outcome.out;
  EXPECT_EQ(outcome.err, "");
}

// Closing any descriptor of a file lets go of a process's locks on it, and the caller may have left
// one open. fcntl(2)
TEST_F(Holes, ALockIsKeptWhereTheCallerHasTheFileOpen) {
  const TempDir work;
  work.write("lock", "", 0644);
  const auto write_lock = [&](const std::string& option) {
    const std::string script =
        "import fcntl, time; time.sleep(0.3); file = open('/mnt/lock', 'r+'); "
        "fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB); print('taken')";
    const std::string line = ours() + " --ro-bind / / --dev /dev --unshare-pid --bind " +
                             work.path() + " /mnt " + option + " /usr/bin/python3 -c \"" + script +
                             "\" 9< " + work.path() + "/lock";
    return run({.argv = {"sh", "-c", line}});
  };
  EXPECT_EQ(write_lock("").out, "taken\n") << "the control";
  const Outcome outcome = write_lock("--lock-file /mnt/lock");
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(contains(outcome.err, "BlockingIOError")) << outcome.err;
}

// What most systems have in /var.
TEST_F(Holes, AnAbsoluteLinkAsParentIsThatOfTheNewRoot) {
  const std::string options = "--dir /run --symlink /run /var/run --dir /var/run/user/7";
  const Argv report{"/probe", "report", "tree"};
  EXPECT_FALSE(contains(under(debians(), options, report).outcome.out, "tree: /run/user/7 dir"));
  const Heard our = under(ours(), options, report);
  EXPECT_EQ(our.outcome.code, 0) << our.outcome.err;
  EXPECT_TRUE(contains(our.outcome.out, "tree: /run/user/7 dir")) << our.outcome.out;
  for (const std::string act : {"--bind @/dir /var/run/x", "--tmpfs /var/run/x",
                                "--symlink a /var/run/x", "--file 20 /var/run/x"}) {
    const Heard more = play(ours(),
                            {.rule = "",
                             .options = "--dir /run --symlink /run /var/run " + act,
                             .given = {{20, "twenty\n"}}},
                            files_);
    EXPECT_EQ(more.outcome.code, 0) << act << ": " << more.outcome.err;
    EXPECT_TRUE(contains(more.outcome.out, "tree: /run/x ")) << act;
  }
}

TEST_F(Holes, ALinkAsDestinationIsFollowedInsideTheNewRoot) {
  const std::string options = "--symlink /b /a --dir /b --bind @/dir /a";
  EXPECT_NE(under(debians(), options, {"/probe", "quiet"}).outcome.code, 0) << "cannot do it";
  const Heard our = under(ours(), options, {"/probe", "report", "tree"});
  EXPECT_TRUE(contains(our.outcome.out, "tree: /b/inner file")) << our.outcome.err;
}

TEST_F(Holes, LinksThatClimbStayInTheNewRoot) {
  const std::string before = files_.tree();
  for (const std::string target :
       {"../../../..@/empty", "/../..@/empty", "/proc/self/root@/empty", "/proc/1/root@/empty"}) {
    const Heard our = under(ours(), "--symlink " + target + " /d --dir /d/x", {"/probe", "quiet"});
    EXPECT_EQ(our.host, before) << target << ": " << our.outcome.err;
  }
}

// Nothing may have to be read that is only passed: for others, 0711 is that.
TEST_F(Holes, ParentsThatCanOnlyBePassedThroughAreEnough) {
  const Heard our = under(ours(),
                          "--perms 0311 --dir /a --dir /a/b/c --bind @/dir /a/d "
                          "--tmpfs /a/t --symlink x /a/l --bind @/file /a/f",
                          {"/probe", "report"});
  EXPECT_EQ(our.outcome.code, 0) << our.outcome.err;
  for (const std::string place : {" /a/d ", " /a/t ", " /a/f "}) {
    EXPECT_TRUE(contains(our.outcome.out, place)) << our.outcome.out;
  }
}

// Something of the host that is mounted later does not come in, and the other way round.
TEST_F(Holes, ClonesOfMountsArePrivate) {
  if (::getuid() == 0) GTEST_SKIP() << "for one who needs a user namespace";
  const auto fields = [&](const std::string& program) {
    const Outcome outcome = run({.argv = {"unshare", "--user", "--map-current-user", "--mount",
                                          "--propagation", "shared", program, "--ro-bind", "/", "/",
                                          "--tmpfs", "/mnt", "--", "cat", "/proc/self/mountinfo"}});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  EXPECT_TRUE(contains(fields(debians()), " master:")) << "Debian's are slaves";
  const std::string ours_are = fields(ours());
  for (const std::string other : {" master:", " shared:", " propagate_from:", " unbindable"}) {
    EXPECT_FALSE(contains(ours_are, other)) << ours_are;
  }
}

// What pid 1 of the sandbox is exposed to: a process of immure's, with what it has open and mapped.
class Reaper : public Holes {
 protected:
  // What the payload says of its act; against pid 1 of a sandbox with the host's files.
  static std::string said(const std::string& program, const Argv& options, const Argv& act) {
    Argv all{"--ro-bind", "/",      "/",     "--unshare-pid",    "--dev",
             "/dev",      "--proc", "/proc", "--die-with-parent"};
    all.insert(all.end(), options.begin(), options.end());
    Argv command{IMMURE_ATTACK_PAYLOAD};
    command.insert(command.end(), act.begin(), act.end());
    Program sandbox = started(program, all, command);
    sandbox.limit = std::chrono::seconds(5);  // a reaper that was attached to may stay stopped
    return trimmed(run(sandbox).out);
  }
};

const std::vector<Argv> doors{{"attach", "1"},
                              {"seize", "1"},
                              {"open-of", "1", "mem", "w"},
                              {"open-of", "1", "maps"},
                              {"open-of", "1", "environ"},
                              {"link-of", "1", "fd/0"},
                              {"link-of", "1", "exe"},
                              {"link-of", "1", "root"},
                              {"link-of", "1", "cwd"},
                              {"link-of", "1", "ns/mnt"},
                              {"read-memory", "1"},
                              {"write-memory", "1"},
                              {"take-descriptor", "1"}};

TEST_F(Reaper, IsClosedToTheCommand) {
  for (const Argv& door : doors) {
    const std::string words = door[0] + " " + door.back();
    // CAP_PERFMON outside of any user namespace reads these of every process.
    if (::getuid() == 0 && (words == "open-of maps" || words == "open-of environ")) continue;
    EXPECT_EQ(said(debians(), {}, door), "ok") << words << ": the control";
    const std::string our = said(ours(), {}, door);
    EXPECT_TRUE(our == "EPERM" || our == "EACCES") << words << ": " << our;
  }
}

TEST_F(Reaper, IsClosedToACommandWithAllCapabilities) {
  const Argv powerful{"--unshare-user", "--uid", "0", "--gid", "0", "--cap-add", "ALL"};
  for (const Argv& door : doors) {
    const std::string words = door[0] + " " + door.back();
    EXPECT_EQ(said(debians(), powerful, door), "ok") << words << ": the control";
    const std::string our = said(ours(), powerful, door);
    EXPECT_TRUE(our == "EPERM" || our == "EACCES") << words << ": " << our;
  }
}

// There it is a process of the host's, whose signals no rule of Landlock may hold up.
TEST_F(Reaper, IsClosedWhereThereIsNoPidNamespaceToo) {
  const auto attach = [&](const std::string& program) {
    const std::string script = std::string(IMMURE_ATTACK_PAYLOAD) + " attach $PPID";
    Program sandbox = started(program,
                              {"--ro-bind", "/", "/", "--dev", "/dev", "--unshare-user", "--uid",
                               "0", "--cap-add", "ALL", "--die-with-parent", "--sync-fd", "2"},
                              {"sh", "-c", script + "; exit 0"});
    sandbox.limit = std::chrono::seconds(5);
    return trimmed(run(sandbox).out);
  };
  EXPECT_EQ(attach(debians()), "ok") << "the control";
  const std::string our = attach(ours());
  EXPECT_TRUE(our == "EPERM" || our == "EACCES") << our;
}

TEST_F(Reaper, IsClosedToAProcessThatStaysInTheBackground) {
  for (const bool is_ours : {false, true}) {
    const TempDir directory;
    const std::string script =
        "(sleep 0.3; " + std::string(IMMURE_ATTACK_PAYLOAD) + " attach 1 > /mnt/said) & exit 0";
    const Outcome outcome = run(started(is_ours ? ours() : debians(),
                                        {"--ro-bind", "/", "/", "--unshare-pid", "--dev", "/dev",
                                         "--proc", "/proc", "--bind", directory.path(), "/mnt"},
                                        {"sh", "-c", script}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::string heard;
    for (int i = 0; i < 1000 && heard.empty(); ++i) {
      ::usleep(20'000);
      heard = trimmed(read_file(directory.path() + "/said"));
    }
    EXPECT_EQ(heard, is_ours ? "EPERM" : "ok");
    // A reaper that was attached to may stay stopped.
    for (const pid_t pid : processes_with(directory.path())) ::kill(pid, SIGKILL);
  }
}

TEST_F(Reaper, DoesNotTakeSignalsThatWouldEndIt) {
  for (const std::string number : {"9", "15", "11", "19"}) {
    const std::string our = said(ours(), {}, {"send-signal", "1", number});
    EXPECT_TRUE(our == "unhurt" || our == "EPERM") << number << ": " << our;
  }
}

// A name may be the doing of somebody who wants a line in a log, or to be seen on a terminal.
TEST_F(Holes, NoNameOrValueForgesALine) {
  const std::string name = "x\n<3>bwrap:\t\x1b[2Jforged\r\xe2\x80\xae\xff";
  const std::string shown = R"(x\n<3>bwrap:\t\x1b[2Jforged\r\u{202e}\xff)";
  const auto said = [&](const std::string& program, std::string options) {
    Argv command{"/probe", "quiet"};
    if (options.empty()) command[0] = "/" + name;
    if (const std::size_t at = options.find('%'); at != std::string::npos) {
      options.replace(at, 1, name);
    }
    return under(program, options, command).outcome.err;
  };
  for (const std::string options :
       {"--bind /% /a", "--chdir /%", "--dir /probe/%", "--lock-file /%", "--chmod 0700 /%",
        "--remount-ro /%", "--ro-bind @ /h --dir /h/%", "--cap-add %", "--uid %", "--file % /a",
        "--seccomp %", "--%", ""}) {
    const std::string theirs = said(debians(), options);
    EXPECT_TRUE(contains(theirs, "\n<3>bwrap:\t\x1b[2J")) << options << ": the control: " << theirs;
    const std::string our = said(ours(), options);
    EXPECT_EQ(lines(our).size(), 1U) << options << ": " << our;
    EXPECT_TRUE(our.starts_with("bwrap: ") && our.ends_with("\n")) << options << ": " << our;
    EXPECT_TRUE(contains(our, shown)) << options << ": " << our;
  }
}

// What a link says is read from a directory that another sandbox may write.
TEST_F(Holes, NoTextOfALinkForgesALine) {
  ASSERT_EQ(::symlink("x\nbwrap: \x1b[2Jforged", host("dir/l").c_str()), 0);
  const Outcome outcome =
      run(started(ours(), {"--bind", host("dir"), "/d", "--symlink", "other", "/d/l"}, {"/probe"}));
  EXPECT_EQ(outcome.err,
            "bwrap: Can't make symlink at /d/l: existing destination is "
            "x\\nbwrap: \\x1b[2Jforged\n");
}

// Where capabilities can come back from: nowhere.
TEST_F(Holes, TheBoundingSetIsThatOfTheCommand) {
  const auto sets = [&](const std::string& options) {
    std::string result;
    for (const std::string& line :
         lines(under(ours(), options, {"/probe", "report"}).outcome.out)) {
      if (line.starts_with("status: Cap")) result += line.substr(line.find('\t') + 1) + " ";
    }
    return result;
  };
  const std::string none = "0000000000000000 ";
  const std::string admin = "0000000000001000 ";
  if (::getuid() != 0) {
    EXPECT_EQ(sets(""), none + none + none + none + none);
  }
  EXPECT_EQ(sets("--cap-drop ALL"), none + none + none + none + none);
  EXPECT_EQ(sets("--unshare-user --cap-drop ALL --cap-add CAP_NET_ADMIN"),
            admin + admin + admin + admin + admin);
}

}  // namespace
}  // namespace immure::test
