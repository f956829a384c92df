#include "launch/report_socket.h"

#include <sys/socket.h>

#include <cstring>

namespace immure {

ssize_t receive_report(int socket, ChildReport& message, std::array<Fd, 2>& fds) {
  iovec part{&message, sizeof message};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(2 * sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t length = ::recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* rights = length > 0 ? CMSG_FIRSTHDR(&header) : nullptr;
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS ||
      rights->cmsg_len != CMSG_LEN(2 * sizeof(int))) {
    return length;
  }
  std::array<int, 2> numbers = {-1, -1};
  std::memcpy(numbers.data(), CMSG_DATA(rights), sizeof numbers);
  for (std::size_t i = 0; i < fds.size(); ++i) fds[i].reset(numbers[i]);
  return length;
}

}  // namespace immure
