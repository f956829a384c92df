// A terminal of the sandbox's own in place of the caller's: opened by pid 1, which leads its
// session, so that the command can be stopped and continued as a shell's job is. (The kernel does
// not stop a process group whose parents are all of other sessions.)
//
// The modes are the kernel's own struct here: <termios.h> has another of the same name.
#include <asm/termbits.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "launch/child.h"

namespace immure {
namespace {

// Modes and size of the caller's terminal. Behind it, modes without lines are those of the program
// in front, as a shell that waits for a command: the new terminal then keeps the kernel's.
int copy_state(int from, int to, bool in_front) {
  termios modes{};
  winsize size{};
  if (::ioctl(from, TCGETS, &modes) != 0) return errno;
  const bool of_another = !in_front && (modes.c_lflag & ICANON) == 0;
  if (!of_another && ::ioctl(to, TCSETS, &modes) != 0) return errno;
  if (::ioctl(from, TIOCGWINSZ, &size) != 0 || ::ioctl(to, TIOCSWINSZ, &size) != 0) return errno;
  return 0;
}

int hand_over(int socket, const std::array<int, 2>& fds) {
  ChildReport message{ChildReport::Kind::terminal, 0, 0, 0};
  iovec part{&message, sizeof message};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof fds)> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(rights), fds.data(), sizeof fds);
  return ::sendmsg(socket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof message) ? 0
                                                                                          : errno;
}

int take_as_controlling(int terminal) {
  if (::ioctl(terminal, TIOCSCTTY, 0) != 0) return errno;
  pid_t session = -1;
  if (::ioctl(terminal, TIOCGSID, &session) != 0) return errno;
  return session == ::getsid(0) ? 0 : EPROTO;
}

}  // namespace

int open_terminal(const OpenTerminal& step, Construction& construction) {
  unsigned caller = 0;
  while (caller <= 2 && (construction.terminals >> caller & 1U) == 0) ++caller;
  if (caller > 2) return 0;
  constexpr int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  const Fd master(::open(step.ptmx.c_str(), flags | O_NONBLOCK));
  if (!master) return errno;
  int unlock = 0;
  if (::ioctl(master.get(), TIOCSPTLCK, &unlock) != 0) return errno;
  // By the master, not by a name: it is that of this pair, wherever it is mounted.
  construction.terminal.reset(::ioctl(master.get(), TIOCGPTPEER, flags));
  if (!construction.terminal) return errno;
  if (const int errnum = copy_state(static_cast<int>(caller), construction.terminal.get(),
                                    construction.in_front)) {
    return errnum;
  }
  return hand_over(construction.report_fd, {master.get(), construction.terminal.get()});
}

int lead_session(Construction& construction) {
  if (::setsid() < 0) return errno;
  construction.leads_session = true;
  return construction.terminal ? take_as_controlling(construction.terminal.get()) : 0;
}

int enter_terminal(const Construction& construction) {
  const int terminal = construction.terminal.get();
  if (!construction.leads_session) {
    if (::setsid() < 0) return errno;
    if (!construction.terminal) return 0;
    if (const int errnum = take_as_controlling(terminal)) return errnum;
  } else {
    if (::setpgid(0, 0) != 0) return errno;
    if (!construction.terminal) return 0;
    // SIGTTOU is blocked, as all are until exec.
    const pid_t group = ::getpid();
    if (construction.in_front && ::ioctl(terminal, TIOCSPGRP, &group) != 0) return errno;
  }
  for (int fd = 0; fd <= 2; ++fd) {
    if ((construction.terminals >> static_cast<unsigned>(fd) & 1U) == 0) continue;
    if (::dup2(terminal, fd) < 0) return errno;
    pid_t session = -1;
    if (::ioctl(fd, TIOCGSID, &session) != 0) return errno;
    if (session != ::getsid(0)) return EPROTO;
  }
  return 0;
}

}  // namespace immure
