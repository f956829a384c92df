// Mounts a small FUSE file system as an ordinary user, in namespaces of its own, and runs a command
// there: fuse_mount MODE WHERE [-C DIRECTORY] COMMAND [ARGUMENT…]. The file system holds the
// directory "sub" and the program "tool". MODE: "alive" answers to the end; "unread" lets
// go of its duty when the command starts, and reads no request from then on; "unanswered" goes on
// reading and never answers. The exit status is the command's. What the command leaves
// behind is told on standard error, "left", before the file system is taken down, and "stuck"
// after.
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char tool[] = "#!/bin/sh\necho from the file system\n";
enum { ROOT = 1, SUB = 2, TOOL = 3 };
static int device;

static void die(const char* what) {
  perror(what);
  exit(90);
}

static void write_file(const char* path, const char* text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

static void answer(const struct fuse_in_header* in, int error, const void* body, size_t length) {
  static char buffer[70000];
  struct fuse_out_header out = {
      .len = (unsigned)(sizeof out + length), .error = -error, .unique = in->unique};
  memcpy(buffer, &out, sizeof out);
  if (length > 0) memcpy(buffer + sizeof out, body, length);
  ssize_t ignored = write(device, buffer, out.len);
  (void)ignored;
}

static struct fuse_attr attributes(unsigned long node) {
  struct fuse_attr attr = {
      .ino = node, .nlink = 1, .uid = getuid(), .gid = getgid(), .blksize = 4096};
  attr.mode = node == TOOL ? S_IFREG | 0755 : S_IFDIR | 0755;
  attr.size = node == TOOL ? sizeof tool - 1 : 0;
  return attr;
}

static size_t list(char* buffer, unsigned long node) {
  static const char* const names[] = {".", "..", "sub", "tool"};
  size_t length = 0;
  for (unsigned i = 0; i < (node == ROOT ? 4U : 2U); ++i) {
    struct fuse_dirent entry = {.ino = i + 1,
                                .off = i + 1,
                                .namelen = (unsigned)strlen(names[i]),
                                .type = i == 3 ? S_IFREG >> 12 : S_IFDIR >> 12};
    memcpy(buffer + length, &entry, FUSE_NAME_OFFSET);
    memcpy(buffer + length + FUSE_NAME_OFFSET, names[i], entry.namelen);
    length += FUSE_DIRENT_SIZE(&entry);
  }
  return length;
}

// One request, answered unless it shall not be.
static void serve(int answering) {
  static char request[FUSE_MIN_READ_BUFFER + 65536];
  ssize_t got = read(device, request, sizeof request);
  if (got < (ssize_t)sizeof(struct fuse_in_header) || !answering) return;
  const struct fuse_in_header* in = (const struct fuse_in_header*)request;
  const char* body = request + sizeof *in;
  switch (in->opcode) {
    case FUSE_INIT: {
      struct fuse_init_out out = {
          .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096};
      answer(in, 0, &out, sizeof out);
      return;
    }
    case FUSE_LOOKUP: {
      const unsigned long node = strcmp(body, "sub") == 0    ? SUB
                                 : strcmp(body, "tool") == 0 ? TOOL
                                                             : 0;
      if (in->nodeid != ROOT || node == 0) return answer(in, ENOENT, NULL, 0);
      struct fuse_entry_out out = {.nodeid = node, .attr = attributes(node)};
      answer(in, 0, &out, sizeof out);
      return;
    }
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {.attr = attributes(in->nodeid)};
      answer(in, 0, &out, sizeof out);
      return;
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
      struct fuse_open_out out = {0};
      answer(in, 0, &out, sizeof out);
      return;
    }
    case FUSE_READ:
    case FUSE_READDIR: {
      const struct fuse_read_in* read = (const struct fuse_read_in*)body;
      static char data[4096];
      memset(data, 0, sizeof data);
      size_t length = sizeof tool - 1;
      if (in->opcode == FUSE_READDIR) {
        length = list(data, in->nodeid);
      } else {
        memcpy(data, tool, length);
      }
      answer(in, 0, data, read->offset == 0 ? length : 0);
      return;
    }
    case FUSE_STATFS: {
      struct fuse_statfs_out out = {.st = {.bsize = 4096, .namelen = 255, .frsize = 4096}};
      answer(in, 0, &out, sizeof out);
      return;
    }
    case FUSE_ACCESS:
    case FUSE_FLUSH:
    case FUSE_RELEASE:
    case FUSE_RELEASEDIR:
      answer(in, 0, NULL, 0);
      return;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
    default:
      answer(in, ENOSYS, NULL, 0);
  }
}

// Waits until every child is gone; the file system is served meanwhile. 0: some were left.
static int reap(int milliseconds, int reading, int answering) {
  for (; milliseconds > 0; milliseconds -= 20) {
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
    }
    if (pid < 0) return 1;
    struct pollfd request = {.fd = reading ? device : -1, .events = POLLIN};
    if (poll(&request, 1, 20) > 0 && (request.revents & POLLIN) != 0) serve(answering);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 4) return 91;
  const char* mode = argv[1];
  const char* where = argv[2];
  const int alive = strcmp(mode, "alive") == 0;
  const int reading = alive || strcmp(mode, "unanswered") == 0;
  const char* directory = strcmp(argv[3], "-C") == 0 ? argv[4] : NULL;
  char** command = argv + (directory != NULL ? 5 : 3);

  char map[64];
  const unsigned uid = getuid();
  const unsigned gid = getgid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) die("unshare");
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", uid, uid);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", gid, gid);
  write_file("/proc/self/gid_map", map);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) die("/dev/fuse");
  snprintf(map, sizeof map, "fd=%d,rootmode=40000,user_id=%u,group_id=%u", device, uid, gid);
  if (mount("fuse", where, "fuse", MS_NOSUID | MS_NODEV, map) != 0) die("mount");
  prctl(PR_SET_CHILD_SUBREAPER, 1);

  int started[2];
  if (pipe2(started, O_CLOEXEC) != 0) die("pipe");
  const pid_t child = fork();
  if (child == 0) {
    struct stat status;  // answered only when the file system has come up
    if (stat(where, &status) != 0 || (directory != NULL && chdir(directory) != 0)) die("enter");
    // From here on the server does what its mode says.
    if (write(started[1], "x", 1) != 1) _exit(92);
    usleep(100000);
    execvp(command[0], command);
    die(command[0]);
  }
  close(started[1]);
  int answering = 1;
  int status = 0;
  for (;;) {
    struct pollfd watched[2] = {{.fd = answering || reading ? device : -1, .events = POLLIN},
                                {.fd = started[0], .events = POLLIN}};
    if (poll(watched, 2, 20) > 0) {
      if ((watched[0].revents & POLLIN) != 0) serve(answering);
      if (watched[1].revents != 0) {
        answering = alive;
        close(started[0]);
        started[0] = -1;
      }
    }
    if (waitpid(child, &status, WNOHANG) == child) break;
  }
  if (!reap(2000, reading, alive)) fprintf(stderr, "left\n");
  close(device);  // what still waits for an answer gets an error
  device = -1;
  if (!reap(5000, 0, 0)) fprintf(stderr, "stuck\n");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
