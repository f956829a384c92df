// Attacks that take much of something: each asks for a number, and stops there or where it is
// refused. Whatever they took is gone when they end.
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payload.h"

#define STACK 4096

// Sleeps without a library, on a stack of its own in memory that is shared.
static int sleep_for_good(void* nothing) {
  (void)nothing;
  for (;;) syscall(SYS_pause);
  return 0;
}

static const char* clone_many(long count, int flags) {
  char* stacks = mmap(NULL, (size_t)count * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stacks == MAP_FAILED) return verdict(-1);
  pid_t* made = calloc((size_t)count, sizeof *made);
  long result = 0;
  long i = 0;
  for (; i < count && result >= 0; ++i) {
    result = made[i] = clone(sleep_for_good, stacks + (i + 1) * STACK, flags, NULL);
  }
  const int problem = errno;
  if ((flags & CLONE_THREAD) == 0) {
    for (long k = 0; k < i && made[k] > 0; ++k) {
      kill(made[k], SIGKILL);
      waitpid(made[k], NULL, 0);
    }
  }
  errno = problem;
  return verdict(result);
}

// flood-processes N, flood-threads N
static const char* processes(char** argv) {
  return clone_many(number_argument(argv, 2), CLONE_VM | SIGCHLD);
}
static const char* threads(char** argv) {
  return clone_many(number_argument(argv, 2), CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
                                                  CLONE_THREAD | CLONE_SYSVSEM);
}

// fill-all MEGABYTES DIRECTORY…: a file in each, of as many.
static const char* fill(char** argv) {
  static char block[1 << 20];
  const char* result = "ok";
  for (int i = 3; *text_argument(argv, i) != '\0'; ++i) {
    char path[4096];
    snprintf(path, sizeof path, "%s/flood", text_argument(argv, i));
    const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return verdict(-1);
    for (long k = 0; k < number_argument(argv, 2) && *result == 'o'; ++k) {
      result = verdict(write(fd, block, sizeof block));
    }
    close(fd);
  }
  for (int i = 3; *text_argument(argv, i) != '\0'; ++i) {
    char path[4096];
    snprintf(path, sizeof path, "%s/flood", text_argument(argv, i));
    unlink(path);
  }
  return result;
}

// flood-inodes N DIRECTORY: empty files.
static const char* inodes(char** argv) {
  char path[4096];
  long result = 0;
  long i = 0;
  for (; i < number_argument(argv, 2) && result >= 0; ++i) {
    snprintf(path, sizeof path, "%s/flood-%ld", text_argument(argv, 3), i);
    result = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (result >= 0) close((int)result);
  }
  const char* said = verdict(result);
  while (i-- > 0) {
    snprintf(path, sizeof path, "%s/flood-%ld", text_argument(argv, 3), i);
    unlink(path);
  }
  return said;
}

// flood-queues N: message queues of about 80 KiB each.
static const char* queues(char** argv) {
  char name[64];
  long result = 0;
  long i = 0;
  struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = 8192};
  for (; i < number_argument(argv, 2) && result >= 0; ++i) {
    snprintf(name, sizeof name, "/flood-%d-%ld", getpid(), i);
    result = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
  }
  const char* said = verdict(result);
  while (i-- > 0) {
    snprintf(name, sizeof name, "/flood-%d-%ld", getpid(), i);
    mq_unlink(name);
  }
  return said;
}

// flood-signals N: queued to this process, which blocks them.
static const char* signals(char** argv) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  long result = 0;
  for (long i = 0; i < number_argument(argv, 2) && result >= 0; ++i) {
    result = sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 0});
  }
  return verdict(result);
}

// flood-watchers N: instances of inotify.
static const char* watchers(char** argv) {
  long result = 0;
  for (long i = 0; i < number_argument(argv, 2) && result >= 0; ++i) {
    result = inotify_init1(IN_CLOEXEC);
  }
  return verdict(result);
}

// leave-segment KEY: System V shared memory that outlives this program.
static const char* leave_segment(char** argv) {
  return verdict(shmget((key_t)number_argument(argv, 2), 4096, IPC_CREAT | IPC_EXCL | 0600));
}

// take-segment KEY: it is there; then it goes.
static const char* take_segment(char** argv) {
  const int id = shmget((key_t)number_argument(argv, 2), 4096, 0600);
  if (id >= 0) shmctl(id, IPC_RMID, NULL);
  return verdict(id);
}

const struct act flood_acts[] = {{"flood-processes", processes},
                                 {"flood-threads", threads},
                                 {"fill-all", fill},
                                 {"flood-inodes", inodes},
                                 {"flood-queues", queues},
                                 {"flood-signals", signals},
                                 {"flood-watchers", watchers},
                                 {"leave-segment", leave_segment},
                                 {"take-segment", take_segment},
                                 {NULL, NULL}};
