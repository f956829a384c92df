// Pid 1 of the sandbox is immure's own process: nobody inside takes it over, looks into it, or ends
// it. Not even a command that keeps every capability of its user namespace and has no filter.
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <map>

#include "attack/attack.h"

namespace immure::test {
namespace {

// Started as the control's victim: a process of the same user, which another may do all this to.
class P02InitUnreachable : public AttackTest {
 protected:
  // The same against a process of ours outside, and against pid 1 inside: of an ordinary command,
  // and of one with all capabilities and no filter.
  static void expect_refused_by_init(const std::string& attack, const Argv& act,
                                     const std::string& filtered, const std::string& unfiltered) {
    const std::map<std::string, Argv> commands{
        {"", {}}, {" with all capabilities", powerful()}, {" as root inside", root()}};
    for (const auto& [who, options] : commands) {
      const Running victim(Program{.argv = {"sleep", "60"}});
      expect_held({.promise = 2,
                   .attack = attack + who,
                   .control = outside(against(act, victim.pid())),
                   .inside = inside(against(act, 1), options)},
                  // EPERM: Landlock refuses before anything else is looked at.
                  {who.empty() ? filtered : unfiltered, "EPERM"});
    }
  }

  static Argv powerful() { return {"--set", "caps.keep=[\"ALL\"]", "--set", "seccomp.base=none"}; }
  static Argv root() {
    Argv options = powerful();
    options.insert(options.end(), {"--set", "user.uid=0", "--set", "user.gid=0"});
    return options;
  }
  static Argv against(const Argv& act, pid_t pid) {
    Argv command{IMMURE_ATTACK_PAYLOAD, act[0], std::to_string(pid)};
    command.insert(command.end(), act.begin() + 1, act.end());
    return command;
  }
};

TEST_F(P02InitUnreachable, ByPtrace) {
  expect_refused_by_init("attach", {"attach"}, "EPERM", "EPERM");
  expect_refused_by_init("seize", {"seize"}, "EPERM", "EPERM");
}

TEST_F(P02InitUnreachable, ByItsFilesInProc) {
  for (const std::string name : {"environ", "auxv", "maps", "fd", "fdinfo", "map_files"}) {
    expect_refused_by_init("read its " + name, {"open-of", name}, "EACCES", "EACCES");
  }
  for (const std::string name : {"mem", "clear_refs"}) {
    expect_refused_by_init("write its " + name, {"open-of", name, "w"}, "EACCES", "EACCES");
  }
  for (const std::string name : {"exe", "root", "cwd", "ns/mnt", "ns/user"}) {
    expect_refused_by_init("read its link " + name, {"link-of", name}, "EACCES", "EACCES");
  }
}

TEST_F(P02InitUnreachable, ThroughItsMemory) {
  expect_refused_by_init("process_vm_readv", {"read-memory"}, "EPERM", "EPERM");
  expect_refused_by_init("process_vm_writev", {"write-memory"}, "EPERM", "EPERM");
}

TEST_F(P02InitUnreachable, ThroughItsDescriptors) {
  expect_refused_by_init("pidfd_getfd", {"take-descriptor"}, "EPERM", "EPERM");
}

TEST_F(P02InitUnreachable, BySignals) {
  // Before ABI 6 of Landlock it is the kernel that keeps them from pid 1, and says nothing.
  const long abi =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  const std::string kept_by = abi < 6 ? "unhurt" : "EPERM";
  for (const std::string number : {"9", "19", "11"}) {
    expect_refused_by_init("signal " + number, {"send-signal", number}, kept_by, kept_by);
  }
}

}  // namespace
}  // namespace immure::test
