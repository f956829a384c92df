// [seccomp] as a whole, on the live kernel: what each key opens and closes, with the same call
// before as the control.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>

#include <csignal>
#include <cstddef>
#include <string>
#include <vector>

#include "support/immure.h"

namespace immure::test {
namespace {

class Seccomp : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }

  static Outcome act(const std::string& name, const Argv& settings) {
    Argv options;
    for (const std::string& setting : settings) {
      options.insert(options.end(), {"--set", "seccomp." + setting});
    }
    return run(immure_run(std::move(options), {IMMURE_PAYLOAD, name}));
  }
  static std::string outside(const std::string& name) {
    return run({.argv = {IMMURE_PAYLOAD, name}}).out;
  }
};

TEST_F(Seccomp, GroupsOpenAndClose) {
  ASSERT_EQ(outside("io-uring"), "ok\n") << "the control";
  EXPECT_EQ(act("io-uring", {}).out, "ENOSYS\n");
  EXPECT_EQ(act("io-uring", {R"(allow=["@aio"])"}).out, "ok\n");
  EXPECT_EQ(act("socket-unix", {}).out, "ok\n");
  EXPECT_EQ(act("socket-unix", {R"(deny=["@network-io"])"}).out, "EPERM\n");
  EXPECT_EQ(act("socket-unix", {R"(deny=["@network-io"])", R"(allow=["socket"])"}).out, "ok\n")
      << "a name beats a group";
  EXPECT_EQ(act("socket-unix", {R"(deny=["@network-io"])", R"(allow=["@system-service"])"}).out,
            "ok\n")
      << "the later layer decides";
  EXPECT_EQ(act("clone3-user", {R"(allow=["@process"])"}).out, "ENOSYS\n");
  EXPECT_EQ(act("clone-user", {R"(allow=["@process"])"}).out, "EPERM\n");
}

TEST_F(Seccomp, RulesLookAtArguments) {
  const std::string unix_only =
      R"(rules=[{ syscalls = ["socket"], action = "errno:EACCES", args = ["0 == AF_UNIX"] }])";
  EXPECT_EQ(act("socket-unix", {unix_only}).out, "EACCES\n");
  EXPECT_EQ(act("socket-inet", {unix_only}).out, "ok\n");
  ASSERT_EQ(outside("socket-unix-garbage"), "ok\n") << "the control: the kernel sees an int";
  EXPECT_EQ(act("socket-unix-garbage", {unix_only}).out, "EACCES\n");
  const std::string kill = R"(rules=[{ syscalls = ["uname"], action = "kill" }])";
  EXPECT_EQ(act("uname", {}).out, "ok\n");
  EXPECT_EQ(act("uname", {kill}).code, 128 + SIGSYS);
  EXPECT_EQ(act("uname", {R"(rules=[{ syscalls = ["uname"], action = "trap" }])"}).code,
            128 + SIGSYS);
  EXPECT_EQ(act("uname", {R"(rules=[{ syscalls = ["uname"], action = "log" }])"}).out, "ok\n");
  EXPECT_EQ(act("uname", {kill, R"(rules=[{ syscalls = ["uname"], action = "errno:E2BIG" }])"}).out,
            "E2BIG\n")
      << "the rules of a later layer come first";
}

TEST_F(Seccomp, RefusedCallsMayEndTheProcess) {
  EXPECT_EQ(act("unshare-user", {}).out, "EPERM\n");
  EXPECT_EQ(act("unshare-user", {"on_deny=kill"}).code, 128 + SIGSYS);
  EXPECT_EQ(act("no-such-call", {"on_deny=kill"}).out, "ENOSYS\n");
  EXPECT_EQ(act("uname", {"on_deny=kill"}).out, "ok\n");
  EXPECT_EQ(act("uname", {"on_deny=kill", R"(deny=["uname"])"}).code, 128 + SIGSYS);
  EXPECT_EQ(act("uname", {"on_deny=log", R"(deny=["uname"])"}).out, "ok\n");
  EXPECT_EQ(act("uname", {"on_deny=errno", R"(deny=["uname"])"}).out, "EPERM\n");
}

TEST_F(Seccomp, SocketsAreOfTheseFamiliesOnly) {
  EXPECT_EQ(act("socket-inet", {}).out, "ok\n");
  EXPECT_EQ(act("socket-inet", {R"(sockets=["unix"])"}).out, "EAFNOSUPPORT\n");
  EXPECT_EQ(act("socket-unix", {R"(sockets=["unix"])"}).out, "ok\n");
  EXPECT_EQ(act("socket-unix", {"sockets=[]"}).out, "EAFNOSUPPORT\n");
  EXPECT_EQ(act("socket-inet", {R"(sockets=["!inet"])"}).out, "EAFNOSUPPORT\n");
  const std::string alg = outside("socket-alg");
  if (alg == "ok\n") {
    EXPECT_EQ(act("socket-alg", {}).out, "EAFNOSUPPORT\n");
    EXPECT_EQ(act("socket-alg", {R"(sockets=["alg"])"}).out, "ok\n");
  }
}

#ifdef __x86_64__
TEST_F(Seccomp, OtherAbisEndTheProcessUnlessTheyAreListed) {
  if (outside("getpid-32") == "ok\n") {
    EXPECT_EQ(act("getpid-32", {}).code, 128 + SIGSYS);
    EXPECT_EQ(act("getpid-32", {R"(arch=["i386"])"}).out, "ok\n");
    EXPECT_EQ(act("getpid-32", {R"(arch=["x86"])", "base=strict"}).out, "ok\n");
  }
  const std::string x32 = outside("getpid-x32");  // ENOSYS where the kernel has no x32
  EXPECT_EQ(act("getpid-x32", {}).code, 128 + SIGSYS);
  EXPECT_EQ(act("getpid-x32", {R"(arch=["x32"])"}).out, x32);
}
#endif

TEST_F(Seccomp, WhatTheStartNeedsCannotBeTakenAway) {
  for (const std::string setting :
       {R"(deny=["@default"])", R"(deny=["@process"])", R"(deny=["@signal"])",
        R"(rules=[{ syscalls = ["execve"], action = "errno:EPERM" }])",
        R"(rules=[{ syscalls = ["prctl"], action = "kill", args = ["0 == PR_GET_SECCOMP"] }])"}) {
    const Outcome outcome = act("uname", {setting});
    EXPECT_EQ(outcome.code, 125) << setting;
    EXPECT_NE(outcome.err.find("immure itself needs it"), std::string::npos) << outcome.err;
  }
  EXPECT_EQ(act("uname", {R"(deny=["@signal"])", R"(allow=["rt_sigprocmask"])"}).out, "ok\n");
}

// --- A filter in a file. ---

std::string bytes_of(const std::vector<sock_filter>& program) {
  return {reinterpret_cast<const char*>(program.data()), program.size() * sizeof(sock_filter)};
}

#ifdef __x86_64__
// Refuses uname(2) with EXDEV, and allows all else.
std::string no_uname() {
  return bytes_of({{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                   {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 63},
                   {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | 18},
                   {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}});
}

TEST_F(Seccomp, AFilterInAFileIsStackedOnTop) {
  const TempDir place;
  const std::string raw = "file=" + place.write("filter.bpf", no_uname());
  EXPECT_EQ(act("uname", {raw}).out, "EXDEV\n");
  EXPECT_EQ(act("unshare-user", {raw}).out, "EPERM\n") << "the base still refuses";
  EXPECT_EQ(act("uname", {raw, "base=none"}).out, "EXDEV\n");
  EXPECT_EQ(act("uname", {raw, R"(rules=[{ syscalls = ["uname"], action = "allow" }])"}).out,
            "EXDEV\n")
      << "no rule opens what the file refuses";
}

TEST_F(Seccomp, AFilterOfOciIsTaken) {
  const TempDir place;
  const std::string json = "file=" + place.write("seccomp.json", R"({
    "defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [
      { "names": ["uname", "a_call_of_the_future"], "action": "SCMP_ACT_ERRNO", "errnoRet": 7 },
      { "names": ["socket"], "action": "SCMP_ACT_ERRNO",
        "args": [{ "index": 0, "value": 1, "op": "SCMP_CMP_EQ" }] } ] })");
  EXPECT_EQ(act("uname", {json}).out, "E2BIG\n");
  EXPECT_EQ(act("socket-unix", {json}).out, "EPERM\n");
  EXPECT_EQ(act("socket-inet", {json}).out, "ok\n");
}
#endif

TEST_F(Seccomp, AFileThatIsNoFilterIsRefused) {
  const TempDir place;
  const auto refused = [&](const std::string& text) {
    const Outcome outcome = act("uname", {"file=" + place.write("f", text)});
    EXPECT_EQ(outcome.code, 125);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_NE(refused("1234567").find("no whole number of instructions"), std::string::npos);
  EXPECT_NE(refused("{ broken").find("E383"), std::string::npos);
  EXPECT_NE(refused(R"({"defaultAction":"SCMP_ACT_KILL"})").find("can't be denied"),
            std::string::npos);
  const std::string path = place.write("open.bpf", "x");
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_NE(act("uname", {"file=" + path}).err.find("can be written by others"), std::string::npos);
  EXPECT_NE(act("uname", {"file=/no/such/file"}).err.find("ENOENT"), std::string::npos);
}

TEST_F(Seccomp, ExplainNamesTheLineOfEachCall) {
  const Outcome page = run(
      {.argv = {binary(), "explain", "--seccomp", "--set", R"(seccomp.deny=["uname"])", "--set",
                R"(seccomp.rules=[{ syscalls = ["dup2"], action = "kill", args = ["0 == 7"] }])",
                "true"}});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_NE(page.out.find("uname: fails with EPERM"), std::string::npos);
  EXPECT_NE(page.out.find("dup2: kill the process if 0 == 7"), std::string::npos);
  EXPECT_NE(page.out.find("ptrace: fails with EPERM, by standard"), std::string::npos) << page.out;
  const Outcome json = run({.argv = {binary(), "explain", "--seccomp", "--as", "json", "true"}});
  EXPECT_EQ(json.code, 0) << json.err;
  EXPECT_NE(json.out.find(R"("call": "ptrace")"), std::string::npos);
}

}  // namespace
}  // namespace immure::test
