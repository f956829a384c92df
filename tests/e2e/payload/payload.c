// Does one thing with plain system calls and says how it went: "ok", or the name of errno. Static,
// so that it runs in any sandbox, and outside of one as the control of the same test.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char* argument;

static long unshare_user(void) { return unshare(CLONE_NEWUSER); }
static long unshare_mount(void) { return unshare(CLONE_NEWNS); }
static long clone_user(void) {
  long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid;
}
static long mount_tmpfs(void) { return mount("tmpfs", "/tmp", "tmpfs", 0, NULL); }
static long remount_usr(void) { return mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL); }
static long unmount_proc(void) { return umount2("/proc", MNT_DETACH); }
static long chroot_tmp(void) { return chroot("/tmp"); }
static long make_device(void) { return mknod("/tmp/null", S_IFCHR | 0666, (dev_t)0x103); }
static long set_host_name(void) { return sethostname("other", 5); }
static long become_root(void) { return setuid(0); }
static long search_session_keyring(void) {
  return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
}
static long add_key(void) {
  return syscall(SYS_add_key, "user", "immure-test", "x", 1L, KEY_SPEC_PROCESS_KEYRING);
}
static long trace_init(void) { return ptrace(PTRACE_ATTACH, 1, NULL, NULL); }
static long open_init_memory(void) { return open("/proc/1/mem", O_RDWR | O_CLOEXEC); }
static long link_of_init_exe(void) {
  char buffer[4096];
  return readlink("/proc/1/exe", buffer, sizeof buffer);
}
static long set_id_mode(void) { return chmod(argument, 04755); }
static long open_write(void) { return open(argument, O_WRONLY | O_CREAT | O_CLOEXEC, 0644); }
static long open_read(void) { return open(argument, O_RDONLY | O_CLOEXEC); }
static long socket_of(int family, int type) { return socket(family, type | SOCK_CLOEXEC, 0); }
static long socket_unix(void) { return socket_of(AF_UNIX, SOCK_STREAM); }
static long socket_inet(void) { return socket_of(AF_INET, SOCK_STREAM); }
static long socket_vsock(void) { return socket_of(AF_VSOCK, SOCK_STREAM); }
static long socket_alg(void) { return socket_of(AF_ALG, SOCK_SEQPACKET); }
// Of the abstract name: "ok" only where somebody listens.
static long connect_abstract(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  size_t length = strlen(argument);
  if (length >= sizeof name.sun_path) return -1;
  memcpy(name.sun_path + 1, argument, length);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
  return connect(socket_unix(), (struct sockaddr*)&name, size);
}
static long tcp(int (*call)(int, const struct sockaddr*, socklen_t)) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return call(socket_inet(), (struct sockaddr*)&address, sizeof address);
}
static long tcp_bind(void) { return tcp(bind); }
static long tcp_connect(void) { return tcp(connect); }
static long can_signal(void) { return kill(atoi(argument), 0); }
static long message_queue(void) {
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 8};
  return mq_open("/immure-test", O_RDWR | O_CREAT, 0600, &attributes);
}
static long open_terminal(void) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
  int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  struct winsize size = {.ws_row = 24, .ws_col = 80};
  return slave < 0 ? -1 : ioctl(slave, TIOCSWINSZ, &size);
}
static long socket_packet(void) { return socket_of(AF_PACKET, SOCK_RAW); }
// An int to the kernel, which does not see the upper half.
static long socket_unix_garbage(void) {
  return syscall(SYS_socket, 0xdeadbeef00000000UL | AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static long uname_of_kernel(void) {
  char names[6 * 65];
  return syscall(SYS_uname, names);
}
static long no_such_call(void) { return syscall(1023); }
static long getpid_x32(void) { return syscall(0x40000000 | SYS_getpid); }
static long io_uring(void) {
  char parameters[120] = {0};
  return syscall(SYS_io_uring_setup, 1, parameters);
}
static long user_fault(void) { return syscall(SYS_userfaultfd, O_CLOEXEC | 1); }
static long clone3_user(void) {
  unsigned long arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  long pid = syscall(SYS_clone3, arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid;
}
static long perf(void) {
  char attributes[128] = {0};
  return syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0L);
}
// In a child, which has what a command's own children have. EFAULT: it ended by SIGSEGV.
static long read_tsc(void) {
#if defined(__x86_64__) || defined(__i386__)
  const pid_t pid = fork();
  if (pid == 0) {
    __builtin_ia32_rdtsc();
    _exit(0);
  }
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) < 0) return -1;
  errno = EFAULT;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV ? -1 : 0;
#else
  errno = ENOSYS;
  return -1;
#endif
}
static long open_tsc(void) { return prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0); }

// By the calls of i386, of which the numbers are others.
static long call_32(long number, long first, long second) {
#ifdef __x86_64__
  long result = number;
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(first), "c"(second), "d"(0), "S"(0), "D"(0)
                   : "memory", "r8", "r9", "r10", "r11");
  if (result >= 0) return result;
  errno = (int)-result;
#else
  (void)number, (void)first, (void)second;
  errno = ENOSYS;
#endif
  return -1;
}
static long getpid_32(void) { return call_32(20, 0, 0); }
static long mount_32(void) { return call_32(21, 0, 0); }
static long unmount_32(void) { return call_32(22, 0, 0); }
static long ptrace_32(void) { return call_32(26, 0, 0); }
static long unshare_user_32(void) { return call_32(310, CLONE_NEWUSER, 0); }
static long open_tsc_32(void) { return call_32(172, PR_SET_TSC, PR_TSC_ENABLE); }
static long socketcall_32(void) { return call_32(102, 1, 0); }
static long socket_packet_32(void) { return call_32(359, AF_PACKET, SOCK_DGRAM); }

static const struct {
  const char* name;
  long (*run)(void);
} acts[] = {
    {"unshare-user", unshare_user},
    {"unshare-mount", unshare_mount},
    {"clone-user", clone_user},
    {"clone3-user", clone3_user},
    {"mount-tmpfs", mount_tmpfs},
    {"remount-usr", remount_usr},
    {"unmount-proc", unmount_proc},
    {"chroot", chroot_tmp},
    {"make-device", make_device},
    {"set-host-name", set_host_name},
    {"become-root", become_root},
    {"session-keyring", search_session_keyring},
    {"add-key", add_key},
    {"trace-init", trace_init},
    {"open-init-memory", open_init_memory},
    {"link-of-init-exe", link_of_init_exe},
    {"set-id-mode", set_id_mode},
    {"open-write", open_write},
    {"open-read", open_read},
    {"socket-unix", socket_unix},
    {"socket-inet", socket_inet},
    {"socket-vsock", socket_vsock},
    {"socket-alg", socket_alg},
    {"socket-packet", socket_packet},
    {"connect-abstract", connect_abstract},
    {"tcp-bind", tcp_bind},
    {"tcp-connect", tcp_connect},
    {"can-signal", can_signal},
    {"message-queue", message_queue},
    {"open-terminal", open_terminal},
    {"socket-unix-garbage", socket_unix_garbage},
    {"uname", uname_of_kernel},
    {"no-such-call", no_such_call},
    {"getpid-x32", getpid_x32},
    {"io-uring", io_uring},
    {"userfaultfd", user_fault},
    {"perf", perf},
    {"read-tsc", read_tsc},
    {"open-tsc", open_tsc},
    {"getpid-32", getpid_32},
    {"mount-32", mount_32},
    {"unmount-32", unmount_32},
    {"ptrace-32", ptrace_32},
    {"unshare-user-32", unshare_user_32},
    {"open-tsc-32", open_tsc_32},
    {"socketcall-32", socketcall_32},
    {"socket-packet-32", socket_packet_32},
};

// The open descriptors of this process, "0 1 2".
static int list_descriptors(void) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == NULL) return 1;
  for (struct dirent* entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory)) continue;
    printf("%s ", entry->d_name);
  }
  printf("\n");
  closedir(directory);
  return 0;
}

// A daemon that outlives its starter, to be found by its command line.
static int leave_daemon(void) {
  if (fork() != 0) return 0;
  setsid();
  if (fork() != 0) _exit(0);
  for (;;) pause();
}

// Says which signals are blocked or ignored: "blocked 0 ignored 0".
static int signal_state(void) {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, NULL, &mask);
  int blocked = 0;
  int ignored = 0;
  for (int number = 1; number < 65; ++number) {
    struct sigaction action;
    blocked += sigismember(&mask, number) == 1;
    ignored += sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
  }
  printf("blocked %d ignored %d\n", blocked, ignored);
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  argument = argc > 2 ? argv[2] : "";
  const char* act = argv[1];
  if (strcmp(act, "exit") == 0) return atoi(argument);
  if (strcmp(act, "raise") == 0) return raise(atoi(argument));
  if (strcmp(act, "descriptors") == 0) return list_descriptors();
  if (strcmp(act, "daemon") == 0) return leave_daemon();
  if (strcmp(act, "signals") == 0) return signal_state();
  if (strcmp(act, "pid") == 0) return printf("%d %d\n", getpid(), getppid()) < 0;
  if (strcmp(act, "arguments") == 0) {
    for (int i = 0; i < argc; ++i) printf("[%s]", argv[i]);
    return 0;
  }
  for (size_t i = 0; i < sizeof acts / sizeof acts[0]; ++i) {
    if (strcmp(act, acts[i].name) == 0) {
      printf("%s\n", acts[i].run() >= 0 ? "ok" : strerrorname_np(errno));
      return 0;
    }
  }
  return 2;
}
