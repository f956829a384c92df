// For privileges that the user does not have.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "payload.h"

static const char* become_root(char** argv) {
  (void)argv;
  return verdict(setuid(0));
}

static const char* take_capabilities(char** argv) {
  (void)argv;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) != 0) return verdict(-1);
  data[0].permitted |= 1U << CAP_SYS_CHROOT;
  data[0].effective |= 1U << CAP_SYS_CHROOT;
  return verdict(syscall(SYS_capset, &header, data));
}

static const char* make_ambient(char** argv) {
  (void)argv;
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) != 0) return verdict(-1);
  data[0].inheritable = data[0].permitted;
  data[1].inheritable = data[1].permitted;
  (void)syscall(SYS_capset, &header, data);
  return verdict(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_CHROOT, 0, 0));
}

static const char* change_secure_bits(char** argv) {
  (void)argv;
  return verdict(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0));
}

// The first field after `name` in a status file, as a number in `base`.
static unsigned long long status_field(const char* path, const char* name, int skip, int base) {
  char text[4096] = "";
  FILE* file = fopen(path, "re");
  if (file == NULL) return 0;
  const size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  char* place = strstr(text, name);
  if (place == NULL) return 0;
  place += strlen(name);
  unsigned long long value = 0;
  for (int i = 0; i <= skip; ++i) value = strtoull(place, &place, base);
  return value;
}

// Starts the set-id program argv[2] and looks whose effective id it has while it waits for input.
static const char* run_set_id(char** argv) {
  int input[2];
  if (pipe(input) != 0) return verdict(-1);
  const pid_t pid = fork();
  if (pid == 0) {
    const int nothing = open("/dev/null", O_WRONLY);
    dup2(input[0], 0);
    dup2(nothing, 1);
    dup2(nothing, 2);
    close(input[1]);
    execv(argv[2], argv + 2);
    _exit(127);
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  const char* said = "as before";
  for (int i = 0; i < 100; ++i) {
    usleep(10 * 1000);
    if (status_field(path, "\nUid:", 0, 10) != 0 && status_field(path, "\nUid:", 1, 10) == 0) {
      said = "ok";
      break;
    }
  }
  close(input[1]);
  kill(pid, SIGTERM);
  waitpid(pid, NULL, 0);
  return said;
}

// Gives the file argv[2] a capability, as root of this user namespace.
static const char* give_file_capability(char** argv) {
  struct vfs_cap_data data = {0};
  data.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  data.data[0].permitted = 1U << CAP_SYS_CHROOT;
  return verdict(setxattr(argv[2], "security.capability", &data, XATTR_CAPS_SZ_2, 0));
}

// Starts argv[2], which has a capability, with its act "has-capability", as one to whom being root
// gives nothing.
static const char* run_file_with_capability(char** argv) {
  (void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0}};
  (void)syscall(SYS_capset, &header, data);
  execl(argv[2], argv[2], "has-capability", (char*)NULL);
  return verdict(-1);
}

static const char* has_capability(char** argv) {
  (void)argv;
  return status_field("/proc/self/status", "\nCapEff:", 0, 16) != 0 ? "ok" : "none";
}

static const char* has_variable(char** argv) { return getenv(argv[2]) == NULL ? "unset" : "ok"; }

const struct act privilege_acts[] = {
    {"has-variable", has_variable},
    {"become-root", become_root},
    {"take-capabilities", take_capabilities},
    {"make-ambient", make_ambient},
    {"change-secure-bits", change_secure_bits},
    {"run-set-id", run_set_id},
    {"give-file-capability", give_file_capability},
    {"run-file-with-capability", run_file_with_capability},
    {"has-capability", has_capability},
    {NULL, NULL},
};
