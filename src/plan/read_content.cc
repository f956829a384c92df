#include "plan/read_content.h"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace immure {

Result<std::string> read_content(int fd) {
  constexpr std::size_t max_bytes = 16U << 20;
  const std::string doing = "read the content of a file from descriptor " + std::to_string(fd);
  std::string content;
  std::array<char, 1U << 16> buffer;
  for (;;) {
    const ssize_t length = ::read(fd, buffer.data(), buffer.size());
    if (length == 0) return content;
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return os_error(Code::setup_step, doing);
    content.append(buffer.data(), static_cast<std::size_t>(length));
    if (content.size() > max_bytes) {
      return Error{.code = Code::file_too_big, .doing = doing, .reason = "more than 16 MiB"};
    }
  }
}

}  // namespace immure
