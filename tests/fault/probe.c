// The command of the fault tests: says what holds around it, without numbers that change from run
// to run, so that two sandboxes are equally strong if it says the same in both.
//
//   probe KIND=LINK… caller=DEVICE:INODE DIRECTORY…   the links of /proc/self/ns outside; the
//                                                     caller's terminal; directories to be listed
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static void say_status(void) {
  static const char* const fields[] = {
      "Umask",  "Uid",    "Gid",        "Groups",  "CapInh", "CapPrm", "CapEff",
      "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn", "Seccomp_filters"};
  FILE* file = fopen("/proc/self/status", "re");
  char line[4096];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    for (size_t i = 0; i < sizeof fields / sizeof *fields; ++i) {
      const size_t length = strlen(fields[i]);
      if (strncmp(line, fields[i], length) == 0 && line[length] == ':') fputs(line, stdout);
    }
  }
  if (file != NULL) fclose(file);
}

static void say_process(void) {
  struct sched_param parameters = {0};
  int death = -1, tsc = -1;
  prctl(PR_GET_PDEATHSIG, &death);
  prctl(PR_GET_TSC, &tsc);
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  sched_getaffinity(0, sizeof cpus, &cpus);
  sched_getparam(0, &parameters);
  printf("securebits %d dumpable %d death signal %d tsc %d mdwe %d persona %x\n",
         prctl(PR_GET_SECUREBITS), prctl(PR_GET_DUMPABLE), death, tsc, prctl(66, 0, 0, 0, 0),
         (unsigned)personality(0xffffffff));
  printf("pid %d own session %d least nice %d policy %d:%d io %ld cpus %d\n", getpid(),
         getsid(0) == getpid(), getpriority(PRIO_PROCESS, 0) == 19, sched_getscheduler(0),
         parameters.sched_priority, syscall(SYS_ioprio_get, 1, 0), CPU_COUNT(&cpus));
  for (int i = 0; i < RLIM_NLIMITS; ++i) {
    struct rlimit limit = {0, 0};
    getrlimit(i, &limit);
    printf("limit %d %llx %llx\n", i, (unsigned long long)limit.rlim_cur,
           (unsigned long long)limit.rlim_max);
  }
  struct utsname names;
  uname(&names);
  char cwd[4096] = "?";
  printf("host %s domain %s cwd %s\n", names.nodename, names.domainname,
         getcwd(cwd, sizeof cwd) != NULL ? cwd : "?");
  for (char** variable = environ; *variable != NULL; ++variable) printf("env %s\n", *variable);
}

// The namespace is "shared" where its link is the one outside.
static void say_namespace(const char* argument) {
  char path[64], link[64] = "", kind[16] = "";
  const char* outside = strchr(argument, '=') + 1;
  snprintf(kind, sizeof kind, "%.*s", (int)(outside - 1 - argument), argument);
  snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
  const ssize_t length = readlink(path, link, sizeof link - 1);
  printf("namespace %s %s\n", kind,
         length < 0                   ? strerror(errno)
         : strcmp(link, outside) == 0 ? "shared"
                                      : "own");
}

// Point, type, the flags that protect, propagation, limits.
static void say_mounts(void) {
  FILE* file = fopen("/proc/self/mountinfo", "re");
  static char line[16384];
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    char root[4096], point[4096], options[512];
    int end = 0;
    sscanf(line, "%*s %*s %*s %4095s %4095s %511s%n", root, point, options, &end);
    char* rest = line + end;
    const int linked = strstr(rest, "shared:") != NULL || strstr(rest, "master:") != NULL;
    char* tail = strstr(rest, " - ");
    char type[64] = "", super[4096] = "";
    if (tail != NULL) sscanf(tail, " - %63s %*s %4095s", type, super);
    printf("mount %s on %s %s", root, point, type);
    for (char* word = strtok(options, ","); word != NULL; word = strtok(NULL, ",")) {
      if (strstr("ro nosuid nodev noexec", word) != NULL) printf(" %s", word);
    }
    if (linked) printf(" linked");
    for (char* word = strtok(super, ","); word != NULL; word = strtok(NULL, ",")) {
      if (strncmp(word, "size=", 5) == 0 || strncmp(word, "nr_inodes=", 10) == 0 ||
          strncmp(word, "max=", 4) == 0 || strncmp(word, "hidepid", 7) == 0 ||
          strncmp(word, "subset", 6) == 0 || strncmp(word, "mode=", 5) == 0) {
        printf(" %s", word);
      }
    }
    putchar('\n');
  }
  if (file != NULL) fclose(file);
}

static void say_file(const char* path, int with_text) {
  char text[512];
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  printf("read %s: ", path);
  if (length < 0) {
    puts(strerror(errno));
  } else if (!with_text) {
    puts("can be read");
  } else {
    text[length] = '\0';
    printf("%zd %s%s", length, text, length == 0 || text[length - 1] != '\n' ? "\n" : "");
  }
  if (fd >= 0) close(fd);
}

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void say_directory(const char* path) {
  struct dirent** entries;
  const int count = scandir(path, &entries, NULL, by_name);
  if (count < 0) printf("list %s: %s\n", path, strerror(errno));
  for (int i = 0; i < count; ++i) {
    char name[8192], link[4096] = "";
    struct stat status = {0};
    snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    lstat(name, &status);
    if (S_ISLNK(status.st_mode) && readlink(name, link, sizeof link - 1) < 0) link[0] = '?';
    link[strcspn(link, "0123456789")] = '\0';  // pipe:[…]
    if (strcmp(entries[i]->d_name, "..") != 0) {
      printf("entry %s %o %u:%u %s\n", name, status.st_mode, status.st_uid, status.st_gid, link);
    }
    free(entries[i]);
  }
  const int fd = open(path, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
  printf("write in %s: %s\n", path, fd < 0 ? strerror(errno) : "ok");
  if (fd >= 0) close(fd);
}

static void say_call(const char* name, long result) {
  printf("call %s: %s\n", name, result == -1 ? strerror(errno) : "ok");
}

static long clone_with(unsigned long flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid;
}

// One port that a profile allows, and one that it does not. Nobody listens.
static void say_ports(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  static const unsigned short ports[] = {8080, 8081, 443, 444};
  for (size_t i = 0; i < sizeof ports / sizeof *ports; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_port = htons(ports[i]);
    const struct sockaddr* at = (const struct sockaddr*)&address;
    char name[32];
    snprintf(name, sizeof name, "bind port %u", ports[i]);
    say_call(name, bind(fd, at, sizeof address));
    snprintf(name, sizeof name, "connect to port %u", ports[i]);
    say_call(name, connect(fd, at, sizeof address));
    if (fd >= 0) close(fd);
  }
}

// Whose terminal it is, and whether we are in front of it.
static void say_terminal(const char* callers) {
  for (int fd = 0; fd < 3; ++fd) {
    struct stat status = {0};
    char own[64] = "?";
    if (fstat(fd, &status) == 0) {
      snprintf(own, sizeof own, "%lu:%lu", (unsigned long)status.st_dev,
               (unsigned long)status.st_ino);
    }
    printf("descriptor %d: terminal %d in front %d the caller's %d\n", fd, isatty(fd),
           tcgetpgrp(fd) == getpgrp(), strcmp(own, callers) == 0);
  }
}

static void say_calls(void) {
  char text[4096];
  say_call("unshare user", unshare(CLONE_NEWUSER));
  say_call("unshare mount", unshare(CLONE_NEWNS));
  say_call("clone user", clone_with(CLONE_NEWUSER));
  say_call("clone net", clone_with(CLONE_NEWNET));
  say_call("mount", mount("tmpfs", "/tmp", "tmpfs", 0, NULL));
  say_call("umount", umount2("/proc", MNT_DETACH));
  say_call("remount", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
  say_call("pivot_root", syscall(SYS_pivot_root, ".", "."));
  say_call("chroot", chroot("/proc"));
  say_call("mknod", mknod("/tmp/device", S_IFCHR | 0666, 0x103));
  say_call("sethostname", sethostname("other", 5));
  say_call("setuid", setuid(0));
  say_call("setgroups", syscall(SYS_setgroups, 0, NULL));
  say_call("ptrace init", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
  say_call("init memory", open("/proc/1/mem", O_RDWR | O_CLOEXEC));
  say_call("init exe", readlink("/proc/1/exe", text, sizeof text));
  say_call("init root", open("/proc/1/root/", O_RDONLY | O_CLOEXEC));
  say_call("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
  say_call("add_key",
           syscall(SYS_add_key, "user", "immure-test", "x", 1L, KEY_SPEC_PROCESS_KEYRING));
  say_call("bpf", syscall(SYS_bpf, 0, text, 8));
  say_call("perf", syscall(SYS_perf_event_open, text, 0, -1, -1, 0));
  say_call("userfaultfd", syscall(SYS_userfaultfd, 0));
  say_call("io_uring", syscall(SYS_io_uring_setup, 0, NULL));
  say_call("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
  say_call("packet", socket(AF_PACKET, SOCK_RAW, 0));
  say_call("inet", socket(AF_INET, SOCK_STREAM, 0));
  say_call("ioctl TIOCSTI", ioctl(0, TIOCSTI, "x"));
  say_call("ioctl TIOCLINUX", ioctl(0, TIOCLINUX, "x"));
  say_call("personality", personality(0x0040000));
  say_call("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, text, 0));
  say_call("lseek", lseek(0, 0, 77));
  say_call("times", times(&(struct tms){0}));
  say_call("timer", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  say_ports();
  say_call("raise limit", setrlimit(RLIMIT_CORE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}));
  say_call("write sysctl", open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC));
  say_call("write host name", open("/proc/sys/kernel/hostname", O_WRONLY | O_CLOEXEC));
  say_call("terminal", open("/dev/tty", O_RDWR | O_CLOEXEC));
  say_call("gain exec", (long)syscall(SYS_mprotect, (unsigned long)&say_calls & ~4095UL, 4096, 7));
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOFBF, 1 << 16);
  say_status();
  say_process();
  say_mounts();
  static const char* const files[] = {"/proc/self/uid_map",
                                      "/proc/self/gid_map",
                                      "/proc/self/setgroups",
                                      "/proc/self/timens_offsets",
                                      "/proc/self/oom_score_adj",
                                      "/proc/sys/user/max_user_namespaces",
                                      "/proc/sys/user/max_mnt_namespaces",
                                      "/proc/sys/user/max_net_namespaces",
                                      "/proc/sys/fs/mqueue/msg_max",
                                      "/etc/motd",
                                      "/etc/passwd",
                                      "/etc/group",
                                      "/etc/hostname"};
  static const char* const masked[] = {"/proc/kcore",         "/proc/keys",
                                       "/proc/key-users",     "/proc/timer_list",
                                       "/proc/sysrq-trigger", "/proc/interrupts"};
  for (size_t i = 0; i < sizeof files / sizeof *files; ++i) say_file(files[i], 1);
  for (size_t i = 0; i < sizeof masked / sizeof *masked; ++i) say_file(masked[i], 0);
  say_directory("/proc/self/fd");
  for (int i = 1; i < argc; ++i) {
    if (strncmp(argv[i], "caller=", 7) == 0) {
      say_terminal(argv[i] + 7);
    } else if (strchr(argv[i], '=') != NULL) {
      say_namespace(argv[i]);
    } else {
      say_directory(argv[i]);
    }
  }
  FILE* net = fopen("/proc/net/dev", "re");
  char line[512];
  while (net != NULL && fgets(line, sizeof line, net) != NULL) {
    line[strcspn(line, ":")] = '\0';
    if (strchr(line, '|') == NULL) printf("interface %s\n", line);
  }
  say_calls();
  fflush(stdout);
  // By the process itself, so that nothing of it is left to close.
  return 0;
}
