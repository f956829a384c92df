// What the command finds around it: its own namespaces, and nothing of the host.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "support/inside.h"

namespace immure::test {
namespace {

class Isolation : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

std::string act(const std::string& name, const std::string& argument = {}, Argv options = {}) {
  Argv command{IMMURE_PAYLOAD, name};
  if (!argument.empty()) command.push_back(argument);
  const Outcome outcome = run(immure_run(std::move(options), command));
  EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.err;
  return trimmed(outcome.out);
}

std::string act_outside(const std::string& name, const std::string& argument = {}) {
  Argv command{IMMURE_PAYLOAD, name};
  if (!argument.empty()) command.push_back(argument);
  return trimmed(run({.argv = command}).out);
}

TEST_F(Isolation, PidOneIsImmureAndTheCommandIsItsChild) {
  EXPECT_EQ(act("pid"), "2 1");
  EXPECT_EQ(inside("cat /proc/1/comm"), "immure");
}

TEST_F(Isolation, ProcessesOfTheHostAreNotVisible) {
  const std::string count = inside("ls -d /proc/[0-9]* | wc -l");
  EXPECT_LE(std::stoi(count), 5) << "init, the shell, ls, wc";
  const std::string mark = "/proc/" + std::to_string(::getpid());
  EXPECT_TRUE(exists(mark));
  if (::getpid() > 50) {
    EXPECT_EQ(inside("test -e " + mark + " && echo there || echo no"), "no");
  }
}

TEST_F(Isolation, EveryNamespaceIsNewButTimeAsTheProfileSays) {
  for (const std::string kind : {"user", "mnt", "pid", "ipc", "uts", "net", "cgroup"}) {
    const std::string file = "/proc/self/ns/" + kind;
    const std::string outside = trimmed(run({.argv = {"readlink", file}}).out);
    EXPECT_TRUE(outside.starts_with(kind)) << outside;
    EXPECT_NE(inside("readlink " + file), outside);
  }
  const std::string time = "/proc/self/ns/time";
  EXPECT_EQ(inside("readlink " + time), trimmed(run({.argv = {"readlink", time}}).out));
}

TEST_F(Isolation, ANamespaceOfTheHostIsSharedOnlyWhenAskedFor) {
  const std::string outside = trimmed(run({.argv = {"readlink", "/proc/self/ns/uts"}}).out);
  EXPECT_EQ(inside("readlink /proc/self/ns/uts", {"--set", "namespaces.uts=host"}), outside);
  const Outcome user = run(immure_run({"--set", "namespaces.user=host"}, {"true"}));
  EXPECT_EQ(user.code, 125);
  EXPECT_TRUE(contains(user.err, "E350")) << user.err;
}

TEST_F(Isolation, ATimeOffsetMovesTheClockOfTheCommandOnly) {
  const std::string uptime = "cut -d. -f1 /proc/uptime";
  const long host = std::stol(run({.argv = {"sh", "-c", uptime}}).out);
  const long moved = std::stol(inside(uptime, {"--set", "time.boottime=+10d"}));
  EXPECT_NEAR(static_cast<double>(moved - host), 864000, 120);
}

TEST_F(Isolation, DevHoldsTheMinimumAndNothingElse) {
  EXPECT_EQ(inside("cd /dev && LC_ALL=C ls | tr '\\n' ' '"),
            "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero");
  EXPECT_EQ(inside("head -c 3 /dev/zero | od -An -tx1 | tr -d ' '; echo x > /dev/null && echo ok"),
            "000000\nok");
  EXPECT_EQ(inside("ls /dev/pts"), "ptmx") << "no terminal of the host";
  EXPECT_EQ(inside("touch /dev/shm/x && ls /dev/shm"), "x");
  EXPECT_FALSE(exists("/dev/shm/x"));
}

TEST_F(Isolation, NoDeviceOfADirectoryWorks) { EXPECT_EQ(act("make-device"), "EPERM"); }

TEST_F(Isolation, ProcTellsNothingOfTheHostAndTakesNothing) {
  EXPECT_EQ(inside("cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c"), "0");
  EXPECT_EQ(inside("echo x 2>/dev/null > /proc/sys/kernel/domainname && echo written || echo no"),
            "no");
  EXPECT_EQ(inside("echo h 2>/dev/null > /proc/sysrq-trigger && echo written || echo no"), "no");
  EXPECT_EQ(inside("ls /sys 2>/dev/null | wc -l"), "0") << "no sysfs";
}

TEST_F(Isolation, OnlyALoopbackDeviceAndNoRoute) {
  EXPECT_EQ(inside("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"), "lo");
  EXPECT_EQ(inside("tail -n +2 /proc/net/route | wc -l"), "0");
  const std::string connect =
      "import socket,errno\n"
      "s=socket.socket()\n"
      "s.settimeout(3)\n"
      "print(errno.errorcode[s.connect_ex(('198.51.100.1',80))])\n";
  const Outcome outcome = run(immure_run({}, {"python3", "-c", connect}));
  EXPECT_EQ(trimmed(outcome.out), "ENETUNREACH") << outcome.err;
}

TEST_F(Isolation, LoopbackWorksInsideAndDoesNotReachTheHosts) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string connect =
      "import socket,sys\n"
      "s=socket.socket()\n"
      "print('connected' if s.connect_ex(('127.0.0.1'," +
      std::to_string(ntohs(address.sin_port)) + "))==0 else 'refused')\n";
  EXPECT_EQ(trimmed(run({.argv = {"python3", "-c", connect}}).out), "connected") << "the control";
  EXPECT_EQ(trimmed(run(immure_run({}, {"python3", "-c", connect})).out), "refused");
  const std::string own =
      "import socket\n"
      "l=socket.create_server(('127.0.0.1',0))\n"
      "c=socket.create_connection(l.getsockname(),3)\n"
      "print('connected')\n";
  EXPECT_EQ(trimmed(run(immure_run({}, {"python3", "-c", own})).out), "connected");
}

TEST_F(Isolation, SocketFamiliesThatIgnoreNamespacesAreRefused) {
  EXPECT_EQ(act("socket-unix"), "ok");
  EXPECT_EQ(act("socket-inet"), "ok");
  EXPECT_EQ(act("socket-vsock"), "EAFNOSUPPORT");
  EXPECT_EQ(act("socket-alg"), "EAFNOSUPPORT");
  EXPECT_EQ(act("socket-packet"), "EAFNOSUPPORT");
}

TEST_F(Isolation, TheEnvironmentIsCleared) {
  Program program = immure_run({"-e", "GIVEN=by flag", "-e", "PASSED"}, {"env"});
  program.environment = {{"PATH", "/usr/bin:/bin:/nowhere/inside"},
                         {"SECRET_TOKEN", "abc"},
                         {"LD_PRELOAD", ""},
                         {"PASSED", "on"},
                         {"TERM", "xterm"}};
  const Outcome outcome = run(program);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> environment = lines(outcome.out);
  const auto has = [&](const std::string& line) {
    return std::ranges::find(environment, line) != environment.end();
  };
  EXPECT_TRUE(has("GIVEN=by flag")) << outcome.out;
  EXPECT_TRUE(has("PASSED=on")) << outcome.out;
  EXPECT_TRUE(has("TERM=xterm")) << outcome.out;
  EXPECT_TRUE(has("PATH=/usr/bin:/bin")) << outcome.out;
  EXPECT_TRUE(contains(outcome.out, "IMMURE_SANDBOX=")) << outcome.out;
  EXPECT_FALSE(contains(outcome.out, "SECRET_TOKEN")) << outcome.out;
  EXPECT_FALSE(contains(outcome.out, "LD_PRELOAD")) << outcome.out;
}

TEST_F(Isolation, DescriptorsAboveTwoAreClosedUnlessPassed) {
  Program program = immure_run({}, {IMMURE_PAYLOAD, "descriptors"});
  program.before_exec = [] {
    ::dup2(0, 5);
    ::dup2(0, 77);
    ::dup2(0, 900);
  };
  EXPECT_EQ(trimmed(run(program).out), "0 1 2");
  program.argv = {IMMURE_PAYLOAD, "descriptors"};
  EXPECT_TRUE(contains(run(program).out, " 900 ")) << "the control";
  program.argv =
      immure_run({"--set", "process.pass_fds=[77]"}, {IMMURE_PAYLOAD, "descriptors"}).argv;
  EXPECT_EQ(trimmed(run(program).out), "0 1 2 77");
}

TEST_F(Isolation, NoCapabilityNoNewPrivilegesAndAFilter) {
  const std::string status = inside("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status");
  const std::string zero = ":\t0000000000000000\n";
  EXPECT_EQ(status, "CapInh" + zero + "CapPrm" + zero + "CapEff" + zero + "CapBnd" + zero +
                        "CapAmb" + zero + "NoNewPrivs:\t1\nSeccomp:\t2");
}

TEST_F(Isolation, KeptCapabilitiesAreThoseAskedForAndCountInsideOnly) {
  const Argv keep{"--set", "caps.keep=[\"CAP_NET_RAW\"]"};
  EXPECT_EQ(inside("grep CapEff /proc/self/status", keep), "CapEff:\t0000000000002000");
  EXPECT_EQ(inside("grep CapBnd /proc/self/status", keep), "CapBnd:\t0000000000002000");
}

TEST_F(Isolation, OneIdIsMappedToItselfOrToTheOneAskedFor) {
  const std::string uid = std::to_string(::getuid());
  EXPECT_EQ(inside("id -u"), uid);
  EXPECT_EQ(inside("awk '{print $1, $2, $3}' /proc/self/uid_map"), uid + " " + uid + " 1");
  EXPECT_EQ(inside("cat /proc/self/setgroups"), "deny");
  const Argv root{"--set", "user.uid=0", "--set", "user.gid=0"};
  EXPECT_EQ(inside("id -u; id -g", root), "0\n0");
  EXPECT_EQ(inside("echo x > /etc/immure-test 2>/dev/null && echo written || echo no", root), "no");
  EXPECT_EQ(inside("grep CapEff /proc/self/status", root), "CapEff:\t0000000000000000");
}

TEST_F(Isolation, TheHostNameIsImmureUnlessNamed) {
  EXPECT_EQ(inside("cat /proc/sys/kernel/hostname"), "immure");
  EXPECT_EQ(inside("cat /proc/sys/kernel/hostname", {"--set", "hostname=box"}), "box");
  EXPECT_EQ(act("set-host-name"), "EPERM");
}

TEST_F(Isolation, NamespacesCannotBeNestedUnlessAskedFor) {
  EXPECT_EQ(act_outside("unshare-user"), "ok") << "the control";
  EXPECT_EQ(act_outside("clone-user"), "ok") << "the control";
  EXPECT_EQ(act("unshare-user"), "EPERM");
  EXPECT_EQ(act("clone-user"), "EPERM");
  EXPECT_EQ(act("clone3-user"), "ENOSYS");
  EXPECT_EQ(inside("cat /proc/sys/user/max_user_namespaces"), "0") << "closed a second time";
}

TEST_F(Isolation, WithoutTheFilterTheMaximaStillCloseNestedNamespaces) {
  const Argv no_filter{"--set", "seccomp.base=none"};
  EXPECT_EQ(act("unshare-user", "", no_filter), "ENOSPC");
  EXPECT_EQ(act("mount-tmpfs", "", no_filter), "EPERM");
}

TEST_F(Isolation, MountsCannotBeChanged) {
  for (const char* name : {"mount-tmpfs", "remount-usr", "unmount-proc", "chroot"}) {
    EXPECT_EQ(act(name), "EPERM") << name;
  }
}

TEST_F(Isolation, InitCannotBeTakenOver) {
  EXPECT_EQ(act("trace-init"), "EPERM");
  EXPECT_EQ(act("open-init-memory"), "EACCES");
  EXPECT_EQ(act("link-of-init-exe"), "EACCES");
  const Argv all{"--set", "caps.keep=[\"ALL\"]", "--set", "seccomp.base=none"};
  EXPECT_EQ(act("trace-init", "", all), "EPERM");
  EXPECT_EQ(act("open-init-memory", "", all), "EACCES");
}

TEST_F(Isolation, KeyringsAreEmptyAndClosed) {
  EXPECT_EQ(act_outside("add-key"), "ok") << "the control";
  EXPECT_EQ(act("add-key"), "ENOSYS");
  EXPECT_EQ(act("session-keyring"), "ENOSYS");
  EXPECT_EQ(inside("cat /proc/keys 2>/dev/null | wc -l"), "0");
}

TEST_F(Isolation, DangerousCallsAreRefused) {
  EXPECT_EQ(act_outside("io-uring"), "ok") << "the control";
  EXPECT_EQ(act("io-uring"), "ENOSYS");
  EXPECT_EQ(act("userfaultfd"), "EPERM");
  EXPECT_EQ(act("perf"), "EPERM");
}

TEST_F(Isolation, ATimeNamespaceNeedsNoOffset) {
  const std::string own = trimmed(run({.argv = {"readlink", "/proc/self/ns/time"}}).out);
  const std::string inner = inside("readlink /proc/self/ns/time", {"--set", "namespaces.time=new"});
  EXPECT_TRUE(contains(inner, "time:[")) << inner;
  EXPECT_NE(inner, own);
}

TEST_F(Isolation, OnlyNestedUserNamespacesUncoverProc) {
  const std::string look = "cat /proc/keys >/dev/null 2>&1 && echo open || echo closed";
  EXPECT_EQ(inside(look, {"--set", "namespaces.nested={net=1}"}), "closed");
  if (::getuid() == 0) return;  // root's own files stay covered in any case
  EXPECT_EQ(inside(look, {"--set", "namespaces.nested={user=1}"}), "open");
}

TEST_F(Isolation, APayloadCannotBecomeRoot) {
  if (::getuid() == 0) GTEST_SKIP() << "root already";
  EXPECT_EQ(act("become-root"), "EINVAL") << "0 is not mapped";
}

TEST_F(Isolation, SetIdProgramsOfTheHostGiveNothing) {
  EXPECT_EQ(inside("test -u /usr/bin/passwd && echo set"), "set") << "the bit is visible";
  EXPECT_EQ(inside("grep -E ' /usr ' /proc/self/mountinfo | grep -c nosuid"), "1");
}

TEST_F(Isolation, CoreDumpsAreOffForPipeHandlersToo) {
  EXPECT_EQ(inside("grep 'core file' /proc/self/limits | awk '{print $5, $6}'"), "1 1");
}

TEST_F(Isolation, ASettingOfTheIpcNamespaceIsForItsRoot) {
  if (::getuid() == 0) GTEST_SKIP() << "root already";
  const Argv setting{"--set", R"(sysctl."kernel.msgmax"="100")"};
  const Argv command{"cat", "/proc/sys/kernel/msgmax"};
  const Outcome refused = run(immure_run(setting, command));
  EXPECT_EQ(refused.code, 125);
  EXPECT_TRUE(contains(refused.err, "--set user.uid=0")) << refused.err;
  Argv as_root = setting;
  as_root.insert(as_root.end(), {"--set", "user.uid=0"});
  EXPECT_EQ(run(immure_run(as_root, command)).out, "100\n");
}

TEST_F(Isolation, TheNumbersOfItsProcessesAreItsOwn) {
  const Argv command{"cat", "/proc/sys/kernel/pid_max"};
  const Argv setting{"--set", R"(sysctl."kernel.pid_max"="400")"};
  const std::string outside = run({.argv = command}).out;
  EXPECT_NE(outside, "400\n") << "the control";
  const Outcome limited = run(immure_run(setting, command));
  IMMURE_REQUIRE(!contains(limited.err, "before Linux 6.14"), "one pid_max for the whole machine");
  EXPECT_EQ(limited.out, "400\n") << limited.err;
  EXPECT_EQ(run({.argv = command}).out, outside);
}

}  // namespace
}  // namespace immure::test
