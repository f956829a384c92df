// Against the terminal that the command shares with the user's shell.
#include <errno.h>
#include <fcntl.h>
#include <linux/tiocl.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "payload.h"

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

// Runs argv[2]… with a terminal of its own, and says what is written to it.
static const char* with_terminal(char** argv) {
  static char text[65536];
  size_t length = 0;
  struct termios modes;
  int master;
  int slave;
  if (openpty(&master, &slave, NULL, NULL, NULL) != 0) return verdict(-1);
  tcgetattr(slave, &modes);
  modes.c_lflag &= ~(tcflag_t)ECHO;
  modes.c_oflag = 0;
  tcsetattr(slave, TCSANOW, &modes);
  const pid_t pid = fork();
  if (pid == 0) {
    close(master);
    login_tty(slave);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  close(slave);
  while (length < sizeof text - 1) {
    const ssize_t count = read(master, text + length, sizeof text - 1 - length);
    if (count <= 0) break;
    length += (size_t)count;
  }
  waitpid(pid, NULL, 0);
  while (length > 0 && text[length - 1] == '\n') text[--length] = 0;
  return text;
}

// As the kernel sees only the low 32 bits of a request, argv[2] is what stands above them.
static long request(char** argv, unsigned long number, const void* argument) {
  const unsigned long above = (unsigned long)number_argument(argv, 2) << 32;
  return syscall(SYS_ioctl, 0, number | above, argument);
}

static const char* push_input(char** argv) { return verdict(request(argv, TIOCSTI, "x")); }

// Of a virtual console the last selection, which another request pastes as input. ENOTTY or EINVAL:
// this is no console, but the request has reached the terminal's driver.
static const char* paste_selection(char** argv) {
  char selection[16] = {TIOCL_PASTESEL};
  const long result = request(argv, TIOCLINUX, selection);
  return result >= 0 || errno == ENOTTY || errno == EINVAL ? "ok" : verdict(result);
}

static const char* set_discipline(char** argv) {
  const int discipline = 0;
  return verdict(request(argv, TIOCSETD, &discipline));
}

// By the calls of i386, which have a filter of their own.
static const char* push_input_32(char** argv) {
  (void)argv;
#ifdef __x86_64__
  static char byte = 'x';
  long result = 54;  // ioctl
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(0L), "c"((long)TIOCSTI), "d"(&byte), "S"(0L), "D"(0L)
                   : "memory", "r8", "r9", "r10", "r11");
  if (result >= 0) return "ok";
  errno = (int)-result;
#else
  errno = ENOSYS;
#endif
  return verdict(-1);
}

const struct act terminal_acts[] = {
    {"push-input-32", push_input_32},   {"with-terminal", with_terminal},
    {"push-input", push_input},         {"paste-selection", paste_selection},
    {"set-discipline", set_discipline}, {NULL, NULL},
};
