// At the kernel: its namespaces, keyrings and rarely used calls.
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payload.h"

static const char* child_of(long pid) {
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return verdict(pid);
}

// With the flags argv[2].
static const char* unshare_some(char** argv) {
  return verdict(unshare((int)number_argument(argv, 2)));
}
static const char* clone_some(char** argv) {
  return child_of(syscall(SYS_clone, number_argument(argv, 2) | SIGCHLD, 0, 0, 0, 0));
}
static const char* clone_some_anew(char** argv) {
  unsigned long arguments[8] = {(unsigned long)number_argument(argv, 2), 0, 0, 0, SIGCHLD};
  return child_of(syscall(SYS_clone3, arguments, sizeof arguments));
}

static const char* add_key(char** argv) {
  return verdict(syscall(SYS_add_key, "user", argv[2], "secret", 6L, KEY_SPEC_PROCESS_KEYRING));
}
// The key argv[2] of the session, or of the user.
static const char* find_key(char** argv) {
  const long keyring = strcmp(text_argument(argv, 3), "user") == 0 ? KEY_SPEC_USER_KEYRING
                                                                   : KEY_SPEC_SESSION_KEYRING;
  return verdict(syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", argv[2], 0));
}
// Starts argv[4]… in a new session whose keyring holds a key of the name argv[2], or, where argv[3]
// is "user", with one in the user's keyring.
static const char* with_key(char** argv) {
  const int of_user = strcmp(argv[3], "user") == 0;
  syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
  const long key = syscall(SYS_add_key, "user", argv[2], "secret", 6L,
                           of_user ? KEY_SPEC_USER_KEYRING : KEY_SPEC_SESSION_KEYRING);
  if (key < 0) return verdict(key);
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    execvp(argv[4], argv + 4);
    _exit(127);
  }
  waitpid(pid, NULL, 0);
  syscall(SYS_keyctl, KEYCTL_UNLINK, key,
          of_user ? KEY_SPEC_USER_KEYRING : KEY_SPEC_SESSION_KEYRING);
  exit(0);
}

static const char* io_uring(char** argv) {
  (void)argv;
  char parameters[120] = {0};
  return verdict(syscall(SYS_io_uring_setup, 1, parameters));
}
static const char* user_fault(char** argv) {
  (void)argv;
  return verdict(syscall(SYS_userfaultfd, O_CLOEXEC | 1));
}
// Of this process itself.
static const char* perf(char** argv) {
  (void)argv;
  struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE,
                                       .size = sizeof attributes,
                                       .config = PERF_COUNT_SW_TASK_CLOCK,
                                       .exclude_kernel = 1};
  return verdict(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0L));
}
static const char* load_bpf(char** argv) {
  (void)argv;
  // With wrong arguments: EPERM alone says that the call is closed.
  const long result = syscall(SYS_bpf, 99, NULL, 0);
  return result < 0 && errno == EPERM ? "EPERM" : "ok";
}
// Call number argv[2] without arguments: what a launcher does that believes every answer.
static const char* any_call(char** argv) {
  return verdict(syscall(number_argument(argv, 2), 0, 0, 0, 0, 0, 0));
}

// Starts argv[2] processes that wait, and ends them.
static const char* many_processes(char** argv) {
  static pid_t started[4096];
  const long wanted = number_argument(argv, 2);
  long count = 0;
  long result = 0;
  while (count < wanted && count < 4096) {
    result = fork();
    if (result == 0) {
      for (;;) pause();
    }
    if (result < 0) break;
    started[count++] = (pid_t)result;
  }
  const int error = errno;
  while (count > 0) {
    kill(started[--count], SIGKILL);
    waitpid(started[count], NULL, 0);
  }
  errno = error;
  return verdict(result);
}

// Dies in a way that leaves a core, and says whether the kernel tried to write one.
static const char* dump_core(char** argv) {
  (void)argv;
  const pid_t pid = fork();
  if (pid == 0) abort();
  int status = 0;
  if (waitpid(pid, &status, 0) < 0) return verdict(-1);
  return WCOREDUMP(status) ? "ok" : "no core";
}

const struct act kernel_acts[] = {
    {"unshare", unshare_some},
    {"clone", clone_some},
    {"clone3", clone_some_anew},
    {"add-key", add_key},
    {"find-key", find_key},
    {"with-key", with_key},
    {"io-uring", io_uring},
    {"user-fault", user_fault},
    {"perf", perf},
    {"bpf", load_bpf},
    {"call", any_call},
    {"many-processes", many_processes},
    {"dump-core", dump_core},
    {NULL, NULL},
};
