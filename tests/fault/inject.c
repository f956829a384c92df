// Runs a launch under ptrace(2), and makes one of its system calls fail, lie, or be its process's
// last.
//
//   inject FILE record COMMAND…                  writes all calls to FILE: PROCESS NUMBER NTH WHEN
//   inject FILE PROCESS NUMBER NTH ACTION COMMAND…    ACTION: an errno, 0 (a lie), or "kill"
//
// PROCESS is 0, the launcher; 1, pid 1 of the sandbox; 2, the process that becomes the command; 3
// and more, helpers in the order of their start. NTH counts from 1, in that process. WHEN is
// "setup" until the command runs, then "run". After a fault FILE holds one line "key=value …": the
// end of the launcher (negative: by that signal), whether the call came at all, whether the command
// ran, a signal that no fault of ours sent, processes that were left, whether it hung, whether the
// modes of the terminal are others. If stdin is a terminal, it becomes that of our session.
//
// strace(1) can inject, too, but its "when" counts in every process by itself, so that a failure of
// the launcher hides those of its children, and the command would meet them as well.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum {
  most_processes = 16,
  most_calls = 512,
  limit_ms = 9000,    // 5 s are promised; the machine may be busy
  leaving_ms = 1500,  // of the last processes, after the launcher
};

static struct process {
  pid_t pid;
  int number;   // PROCESS; -1: its maker has not said yet what it is
  int stopped;  // it waits for that
  unsigned seen[most_calls];
  int changed;
  long result;
} processes[most_processes];
static int process_count;

static struct {
  int record, process, kill;
  unsigned long call;
  unsigned nth;
  long result;
} wanted;
static FILE* out;
static int was_hit, command_ran, crashed, hung;
static pid_t killed;

static int helper_count;

static struct process* find(pid_t pid) {
  for (int i = 0; i < process_count; ++i) {
    if (processes[i].pid == pid) return &processes[i];
  }
  if (process_count == most_processes) return NULL;
  processes[process_count] = (struct process){.pid = pid, .number = -1};
  return &processes[process_count++];
}

// What the new process is follows from the call that made it.
static int number_of_child(const struct process* maker) {
  enum { namespaces = 0x7E020000 };
  struct user_regs_struct registers = {0};
  ptrace(PTRACE_GETREGS, maker->pid, 0, &registers);
  const int is_sandbox = registers.orig_rax == SYS_clone3 ||
                         (registers.orig_rax == SYS_clone && (registers.rdi & namespaces) != 0);
  if (maker->number == 0 && is_sandbox) return 1;
  return maker->number == 1 ? 2 : 3 + helper_count++;
}

static void on_child(const struct process* maker) {
  unsigned long pid = 0;
  ptrace(PTRACE_GETEVENTMSG, maker->pid, 0, &pid);
  struct process* child = find((pid_t)pid);
  if (child == NULL) return;
  child->number = number_of_child(maker);
  if (child->stopped) ptrace(PTRACE_SYSCALL, child->pid, 0, 0);
  child->stopped = 0;
}

// The call is replaced by one that no filter refuses and that changes nothing, its result by ours.
static void on_syscall(struct process* process) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) <= 0) return;
  struct user_regs_struct registers;
  if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
    if (!process->changed || ptrace(PTRACE_GETREGS, process->pid, 0, &registers) != 0) return;
    process->changed = 0;
    registers.rax = (unsigned long)process->result;
    ptrace(PTRACE_SETREGS, process->pid, 0, &registers);
    return;
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr >= most_calls) return;
  const unsigned nth = ++process->seen[info.entry.nr];
  if (wanted.record) {
    fprintf(out, "%d %llu %u %s\n", process->number, (unsigned long long)info.entry.nr, nth,
            command_ran ? "run" : "setup");
    return;
  }
  if (was_hit || process->number != wanted.process || info.entry.nr != wanted.call ||
      nth != wanted.nth) {
    return;
  }
  was_hit = 1;
  if (wanted.kill) {
    killed = process->pid;
    kill(process->pid, SIGKILL);
    return;
  }
  if (ptrace(PTRACE_GETREGS, process->pid, 0, &registers) != 0) return;
  // close(2) has let go of its descriptor whatever it says.
  if (registers.orig_rax != SYS_close) registers.orig_rax = SYS_getpid;
  ptrace(PTRACE_SETREGS, process->pid, 0, &registers);
  process->changed = 1;
  process->result = wanted.result;
}

static void on_stop(struct process* process, int status) {
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  int deliver = 0;
  if (signal == (SIGTRAP | 0x80)) {
    on_syscall(process);
  } else if (event == PTRACE_EVENT_EXEC && process->number > 0) {
    command_ran |= process->number < 3;
    ptrace(PTRACE_DETACH, process->pid, 0, 0);
    return;
  } else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
             event == PTRACE_EVENT_CLONE) {
    on_child(process);
  } else if (process->number < 0) {
    process->stopped = 1;
    return;
  } else if (event == 0 && signal != SIGTRAP && signal != SIGSTOP) {
    deliver = signal;
  }
  ptrace(PTRACE_SYSCALL, process->pid, 0, deliver);
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_alarm(int signal) { (void)signal; }

// Of the processes that became ours when their parents ended (we are their subreaper).
static int kill_children(void) {
  int count = 0;
  FILE* list = fopen("/proc/thread-self/children", "re");
  int pid;
  while (list != NULL && fscanf(list, "%d", &pid) == 1) {
    kill(pid, SIGKILL);
    ++count;
  }
  if (list != NULL) fclose(list);
  return count;
}

static int left;

// Until no process is there. The end of the launcher.
static int follow(pid_t launcher) {
  int ended = -1000;
  long end = now_ms() + limit_ms;
  for (;;) {
    int status;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == ECHILD) return ended;
    if (now_ms() >= end) {
      if (ended == -1000) hung = 1;
      left = kill_children();
      end += 2000;
      if (hung > 0 && ended == -1000) ended = -1001;
    }
    if (pid < 0) continue;
    struct process* process = find(pid);
    if (process == NULL) {
      kill(pid, SIGKILL);
      continue;
    }
    if (WIFSTOPPED(status)) {
      on_stop(process, status);
      continue;
    }
    if (WIFSIGNALED(status) && pid != killed && WTERMSIG(status) != SIGKILL) {
      crashed = WTERMSIG(status);
    }
    if (pid == launcher) {
      ended = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
      end = now_ms() + leaving_ms;
    }
  }
}

int main(int argc, char** argv) {
  char** command = argv + 6;
  if (argc > 3 && strcmp(argv[2], "record") == 0) {
    wanted.record = 1;
    command = argv + 3;
  } else if (argc > 6) {
    wanted.process = atoi(argv[2]);
    wanted.call = strtoul(argv[3], NULL, 10);
    wanted.nth = (unsigned)atoi(argv[4]);
    wanted.kill = strcmp(argv[5], "kill") == 0;
    wanted.result = -atol(argv[5]);
  } else {
    return 2;
  }
  out = fopen(argv[1], "we");
  if (out == NULL) return 2;
  struct termios before = {0}, after = {0};
  if (isatty(0)) {
    ioctl(0, TIOCSCTTY, 0);
    tcgetattr(0, &before);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  const pid_t launcher = fork();
  if (launcher == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execv(command[0], command);
    _exit(2);
  }
  int status;
  if (waitpid(launcher, &status, 0) != launcher || !WIFSTOPPED(status)) return 2;
  find(launcher)->number = 0;
  ptrace(PTRACE_SETOPTIONS, launcher, 0,
         PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
             PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
  ptrace(PTRACE_SYSCALL, launcher, 0, 0);
  // So that waiting ends now and then.
  const struct sigaction act = {.sa_handler = on_alarm};
  sigaction(SIGALRM, &act, NULL);
  const struct itimerval often = {{0, 100000}, {0, 100000}};
  setitimer(ITIMER_REAL, &often, NULL);
  const int ended = follow(launcher);
  if (isatty(0)) tcgetattr(0, &after);
  const int modes = before.c_iflag != after.c_iflag || before.c_oflag != after.c_oflag ||
                    before.c_cflag != after.c_cflag || before.c_lflag != after.c_lflag;
  if (!wanted.record) {
    fprintf(out, "end=%d hit=%d ran=%d crashed=%d left=%d hung=%d modes=%d\n", ended, was_hit,
            command_ran, crashed, left, hung, modes);
  }
  fclose(out);
  return 0;
}
