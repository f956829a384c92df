// The command of the sandboxes that are compared: says everything about itself and its surroundings
// that a program could notice, a line each, in an order that does not change. Static, so that it
// runs on an empty root.
//
//   probe report [tree]       all of it; with "tree", the whole tree of files too
//   probe quiet STATUS        one word and an exit status, with as few system calls as can be
//   probe argv WORD…          its own words
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

extern char** environ;

static void say(const char* key, const char* value) { printf("%s: %s\n", key, value); }

// One line, whatever is in it.
static void say_text(const char* text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    const unsigned char c = (unsigned char)text[i];
    if (c == '\n') {
      printf("\\n");
    } else if (c < ' ' || c > '~') {
      printf("\\x%02x", c);
    } else {
      putchar(c);
    }
  }
}

static int by_name(const void* a, const void* b) {
  return strcmp(*(const char* const*)a, *(const char* const*)b);
}

static void environment(void) {
  size_t count = 0;
  while (environ[count] != NULL) count++;
  qsort(environ, count, sizeof *environ, by_name);
  for (size_t i = 0; i < count; i++) say("env", environ[i]);
}

// Its lines, those only that begin with one of `keys` (NULL: all).
static void lines_of(const char* file, const char* name, const char* const* keys) {
  FILE* stream = fopen(file, "re");
  if (stream == NULL) {
    printf("%s: %s\n", name, strerrorname_np(errno));
    return;
  }
  char line[65536];
  while (fgets(line, sizeof line, stream) != NULL) {
    int wanted = keys == NULL;
    for (const char* const* key = keys; !wanted && *key != NULL; key++) {
      wanted = strncmp(line, *key, strlen(*key)) == 0;
    }
    if (wanted) printf("%s: %s", name, line);
  }
  fclose(stream);
}

static const char* kind(mode_t mode) {
  return S_ISREG(mode)    ? "file"
         : S_ISDIR(mode)  ? "dir"
         : S_ISLNK(mode)  ? "link"
         : S_ISCHR(mode)  ? "char"
         : S_ISBLK(mode)  ? "block"
         : S_ISFIFO(mode) ? "fifo"
         : S_ISSOCK(mode) ? "socket"
                          : "none";
}

static void descriptors(void) {
  for (int fd = 0; fd < 1024; fd++) {
    struct stat info;
    if (fstat(fd, &info) != 0) continue;
    const int flags = fcntl(fd, F_GETFL);
    static const char* const rights[] = {"r", "w", "rw", "?"};
    printf("fd: %d %s %s%s%s%s\n", fd, kind(info.st_mode), rights[flags & O_ACCMODE],
           (flags & O_APPEND) != 0 ? " append" : "", (flags & O_NONBLOCK) != 0 ? " nonblock" : "",
           (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? " cloexec" : "");
  }
}

static const char* whose(pid_t id) {
  return id == 0 ? "outside" : id == getpid() ? "own" : "other";
}

static void process(void) {
  char text[PATH_MAX];
  // A number means something in a pid namespace of its own only.
  if (getpid() < 100) {
    printf("pid: %d\nparent: %d\n", getpid(), getppid());
  }
  say("session", whose(getsid(0)));
  say("group", whose(getpgid(0)));
  say("cwd", getcwd(text, sizeof text) == NULL ? strerrorname_np(errno) : text);
  printf("umask: %04o\n", umask(0));
  int death = 0;
  prctl(PR_GET_PDEATHSIG, &death);
  printf("death signal: %d\ndumpable: %d\nsecurebits: %d\nkeepcaps: %d\nsubreaper: ", death,
         prctl(PR_GET_DUMPABLE), prctl(PR_GET_SECUREBITS), prctl(PR_GET_KEEPCAPS));
  int subreaper = 0;
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  printf("%d\n", subreaper);
  struct utsname names;
  uname(&names);
  say("hostname", names.nodename);
  static const char* const status[] = {"Uid",    "Gid", "Groups", "SigBlk",  "SigIgn",
                                       "SigCgt", "Cap", "NoNew",  "Seccomp", NULL};
  lines_of("/proc/self/status", "status", status);
  lines_of("/proc/self/comm", "comm", NULL);
  lines_of("/proc/self/limits", "limit", NULL);
  lines_of("/proc/self/oom_score_adj", "oom", NULL);
  lines_of("/proc/self/uid_map", "uid map", NULL);
  lines_of("/proc/self/gid_map", "gid map", NULL);
  lines_of("/proc/self/setgroups", "setgroups", NULL);
  lines_of("/proc/sys/user/max_user_namespaces", "user namespaces", NULL);
}

static void namespaces(void) {
  static const char* const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    const ssize_t length = readlink(path, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    printf("namespace: %s\n", length < 0 ? strerrorname_np(errno) : target);
  }
}

static void loopback(void) {
  struct ifaddrs* first = NULL;
  if (getifaddrs(&first) != 0) return say("interfaces", strerrorname_np(errno));
  for (const struct ifaddrs* one = first; one != NULL; one = one->ifa_next) {
    if (strcmp(one->ifa_name, "lo") != 0 || one->ifa_addr == NULL) continue;
    char text[INET6_ADDRSTRLEN] = "";
    if (one->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &((struct sockaddr_in*)one->ifa_addr)->sin_addr, text, sizeof text);
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      inet_ntop(AF_INET6, &((struct sockaddr_in6*)one->ifa_addr)->sin6_addr, text, sizeof text);
    }
    printf("lo: %s %s\n", (one->ifa_flags & IFF_UP) != 0 ? "up" : "down", text);
  }
  freeifaddrs(first);
}

static void content(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  char text[4097];
  const ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (length < 0) {
    printf(" %s", strerrorname_np(errno));
  } else if (length == sizeof text) {
    printf(" large");
  } else {
    printf(" \"");
    say_text(text, (size_t)length);
    printf("\"");
  }
  if (fd >= 0) close(fd);
}

static int has_entry(struct dirent** entries, int count, const char* name) {
  for (int i = 0; i < count; i++) {
    if (strcmp(entries[i]->d_name, name) == 0) return 1;
  }
  return 0;
}

static void tree(const char* path, int depth) {
  struct stat info;
  if (lstat(path, &info) != 0) {
    printf("tree: %s %s\n", path, strerrorname_np(errno));
    return;
  }
  printf("tree: %s %s %04o %u:%u", path, kind(info.st_mode), info.st_mode & 07777U, info.st_uid,
         info.st_gid);
  if (S_ISREG(info.st_mode)) {
    content(path);
  } else if (S_ISLNK(info.st_mode)) {
    char target[PATH_MAX] = "";
    if (readlink(path, target, sizeof target - 1) < 0) strcpy(target, strerrorname_np(errno));
    printf(" -> %s", target);
  } else if (S_ISCHR(info.st_mode)) {
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    printf(" %u,%u %s", major(info.st_rdev), minor(info.st_rdev),
           fd < 0 ? strerrorname_np(errno) : "opens");
    if (fd >= 0) close(fd);
  }
  putchar('\n');
  struct statfs system;
  if (!S_ISDIR(info.st_mode)) return;
  if (statfs(path, &system) == 0 && system.f_type == PROC_SUPER_MAGIC) return;
  struct dirent** entries = NULL;
  const int count = scandir(path, &entries, NULL, alphasort);
  if (count < 0) printf("tree: %s: %s\n", path, strerrorname_np(errno));
  // Somebody's whole root is no part of a comparison.
  const int shown = count > 64 || (depth > 0 && has_entry(entries, count, "usr")) ? 0 : count;
  if (shown < count) printf("tree: %s: not shown\n", path);
  for (int i = 0; i < shown; i++) {
    const char* name = entries[i]->d_name;
    char below[PATH_MAX];
    snprintf(below, sizeof below, "%s/%s", depth == 0 ? "" : path, name);
    if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && depth < 8) tree(below, depth + 1);
  }
  for (int i = 0; i < count; i++) free(entries[i]);
  free(entries);
}

int main(int argc, char** argv) {
  const char* act = argc > 1 ? argv[1] : "";
  if (strcmp(act, "quiet") == 0) {
    (void)!write(STDOUT_FILENO, "ran\n", 4);
    _exit(argc > 2 ? atoi(argv[2]) : 0);
  }
  say("argv[0]", argv[0]);
  for (int i = 2; i < argc; i++) say("word", argv[i]);
  if (strcmp(act, "argv") == 0) return 0;
  descriptors();  // before any file is opened
  environment();
  process();
  namespaces();
  loopback();
  lines_of("/proc/self/mountinfo", "mount", NULL);
  if (argc > 2 && strcmp(argv[2], "tree") == 0) tree("/", 0);
  return 0;
}
