// The least that makes the sandbox S: what no launcher of it can be faster than. A yardstick for
// the benchmark, not a launcher: no policy, no message, no clean failure.
//
//   floor [-r] PAYLOAD        -r: a reaper is pid 1, and the payload its child
//
// S: user, mount, pid, ipc, uts, net and cgroup namespaces; /usr read-only, links to it; a tmpfs
// root that holds /tmp and /dev; six device nodes, devpts; /proc; lo up; no capability,
// no_new_privs.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Kernel numbers that musl's headers do not all have.
enum {
  nr_open_tree = 428,
  nr_move_mount = 429,
  nr_fsopen = 430,
  nr_fsconfig = 431,
  nr_fsmount = 432,
  nr_mount_setattr = 442,
  tree_clone = 1,
  recursive = 0x8000,
  empty_path = 0x1000,
  from_descriptor = 0x04,
  to_descriptor = 0x40,
  read_only = 1,
  nosuid = 2,
  nodev = 4,
  noexec = 8,
  make_private = 1 << 18,
  config_flag = 0,
  config_string = 1,
  config_create = 6,
  new_cgroup = 0x02000000,
};
struct attributes {
  uint64_t set, clear, propagation, userns;
};
struct capability_header {
  uint32_t version;
  int pid;
};

static char** payload;
static int with_reaper;
static uid_t uid;
static gid_t gid;

static long must(long result) {
  if (result >= 0) return result;
  dprintf(2, "floor: %s\n", strerror(errno));
  _exit(125);
}

static void put(const char* path, const char* text) {
  const int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC));
  must(write(fd, text, strlen(text)));
  close(fd);
}

static void map_ids(void) {
  char line[48];
  snprintf(line, sizeof line, "%u %u 1\n", uid, uid);
  put("/proc/self/uid_map", line);
  put("/proc/self/setgroups", "deny");
  snprintf(line, sizeof line, "%u %u 1\n", gid, gid);
  put("/proc/self/gid_map", line);
}

// A detached mount of this type; options are pairs, a null value is a flag.
static int detached(const char* type, const char* const* options, unsigned flags) {
  const int context = (int)must(syscall(nr_fsopen, type, 1));
  for (; options && *options; options += 2) {
    must(syscall(nr_fsconfig, context, options[1] ? config_string : config_flag, options[0],
                 options[1], 0));
  }
  must(syscall(nr_fsconfig, context, config_create, 0, 0, 0));
  const int tree = (int)must(syscall(nr_fsmount, context, 1, flags));
  close(context);
  return tree;
}

static void attach(int tree, int directory, const char* name) {
  must(syscall(nr_move_mount, tree, "", directory, name,
               from_descriptor | (*name ? 0 : to_descriptor)));
  close(tree);
}

static void show(const char* source, int root, const char* name, unsigned flags, int deep) {
  const int depth = deep ? recursive : 0;
  const int tree =
      (int)must(syscall(nr_open_tree, AT_FDCWD, source, tree_clone | O_CLOEXEC | depth));
  const struct attributes wanted = {flags, 0, make_private, 0};
  must(syscall(nr_mount_setattr, tree, "", empty_path | depth, &wanted, sizeof wanted));
  attach(tree, root, name);
}

static void touch(int root, const char* name) {
  close((int)must(openat(root, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0666)));
}

static void make_dev(int root) {
  static const char* const nodes[] = {"dev/null",   "dev/zero",    "dev/full",
                                      "dev/random", "dev/urandom", "dev/tty"};
  static const char* const links[][2] = {{"/proc/self/fd", "dev/fd"},
                                         {"/proc/self/fd/0", "dev/stdin"},
                                         {"/proc/self/fd/1", "dev/stdout"},
                                         {"/proc/self/fd/2", "dev/stderr"},
                                         {"pts/ptmx", "dev/ptmx"}};
  static const char* const terminals[] = {"newinstance", 0, "ptmxmode", "0666", "mode", "620", 0};
  must(mkdirat(root, "dev", 0755));
  must(mkdirat(root, "dev/pts", 0755));
  must(mkdirat(root, "dev/shm", 01777));
  for (unsigned i = 0; i < sizeof links / sizeof links[0]; ++i) {
    must(symlinkat(links[i][0], root, links[i][1]));
  }
  for (unsigned i = 0; i < sizeof nodes / sizeof nodes[0]; ++i) {
    char source[32] = "/";
    strcat(source, nodes[i]);
    touch(root, nodes[i]);
    show(source, root, nodes[i], nosuid | noexec, 0);
  }
  attach(detached("devpts", terminals, nosuid | noexec), root, "dev/pts");
}

static void make_root(void) {
  static const char* const mode[] = {"mode", "755", 0};
  const int root = detached("tmpfs", mode, nosuid | nodev);
  static const char* const links[] = {"bin", "lib", "lib64", "sbin"};
  for (unsigned i = 0; i < sizeof links / sizeof links[0]; ++i) {
    char text[16] = "usr/";
    strcat(text, links[i]);
    must(symlinkat(text, root, links[i]));
  }
  must(mkdirat(root, "usr", 0755));
  must(mkdirat(root, "proc", 0755));
  must(mkdirat(root, "tmp", 01777));
  touch(root, "payload");
  show("/usr", root, "usr", read_only | nosuid | nodev, 1);
  show(payload[0], root, "payload", read_only | nosuid | nodev, 0);
  make_dev(root);
  attach(detached("proc", 0, nosuid | nodev | noexec), root, "proc");
  must(syscall(nr_move_mount, root, "", AT_FDCWD, "/tmp", from_descriptor));
  must(fchdir(root));
  close(root);
  must(syscall(SYS_pivot_root, ".", "."));
  must(syscall(SYS_umount2, ".", 2));
  must(chdir("/"));
}

static void raise_loopback(void) {
  const int any = (int)must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct ifreq request;
  memset(&request, 0, sizeof request);
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  must(ioctl(any, SIOCSIFFLAGS, &request));
  close(any);
}

static void drop_privileges(void) {
  for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  const struct capability_header header = {0x20080522, 0};
  const uint32_t none[6] = {0};
  must(syscall(SYS_capset, &header, none));
}

static int first_process(void* unused) {
  (void)unused;
  map_ids();
  make_root();
  raise_loopback();
  drop_privileges();
  pid_t command = 0;
  if (with_reaper) command = (pid_t)must(vfork());
  if (command == 0) {
    execv("/payload", payload);
    _exit(127);
  }
  int status = 0;
  for (;;) {
    const pid_t ended = wait(&status);
    if (ended == command || ended < 0) _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
  }
}

int main(int argc, char** argv) {
  static char stack[1 << 16] __attribute__((aligned(16)));
  with_reaper = argc > 1 && strcmp(argv[1], "-r") == 0;
  payload = argv + 1 + with_reaper;
  if (payload[0] == NULL) return 2;
  uid = getuid();
  gid = getgid();
  const int kinds = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
                    CLONE_NEWNET | new_cgroup;
  const int share = with_reaper ? 0 : CLONE_VM | CLONE_VFORK;
  const pid_t child =
      (pid_t)must(clone(first_process, stack + sizeof stack, kinds | share | SIGCHLD, NULL));
  int status = 0;
  must(waitpid(child, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
