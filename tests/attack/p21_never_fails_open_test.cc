// It never fails open: a call that reports success and did nothing is found out, or changes
// nothing.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "attack/attack.h"

namespace immure::test {
namespace {

// From now on this call answers 0 in this process and its children, and does nothing.
void lie_about(unsigned call, unsigned first_argument, bool any_argument) {
  std::array<sock_filter, 6> program{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offsetof(seccomp_data, nr))),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offsetof(seccomp_data, args))),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first_argument, 0,
                static_cast<__u8>(any_argument ? 0 : 1)),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

struct Lie {
  std::string name;
  unsigned call = 0;
  unsigned first_argument = 0;
  bool any_argument = true;
};

class P21NeverFailsOpen : public AttackTest {
 protected:
  static std::string lied_to(const Lie& lie, const Argv& argv) {
    Program program{.argv = argv};
    program.before_exec = [lie] { lie_about(lie.call, lie.first_argument, lie.any_argument); };
    const Outcome outcome = run(program);
    return outcome.code == 125 ? "125" : trimmed(outcome.out) + trimmed(outcome.err);
  }
};

// What the sandbox is like, without the numbers that every start has anew.
const char* const kProbe =
    "grep -E '^(Cap|NoNewPrivs|Uid|Gid|Groups)' /proc/self/status; "
    "cut -d' ' -f4- /proc/self/mountinfo | sed 's/ - .*//' | sort; "
    "cat /proc/sys/kernel/hostname /proc/self/uid_map /proc/self/setgroups; cat /proc/self/limits; "
    "ls /proc/self/fd | wc -l; ls / /proc/1 | sort; cat /proc/1/environ 2>&1; "
    "unshare -U true 2>&1; cat /proc/sys/user/max_user_namespaces; tail -n +3 /proc/net/dev | wc "
    "-l";

TEST_F(P21NeverFailsOpen, WhenACallLies) {
  const std::string whole = inside({"sh", "-c", kProbe});
  for (const Lie& lie : {Lie{"prctl(PR_SET_DUMPABLE)", SYS_prctl, PR_SET_DUMPABLE, false},
                         Lie{"prctl(PR_CAPBSET_DROP)", SYS_prctl, PR_CAPBSET_DROP, false},
                         Lie{"prctl(PR_SET_SECUREBITS)", SYS_prctl, PR_SET_SECUREBITS, false},
                         Lie{"prctl(PR_SET_SECCOMP)", SYS_prctl, PR_SET_SECCOMP, false},
                         Lie{"prctl(PR_SET_PDEATHSIG)", SYS_prctl, PR_SET_PDEATHSIG, false},
                         Lie{"capset", SYS_capset},
                         Lie{"seccomp", SYS_seccomp},
                         Lie{"mount_setattr", SYS_mount_setattr},
                         Lie{"chroot", SYS_chroot},
                         Lie{"close_range", SYS_close_range},
                         Lie{"move_mount", SYS_move_mount},
                         Lie{"umount2", SYS_umount2},
                         Lie{"pivot_root", SYS_pivot_root},
                         Lie{"sethostname", SYS_sethostname},
                         Lie{"setrlimit", SYS_setrlimit},
                         Lie{"keyctl", SYS_keyctl},
                         Lie{"setgroups", SYS_setgroups},
                         Lie{"unshare", SYS_unshare},
                         Lie{"mount", SYS_mount},
                         Lie{"landlock_restrict_self", SYS_landlock_restrict_self}}) {
    // The control believes it.
    const Argv believe = payload({"call", std::to_string(lie.call)});
    Lie unconditional = lie;
    unconditional.any_argument = true;
    const std::string result = lied_to(lie, immure_run({}, {"sh", "-c", kProbe}).argv);
    expect_held({.promise = 21,
                 .attack = lie.name + " that does nothing",
                 .control = lied_to(unconditional, believe),
                 .inside = result == whole ? "as strong" : result},
                {"125", "as strong"});
  }
}

}  // namespace
}  // namespace immure::test
