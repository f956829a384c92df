// Starts a program on a kernel without the newer calls, as a filter plays it: they answer ENOSYS.
//
//   without_features COMMAND…
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define REFUSE(call)                                 \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)

int main(int argc, char** argv) {
  static struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      REFUSE(SYS_landlock_create_ruleset),
      REFUSE(SYS_landlock_add_rule),
      REFUSE(SYS_landlock_restrict_self),
      REFUSE(SYS_openat2),
      REFUSE(SYS_open_tree),
      REFUSE(SYS_mount_setattr),
      REFUSE(SYS_move_mount),
      REFUSE(SYS_fsopen),
      REFUSE(SYS_fsconfig),
      REFUSE(SYS_fsmount),
      REFUSE(SYS_fspick),
      REFUSE(SYS_close_range),
      REFUSE(SYS_pidfd_open),
      REFUSE(SYS_pidfd_send_signal),
      REFUSE(SYS_pidfd_getfd),
      REFUSE(SYS_clone3),
      REFUSE(457),  // statmount(2)
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = {sizeof program / sizeof *program, program};
  if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    perror("without_features");
    return 2;
  }
  execv(argv[1], argv + 1);
  perror(argv[1]);
  return 2;
}
