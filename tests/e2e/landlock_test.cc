// The second wall: what a descriptor, a signal or a socket would reach outside of the mounts. Each
// refusal has its control: the same with Landlock off.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <ostream>

#include "base/syscalls.h"
#include "support/inside.h"

namespace immure::test {
namespace {

const Argv kOff{"--set", "landlock.mode=off"};

Argv with(Argv options, const Argv& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

class LandlockTest : public TwoDirectories {
 protected:
  void SetUp() override {
    TwoDirectories::SetUp();
    IMMURE_REQUIRE(sys::landlock_abi() >= 6, "this kernel has no ABI 6 of Landlock");
  }

  // What the script says, both outputs together, with the files open as these descriptors.
  struct Open {
    int fd;
    std::string path;
    int flags;
  };
  std::string with_open(const std::vector<Open>& files, const std::string& script,
                        Argv options = {}) const {
    for (const Open& file : files) {
      if (file.fd > 2) {
        options.insert(options.end(),
                       {"--set", "process.pass_fds=[" + std::to_string(file.fd) + "]"});
      }
    }
    Program program = immure_sh(std::move(options), script, project());
    program.before_exec = [files] {
      for (const Open& file : files) {
        const int fd = ::open(file.path.c_str(), file.flags, 0644);  // NOLINT: it is to be passed
        if (fd < 0 || ::dup2(fd, file.fd) < 0) ::_exit(99);
      }
    };
    const Outcome outcome = run(program);
    return trimmed(outcome.out + outcome.err);
  }

  static std::string act(const Argv& command, Argv options = {}) {
    const Outcome outcome = run(immure_run(std::move(options), with({IMMURE_PAYLOAD}, command)));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return trimmed(outcome.out);
  }
};

TEST_F(LandlockTest, NothingIsReachedThroughADirectoryOfOutside) {
  const std::vector<Open> directory{{9, other(), O_RDONLY | O_DIRECTORY}};
  const std::string read = "cat /proc/self/fd/9/secret";
  const std::string write = "echo x > /proc/self/fd/9/new";
  EXPECT_EQ(with_open(directory, read, kOff), "secret");
  EXPECT_EQ(with_open(directory, read, {"--set", "landlock.mode=scope"}), "secret");
  EXPECT_TRUE(contains(with_open(directory, read), "Permission denied"));

  EXPECT_TRUE(contains(with_open(directory, write), "Permission denied"));
  EXPECT_FALSE(exists(other() + "/new"));
  EXPECT_EQ(with_open(directory, write, kOff), "");
  EXPECT_TRUE(exists(other() + "/new"));
}

TEST_F(LandlockTest, APassedFileCanBeReadAndRunButNotWrittenWhenItIsOpenForReading) {
  const std::string file = directory_.write("other/file", "old\n", 0666);
  const std::vector<Open> open{{7, file, O_RDONLY}};
  EXPECT_EQ(with_open(open, "cat /proc/self/fd/7"), "old");
  EXPECT_TRUE(contains(with_open(open, "echo new > /proc/self/fd/7"), "Permission denied"));
  EXPECT_EQ(read_file(file), "old\n");
  EXPECT_EQ(with_open(open, "echo new > /proc/self/fd/7", kOff), "");
  EXPECT_EQ(read_file(file), "new\n");

  const std::vector<Open> log{{7, file, O_WRONLY}};
  EXPECT_EQ(with_open(log, "echo more > /proc/self/fd/7"), "");
  EXPECT_EQ(read_file(file), "more\n");
  EXPECT_TRUE(contains(with_open(log, "cat /proc/self/fd/7"), "Permission denied"));
  EXPECT_EQ(with_open(log, "cat /proc/self/fd/7", kOff), "more");

  const std::vector<Open> program{{7, "/bin/echo", O_RDONLY}};
  EXPECT_EQ(with_open(program, "/proc/self/fd/7 runs"), "runs");
}

// What scripts do with their standard descriptors.
TEST_F(LandlockTest, StandardDescriptorsCanBeOpenedAgainAsTheyAre) {
  const std::string file = directory_.write("other/file", "content\n");
  const std::string log = directory_.write("other/log", "first\n");
  EXPECT_EQ(with_open({{0, file, O_RDONLY}}, "cat /dev/stdin"), "content");
  EXPECT_EQ(with_open({{2, log, O_WRONLY | O_APPEND}},
                      "echo second >&2; echo third >> /dev/stderr && echo fourth >&2"),
            "");
  EXPECT_EQ(read_file(log), "first\nsecond\nthird\nfourth\n");
  EXPECT_EQ(with_open({{0, "/dev/null", O_RDONLY}}, "cat /dev/stdin; echo x > /dev/null"), "");
}

TEST_F(LandlockTest, ALogBelowTheWritableDirectoryGoesOnWorking) {
  const std::string log = directory_.write("project/log", "");
  EXPECT_EQ(
      with_open({{1, log, O_WRONLY | O_APPEND}}, "echo a; echo b > b; cat b > /dev/stdout", {"-w"}),
      "");
  EXPECT_TRUE(contains(read_file(log), "b\n")) << read_file(log);
}

TEST_F(LandlockTest, AbstractSocketsOfTheHostAreOutOfReachWhereTheNetworkIsShared) {
  const std::string name = "immure-test-" + std::to_string(::getpid());
  const Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(&address.sun_path[1], name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the call's own way
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(server.get(), 8), 0);
  const Argv shared{"--set", "namespaces.net=host"};
  EXPECT_EQ(act({"connect-abstract", name}, with(shared, kOff)), "ok");
  EXPECT_EQ(act({"connect-abstract", name}, with(shared, {"--set", "landlock.scope=[\"signal\"]"})),
            "ok");
  EXPECT_EQ(act({"connect-abstract", name}, shared), "EPERM");
  EXPECT_EQ(act({"connect-abstract", name}), "ECONNREFUSED");
}

TEST_F(LandlockTest, ProcessesOutsideCannotBeSignalledWhereThePidsAreShared) {
  const Argv shared{"--set", "namespaces.pid=host", "--set", "root.proc=none"};
  const std::string us = std::to_string(::getpid());
  EXPECT_EQ(act({"can-signal", us}, with(shared, kOff)), "ok");
  EXPECT_EQ(act({"can-signal", us}, with(shared, {"--set", "landlock.scope=[\"!signal\"]"})), "ok");
  EXPECT_EQ(act({"can-signal", us}, shared), "EPERM");
  EXPECT_EQ(act({"can-signal", "0"}, shared), "ok") << "its own";
}

TEST_F(LandlockTest, ImmureItselfCannotBeSignalledFromInside) {
  EXPECT_EQ(act({"can-signal", "1"}, kOff), "ok");
  EXPECT_EQ(act({"can-signal", "1"}), "EPERM");
  EXPECT_TRUE(contains(inside("sleep 60 & kill $! && wait $!; echo $?"), "143"));
}

TEST_F(LandlockTest, TcpPortsAreThoseOfTheProfile) {
  const Argv bound{"--set", "landlock.tcp_bind=[8080]"};
  EXPECT_EQ(act({"tcp-bind", "8081"}), "ok");
  EXPECT_EQ(act({"tcp-bind", "8081"}, bound), "EACCES");
  EXPECT_EQ(act({"tcp-bind", "8080"}, bound), "ok");
  EXPECT_EQ(act({"tcp-connect", "8081"}, bound), "ECONNREFUSED");
  const Argv connected{"--set", "landlock.tcp_connect=[]", "--set", "landlock.mode=scope",
                       "--set", "landlock.scope=[]"};
  EXPECT_EQ(act({"tcp-connect", "8081"}, connected), "EACCES");
  EXPECT_EQ(act({"tcp-bind", "8081"}, connected), "ok");
  EXPECT_EQ(act({"tcp-connect", "8081"}, with(connected, kOff)), "ECONNREFUSED");
}

TEST_F(LandlockTest, RightsOfTheProfileStandForThoseOfTheMount) {
  // Rights of the directories above hold too, and this one lies in a writable /tmp.
  const Argv above{"-w", "--set", "landlock.fs.\"/tmp\"=\"ro,exec\""};
  const Argv held = with(above, {"--set", "landlock.fs.\"" + project() + "\"=\"ro,exec\""});
  EXPECT_EQ(inside("echo x > new; cat readable", held),
            "sh: 1: cannot create new: Permission denied\nfrom the host");
  EXPECT_EQ(inside("echo x > new; cat readable", with(held, kOff)), "from the host");
  const Argv unseen{"--set", "landlock.fs={\"/\"=\"none\",\"/usr\"=\"ro,exec\"}"};
  EXPECT_TRUE(contains(inside("head -c 4 /etc/passwd", unseen), "Permission denied"));
  EXPECT_EQ(inside("head -c 4 /etc/passwd", with(unseen, kOff)), "root");
  // Without "refer" a file stays in its directory.
  const Argv stays = with(
      above, {"--set", "landlock.fs.\"" + project() +
                           "\"=[\"ro\", \"exec\", \"make-dir\", \"make-file\", \"write-file\"]"});
  EXPECT_TRUE(contains(inside("mkdir d; ln new d/new", stays), "cross-device"));
  EXPECT_EQ(inside("rmdir d; mkdir d; ln new d/new && ls d", with(stays, kOff)), "new");
}

// All that Landlock could refuse, in each place that is writable.
TEST_F(LandlockTest, WritablePlacesKeepAllTheirRights) {
  const std::string home = own_home();
  const std::string script =
      "cd \"$1\" && mkdir -p a/b c && echo x > a/f && mv a/f c/g && ln c/g a/b/h && mv a/b c/d && "
      "ln -s g c/l && mkfifo c/p && truncate -s 1 c/g && : > c/g && cp /bin/true c/t && c/t && "
      "mv c a/ && rm -r a && echo done";
  for (const std::string& place :
       {project(), std::string("/tmp"), std::string("/dev/shm"), std::string("/t"), home}) {
    EXPECT_EQ(inside("set -- " + place + "; " + script,
                     {"-w", "--tmpfs", "/t", "--set", "allow.home=private"}),
              "done")
        << place;
  }
  EXPECT_EQ(inside("set -- /r; mkdir /r; " + script, {"--set", "root.writable=true"}), "done");
}

TEST_F(LandlockTest, AnOverlayKeepsAllItsRights) {
  EXPECT_EQ(inside("mkdir a b && mv readable a/r && mv a/r b/ && rmdir a && cat b/r",
                   {"--set", "allow.cwd=\"overlay\""}),
            "from the host");
  EXPECT_TRUE(exists(project() + "/readable"));
}

TEST_F(LandlockTest, TerminalsQueuesAndOwnProcessFilesGoOnWorking) {
  EXPECT_EQ(act({"open-terminal"}), "ok");
  EXPECT_EQ(act({"message-queue"}), act({"message-queue"}, kOff));
  EXPECT_EQ(act({"message-queue"}, {"--set", "fs.\"/dev/mqueue\"=\"mqueue\""}), "ok");
  EXPECT_EQ(inside("echo 500 > /proc/self/oom_score_adj && echo name > /proc/self/comm && "
                   "echo x > /dev/null && head -c 1 /dev/zero | wc -c"),
            "1");
}

struct Way {
  const char* name;
  Argv options;
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class LandlockWays : public LandlockTest, public testing::WithParamInterface<Way> {};

TEST_P(LandlockWays, TheRulesHoldHoweverTheCommandIsStarted) {
  const std::vector<Open> directory{{9, other(), O_RDONLY | O_DIRECTORY}};
  const std::string read = "cat /proc/self/fd/9/secret; cat readable";
  EXPECT_EQ(with_open(directory, read, with(GetParam().options, kOff)), "secret\nfrom the host");
  EXPECT_EQ(with_open(directory, read, GetParam().options),
            "from the host\ncat: /proc/self/fd/9/secret: Permission denied");
}

INSTANTIATE_TEST_SUITE_P(
    Starts, LandlockWays,
    testing::Values(Way{"as_pid_1", {"--set", "process.init=target"}},
                    Way{"own_clocks", {"--set", "time.boottime=+1d"}},
                    Way{"shared_pids", {"--set", "namespaces.pid=host", "--set", "root.proc=host"}},
                    Way{"no_filter", {"--set", "seccomp.base=none"}},
                    Way{"strict_filter", {"--set", "seccomp.base=strict"}},
                    Way{"required", {"--set", "landlock.mode=require"}},
                    Way{"best_effort", {"--set", "best_effort=[\"landlock\"]"}},
                    Way{"as_root_inside", {"--set", "user.uid=0"}},
                    Way{"writable_root", {"--set", "root.writable=true"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(LandlockTest, RulesHoldWhereTheCommandMayOpenFewFiles) {
  for (const Argv& mode : {kOff, Argv{}}) {
    const Outcome outcome =
        run(immure_run(with({"--set", "limits.nofile=4"}, mode), {"sh", "-c", "ulimit -n"}));
    EXPECT_EQ(outcome.out, "4\n") << outcome.err;
  }
}

TEST_F(LandlockTest, ACommandThatItDoesNotLetRunIsToldSo) {
  const Outcome outcome = run(immure_run({"--set", R"(landlock.fs."/"="none")"}, {"true"}));
  EXPECT_EQ(outcome.code, 126);
  EXPECT_TRUE(contains(outcome.err, "has no right of Landlock to be executed")) << outcome.err;
}

TEST_F(LandlockTest, MountsInsideLeaveTheScopesAlone) {
  const Argv nested{"--set", "allow.nested=true"};
  const Outcome plan = run(immure_run(with({"--dry-run"}, nested), {"true"}));
  EXPECT_TRUE(contains(plan.out, "without Landlock rules for files: they would refuse the mounts"))
      << plan.out;
  EXPECT_EQ(inside("unshare -Urm sh -c 'mount -t tmpfs none /tmp && echo mounted'", nested),
            "mounted");
  EXPECT_EQ(act({"can-signal", "1"}, nested), "EPERM");
}

// A kernel, or what stands between, that says yes and does nothing.
TEST_F(LandlockTest, ARulesetThatDoesNotHoldIsNoticed) {
  IMMURE_REQUIRE(installed("strace"), "strace is not installed");
  for (const Argv& options :
       {Argv{}, Argv{"--set", "landlock.mode=scope"},
        Argv{"--set", "landlock.mode=scope", "--set", "landlock.scope=[\"abstract-unix-socket\"]"},
        Argv{"--set", "landlock.mode=scope", "--set", "landlock.scope=[]", "--set",
             "landlock.tcp_bind=[]"},
        Argv{"--set", "landlock.mode=scope", "--set", "landlock.scope=[]", "--set",
             "landlock.tcp_connect=[]"}}) {
    Argv command{"strace", "-f", "-o", "/dev/null", "-e", "inject=landlock_restrict_self:retval=0"};
    command = with(command, {binary(), "run"});
    command = with(with(command, options), {"--", "echo", "it", "ran"});
    const Outcome outcome = run({.argv = command});
    EXPECT_EQ(outcome.code, 125) << outcome.out;
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(contains(outcome.err, "error[E470]")) << outcome.err;
    EXPECT_TRUE(contains(outcome.err, "reported success and did not do it")) << outcome.err;
  }
}

TEST_F(LandlockTest, AKernelThatRefusesTheRulesetEndsTheStart) {
  IMMURE_REQUIRE(installed("strace"), "strace is not installed");
  const auto start = [](const Argv& options) {
    Argv command{"strace",    "-f", "-o",
                 "/dev/null", "-e", "inject=landlock_restrict_self:error=EPERM"};
    command = with(with(command, {binary(), "run"}), options);
    return run({.argv = with(command, {"--", "echo", "it", "ran"})});
  };
  const Outcome refused = start({});
  EXPECT_EQ(refused.code, 125);
  EXPECT_TRUE(contains(refused.err, "best_effort = [\"landlock\"]")) << refused.err;
  const Outcome goes_on = start({"--set", "best_effort=[\"landlock\"]"});
  EXPECT_EQ(goes_on.out, "it ran\n");
  EXPECT_TRUE(contains(goes_on.err, "goes on without what this host lacks")) << goes_on.err;
}

}  // namespace
}  // namespace immure::test
