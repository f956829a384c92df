// Nested namespaces are closed unless asked for, by two walls: the filter, and the namespaces'
// maxima.
#include "attack/attack.h"

namespace immure::test {
namespace {

class P18NestedNamespaces : public AttackTest {};

struct Kind {
  std::string name, flag;
};

TEST_F(P18NestedNamespaces, NoKindIsMadeByAnyCall) {
  const Argv powerful{"--set", "caps.keep=[\"ALL\"]"};
  const Argv unfiltered{"--set", "caps.keep=[\"ALL\"]", "--set", "seccomp.base=none"};
  for (const Kind& kind :
       {Kind{"user", "0x10000000"}, Kind{"mount", "0x00020000"}, Kind{"pid", "0x20000000"},
        Kind{"network", "0x40000000"}, Kind{"ipc", "0x08000000"}, Kind{"uts", "0x04000000"},
        Kind{"cgroup", "0x02000000"}, Kind{"time", "0x00000080"}}) {
    for (const std::string call : {"unshare", "clone", "clone3"}) {
      if (kind.name == "time" && call != "unshare") continue;  // clone(2) takes it for a signal
      const Argv act = payload({call, kind.flag});
      Argv control{"unshare", "--user", "--map-root-user"};
      control.insert(control.end(), act.begin(), act.end());
      const std::string alone = outside(control);
      const std::string name = "a " + kind.name + " namespace by " + call;
      const std::string refusal = call == "clone3" ? "ENOSYS" : "EPERM";
      expect_held({18, name, alone, inside(act)}, {refusal});
      expect_held({18, name + " with all capabilities", alone, inside(act, powerful)}, {refusal});
      expect_held({18, name + " without the filter", alone, inside(act, unfiltered)}, {"ENOSPC"});
    }
  }
}

// What is shown of it is read-only, and no way to set the maxima.
TEST_F(P18NestedNamespaces, NorWhereProcIsThatOfTheHost) {
  const Argv act = payload({"unshare", "0x10000000"});
  expect_held({.promise = 18,
               .attack = "a user namespace below the host's /proc, without the filter",
               .control = outside(act),
               .inside = inside(act, {"--set", "root.proc=host", "--set", "seccomp.base=none"})},
              {"ENOSPC"});
}

// The maxima belong to a namespace whose root a command can be.
TEST_F(P18NestedNamespaces, TheMaximaAreNotRaised) {
  const Argv raise = payload({"write", "/proc/sys/user/max_user_namespaces", "9"});
  Argv control{"unshare", "--user", "--map-root-user"};
  control.insert(control.end(), raise.begin(), raise.end());
  const std::string alone = outside(control);
  for (const std::string base : {"standard", "none"}) {
    expect_held({.promise = 18,
                 .attack = "raise the maximum as root inside, filter " + base,
                 .control = alone,
                 .inside = inside(raise, {"--set", "user.uid=0", "--set", "user.gid=0", "--set",
                                          "caps.keep=[\"ALL\"]", "--set", "seccomp.base=" + base})},
                {"EROFS"});
  }
}

}  // namespace
}  // namespace immure::test
