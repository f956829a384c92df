#include "bwrap/calls.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace immure::test {
namespace {

constexpr int not_loaded = 99;  // an exit status that no program of ours has

sock_filter step(unsigned code, unsigned value, unsigned char yes = 0, unsigned char no = 0) {
  return {static_cast<__u16>(code), yes, no, value};
}

// Gives the listener, if that is among the flags.
template <std::size_t length>
int load(std::array<sock_filter, length> program, unsigned flags) {
  const sock_fprog filter{.len = length, .filter = program.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) ::_exit(not_loaded);
  const long loaded = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (loaded < 0) ::_exit(not_loaded);
  return static_cast<int>(loaded);
}

// One descriptor as a message.
struct Parcel {
  char byte = 'x';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr header{
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.data(), .msg_controllen = room.size()};
};

void send_descriptor(int socket, int fd) {
  Parcel parcel;
  cmsghdr* rights = CMSG_FIRSTHDR(&parcel.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  if (::sendmsg(socket, &parcel.header, 0) != 1) ::_exit(not_loaded);
}

Fd receive_descriptor(int socket) {
  Parcel parcel;
  int fd = -1;
  if (::recvmsg(socket, &parcel.header, MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* rights = CMSG_FIRSTHDR(&parcel.header);
  if (rights != nullptr) std::memcpy(&fd, CMSG_DATA(rights), sizeof fd);
  return Fd(fd);
}

bool is_readable(int fd, std::chrono::milliseconds limit) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) == 1 && (wait.revents & POLLIN) != 0;
}

}  // namespace

void refuse(const Refusal& refusal) {
  const unsigned compare =
      BPF_JMP | BPF_K | (refusal.first_argument == any_value ? BPF_JGE : BPF_JEQ);
  const unsigned value = refusal.first_argument == any_value ? 0 : refusal.first_argument;
  const auto number = static_cast<unsigned>(refusal.call);
  load(std::array{step(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                  step(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
                  step(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
                  step(compare, value, 0, 1),
                  step(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(refusal.errnum)),
                  step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
       0);
}

HeldCalls::HeldCalls(long call) : call_(call) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) std::abort();
  ours_.reset(ends[0]);
  theirs_.reset(ends[1]);
}

void HeldCalls::hold() const {
  const int listener =
      load(std::array{step(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                      step(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call_), 0, 1),
                      step(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                      step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)},
           SECCOMP_FILTER_FLAG_NEW_LISTENER);
  send_descriptor(theirs_.get(), listener);
  ::close(listener);
}

std::optional<HeldCalls::Call> HeldCalls::next(std::chrono::seconds limit) {
  if (!listener_ && is_readable(ours_.get(), limit)) listener_ = receive_descriptor(ours_.get());
  seccomp_notif told{};
  while (listener_ && is_readable(listener_.get(), limit)) {
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &told) == 0) {
      Call call{.id = told.id, .pid = static_cast<pid_t>(told.pid), .arguments = {}};
      std::copy_n(std::begin(told.data.args), call.arguments.size(), call.arguments.begin());
      return call;
    }
    if (errno != EINTR && errno != ENOENT) break;  // ENOENT: it was killed meanwhile
    told = {};
  }
  return std::nullopt;
}

void HeldCalls::go_on(const Call& call) { respond(call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }

void HeldCalls::answer(const Call& call, int result) { respond(call, result, 0); }

void HeldCalls::copy(const Call& call, std::uint64_t address, void* to, std::size_t length) {
  const iovec local{to, length};
  const iovec remote{reinterpret_cast<void*>(address), length};
  if (::process_vm_readv(call.pid, &local, 1, &remote, 1, 0) != static_cast<ssize_t>(length)) {
    std::perror("process_vm_readv");
  }
}

void HeldCalls::respond(const Call& call, int result, unsigned flags) {
  seccomp_notif_resp response{
      .id = call.id, .val = std::max(result, 0), .error = std::min(result, 0), .flags = flags};
  ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response);  // it may have been killed
}

}  // namespace immure::test
