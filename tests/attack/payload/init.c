// Against a process of the same user, argv[2]: inside, that is pid 1.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payload.h"

static pid_t victim(char** argv) { return (pid_t)number_argument(argv, 2); }

static const char* file_of(char** argv, const char* name) {
  static char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", victim(argv), name);
  return path;
}

static const char* attach(char** argv) {
  const pid_t pid = victim(argv);
  const char* said = verdict(ptrace(PTRACE_ATTACH, pid, NULL, NULL));
  ptrace(PTRACE_DETACH, pid, NULL, NULL);
  return said;
}

static const char* seize(char** argv) {
  return verdict(ptrace(PTRACE_SEIZE, victim(argv), NULL, NULL));
}

// argv[3]: a file of its /proc directory, argv[4]: "w" to write.
static const char* open_file(char** argv) {
  const int writes = strcmp(text_argument(argv, 4), "w") == 0;
  const int fd =
      open(file_of(argv, text_argument(argv, 3)), (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  if (fd < 0 || writes) return verdict(fd);
  // Some files are checked only when they are read.
  char byte;
  struct dirent* entry = NULL;
  DIR* directory = fdopendir(dup(fd));
  if (directory != NULL) {
    errno = 0;
    entry = readdir(directory);
    return entry != NULL ? "ok" : verdict(errno == 0 ? 0 : -1);
  }
  // The first page of a memory is never mapped: EIO says that the door is open.
  const ssize_t count = read(fd, &byte, 1);
  return count >= 0 || errno == EIO ? "ok" : verdict(-1);
}

static const char* read_link(char** argv) {
  char target[4096];
  return verdict(readlink(file_of(argv, text_argument(argv, 3)), target, sizeof target));
}

static const char* read_memory(char** argv) {
  char byte;
  struct iovec local = {&byte, 1};
  struct iovec remote = {NULL, 1};
  // An address that is not mapped: EFAULT says that the door is open.
  const long count = process_vm_readv(victim(argv), &local, 1, &remote, 1, 0);
  return count >= 0 || errno == EFAULT ? "ok" : verdict(-1);
}

static const char* write_memory(char** argv) {
  char byte = 0;
  struct iovec local = {&byte, 1};
  struct iovec remote = {NULL, 1};
  const long count = process_vm_writev(victim(argv), &local, 1, &remote, 1, 0);
  return count >= 0 || errno == EFAULT ? "ok" : verdict(-1);
}

static const char* take_descriptor(char** argv) {
  const long pidfd = syscall(SYS_pidfd_open, victim(argv), 0);
  if (pidfd < 0) return verdict(pidfd);
  for (int fd = 0; fd < 64; ++fd) {
    const long taken = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    if (taken >= 0 || errno != EBADF) return verdict(taken);
  }
  return verdict(-1);
}

static char state_of(char** argv) {
  char text[512] = "";
  FILE* stat = fopen(file_of(argv, "stat"), "re");
  if (stat == NULL) return 0;
  const size_t length = fread(text, 1, sizeof text - 1, stat);
  text[length] = 0;
  fclose(stat);
  const char* end = strrchr(text, ')');
  return end == NULL || strlen(end) < 3 ? 0 : end[2];
}

// argv[3]: a signal. "unhurt" if it still runs a moment later: the kernel calls it a success, but
// delivers to a pid 1 only what that waits for.
static const char* send_signal(char** argv) {
  const long sent = kill(victim(argv), (int)number_argument(argv, 3));
  if (sent < 0) return verdict(sent);
  usleep(200 * 1000);
  const char state = state_of(argv);
  return state == 0 || state == 'T' || state == 't' || state == 'Z' || state == 'X' ? "ok"
                                                                                    : "unhurt";
}

// Says "up" and stays, to be found by argv[2] on its command line.
static const char* stay(char** argv) {
  (void)argv;
  puts("up");
  fflush(stdout);
  while (pause() < 0) {
  }
  return "woken";
}

const struct act init_acts[] = {
    {"stay", stay},
    {"attach", attach},
    {"seize", seize},
    {"open-of", open_file},
    {"link-of", read_link},
    {"read-memory", read_memory},
    {"write-memory", write_memory},
    {"take-descriptor", take_descriptor},
    {"send-signal", send_signal},
    {NULL, NULL},
};
