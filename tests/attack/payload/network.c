// Ways out by sockets.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "payload.h"

// Family argv[2], type argv[3], protocol argv[4]; argv[5] stands above the family's low 32 bits,
// which are all that the kernel reads.
static const char* open_socket(char** argv) {
  const unsigned long family = (unsigned long)number_argument(argv, 2);
  const unsigned long above = (unsigned long)number_argument(argv, 5) << 32;
  return verdict(
      syscall(SYS_socket, family | above, number_argument(argv, 3), number_argument(argv, 4)));
}

static const char* connect_port(char** argv) {
  const struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((in_port_t)number_argument(argv, 2)),
                                      .sin_addr = {htonl(INADDR_LOOPBACK)}};
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return verdict(fd < 0 ? fd : connect(fd, (const struct sockaddr*)&address, sizeof address));
}

static const char* connect_name(const char* name, int abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const size_t length = strlen(name);
  memcpy(address.sun_path + abstract, name, length);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const socklen_t size =
      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + length);
  return verdict(fd < 0 ? fd : connect(fd, (const struct sockaddr*)&address, size));
}

static const char* connect_path(char** argv) { return connect_name(argv[2], 0); }
static const char* connect_abstract(char** argv) { return connect_name(argv[2], 1); }

const struct act network_acts[] = {
    {"socket", open_socket},
    {"connect-port", connect_port},
    {"connect-path", connect_path},
    {"connect-abstract", connect_abstract},
    {NULL, NULL},
};
