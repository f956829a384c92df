// On files, directories, mounts and devices.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "payload.h"

// The first byte of argv[2].
static const char* read_one(char** argv) {
  const int fd = open(argv[2], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char byte;
  if (fd < 0) return verdict(fd);
  const ssize_t count = read(fd, &byte, 1);
  return count == 0 ? "empty" : verdict(count);
}

static const char* open_device(char** argv) {
  return verdict(open(argv[2], O_RDWR | O_CLOEXEC | O_NONBLOCK));
}

static const char* open_write(char** argv) {
  return verdict(open(argv[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

// argv[3] to argv[2].
static const char* write_text(char** argv) {
  const int fd = open(argv[2], O_WRONLY | O_CLOEXEC);
  const char* text = text_argument(argv, 3);
  return verdict(fd < 0 ? fd : write(fd, text, strlen(text)));
}

// argv[3], relative to the descriptor argv[2].
static const char* open_at(char** argv) {
  return verdict(
      openat((int)number_argument(argv, 2), text_argument(argv, 3), O_RDONLY | O_CLOEXEC));
}

static const char* list(char** argv) {
  DIR* directory = opendir(argv[2]);
  if (directory == NULL) return verdict(-1);
  for (struct dirent* entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
    if (entry->d_name[0] != '.') return "ok";
  }
  return "empty";
}

// A file of this name with the set-id bit, by every call that can give one a mode.
static const char* create_set_id(char** argv) {
  const char* file = argv[2];
  const char* how = text_argument(argv, 3);
  const mode_t mode = S_ISUID | 0755;
  struct open_how wanted = {.flags = O_WRONLY | O_CREAT | O_CLOEXEC, .mode = mode};
  umask(0);
  unlink(file);
  long result = -1;
  if (strcmp(how, "open") == 0) {
    result = syscall(SYS_open, file, O_WRONLY | O_CREAT, mode);
  } else if (strcmp(how, "openat") == 0) {
    result = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT, mode);
  } else if (strcmp(how, "openat2") == 0) {
    result = syscall(SYS_openat2, AT_FDCWD, file, &wanted, sizeof wanted);
  } else if (strcmp(how, "creat") == 0) {
    result = syscall(SYS_creat, file, mode);
  } else if (strcmp(how, "mknod") == 0) {
    result = syscall(SYS_mknod, file, S_IFREG | mode, 0);
  } else {
    result = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT, 0755);
    if (result >= 0 && strcmp(how, "fchmod") == 0) result = syscall(SYS_fchmod, result, mode);
    if (strcmp(how, "fchmodat") == 0) result = syscall(SYS_fchmodat, AT_FDCWD, file, mode);
    if (strcmp(how, "fchmodat2") == 0) result = syscall(452, AT_FDCWD, file, mode, 0);
  }
  if (result < 0) return verdict(result);
  struct stat status;
  if (stat(file, &status) != 0) return verdict(-1);
  unlink(file);
  return (status.st_mode & S_ISUID) != 0 ? "ok" : "without the bit";
}

static const char* make_executable(char** argv) { return verdict(chmod(argv[2], 0755)); }

static const char* rename_one(char** argv) {
  return verdict(rename(argv[2], text_argument(argv, 3)));
}

static const char* mount_memory(char** argv) {
  return verdict(mount("tmpfs", argv[2], "tmpfs", 0, NULL));
}

static const char* make_writable(char** argv) {
  return verdict(mount(NULL, argv[2], NULL, MS_REMOUNT | MS_BIND, NULL));
}

// What a careless launcher does: looks whether the source argv[2] is a directory, and then binds it
// by its path on argv[3]. "ok" if the bind once showed the file argv[4], which that directory
// lacks.
static const char* bind_after_look(char** argv) {
  const char* target = text_argument(argv, 3);
  char name[4096];
  snprintf(name, sizeof name, "%s/%s", target, text_argument(argv, 4));
  const time_t end = time(NULL) + 20;
  while (time(NULL) < end) {
    struct stat status;
    if (lstat(argv[2], &status) != 0 || !S_ISDIR(status.st_mode)) continue;
    sched_yield();
    if (mount(argv[2], target, NULL, MS_BIND, NULL) != 0) continue;
    const int lost = access(name, F_OK) == 0;
    umount2(target, MNT_DETACH);
    if (lost) return "ok";
  }
  return "held";
}

static const char* unmount_one(char** argv) { return verdict(umount2(argv[2], MNT_DETACH)); }

// By the new calls.
static const char* make_writable_anew(char** argv) {
  struct mount_attr change = {.attr_clr = MOUNT_ATTR_RDONLY};
  return verdict(mount_setattr(AT_FDCWD, argv[2], 0, &change, sizeof change));
}

static const char* clone_mount(char** argv) {
  return verdict(open_tree(AT_FDCWD, argv[2], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

// The first step out of a root by the classic way: another root, with a directory kept open above
// it.
static const char* leave_root(char** argv) {
  (void)argv;
  return verdict(chroot("/usr"));
}

static const char* pivot(char** argv) {
  (void)argv;
  // The arguments are wrong: EINVAL or ENOENT says that the call is open.
  const long result = syscall(SYS_pivot_root, "/nowhere", "/nowhere");
  return result < 0 && errno == EPERM ? "EPERM" : "ok";
}

// The handle of a file, by which it is opened past every directory on the way.
static const char* name_handle(char** argv) {
  struct {
    struct file_handle head;
    char bytes[128];
  } handle = {.head = {.handle_bytes = 128}};
  int mount_id;
  return verdict(name_to_handle_at(AT_FDCWD, argv[2], &handle.head, &mount_id, 0));
}

// Writes argv[2] megabytes to the file argv[3].
static const char* fill(char** argv) {
  static char block[1 << 20];
  const int fd = open(text_argument(argv, 3), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return verdict(fd);
  long result = 0;
  memset(block, 1, sizeof block);
  for (long i = number_argument(argv, 2); i > 0 && result >= 0; --i) {
    result = write(fd, block, sizeof block);
  }
  const int error = errno;
  unlink(text_argument(argv, 3));
  errno = error;
  return verdict(result);
}

// Makes argv[2] files in the directory argv[3].
static const char* many_files(char** argv) {
  char name[4096];
  const long wanted = number_argument(argv, 2);
  long made = 0;
  long result = 0;
  for (; made < wanted && result >= 0; ++made) {
    snprintf(name, sizeof name, "%s/flood-%ld", text_argument(argv, 3), made);
    result = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (result >= 0) close((int)result);
  }
  const int error = errno;
  while (made-- > 0) {
    snprintf(name, sizeof name, "%s/flood-%ld", text_argument(argv, 3), made);
    unlink(name);
  }
  errno = error;
  return verdict(result);
}

// Opens argv[2] terminals.
static const char* many_terminals(char** argv) {
  for (long i = number_argument(argv, 2); i > 0; --i) {
    const int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return verdict(fd);
  }
  return "ok";
}

const struct act file_acts[] = {
    {"read", read_one},
    {"open-device", open_device},
    {"open-write", open_write},
    {"write", write_text},
    {"open-at", open_at},
    {"list", list},
    {"create-set-id", create_set_id},
    {"make-executable", make_executable},
    {"rename", rename_one},
    {"mount", mount_memory},
    {"make-writable", make_writable},
    {"make-writable-anew", make_writable_anew},
    {"bind-after-look", bind_after_look},
    {"clone-mount", clone_mount},
    {"unmount", unmount_one},
    {"leave-root", leave_root},
    {"pivot", pivot},
    {"name-handle", name_handle},
    {"fill", fill},
    {"many-files", many_files},
    {"many-terminals", many_terminals},
    {NULL, NULL},
};
