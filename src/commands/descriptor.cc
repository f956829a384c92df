#include "commands/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>

#include "base/text.h"

namespace immure {
namespace {

Error wrong(const GivenOption& option, const std::string& reason) {
  return Error{.code = Code::usage,
               .reason = option.flag + ' ' + quote(option.value) + ": " + reason};
}

}  // namespace

Result<int> open_descriptor(const GivenOption& option, Direction direction) {
  int fd = -1;
  const char* end = option.value.data() + option.value.size();
  const auto [stop, problem] = std::from_chars(option.value.data(), end, fd);
  if (problem != std::errc{} || stop != end || fd < 0) {
    return wrong(option, "not the number of a descriptor");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return wrong(option, "this descriptor is not open");
  const bool reads = direction == Direction::read;
  const int other_direction = reads ? O_WRONLY : O_RDONLY;
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == other_direction) {
    return wrong(option, reads ? "not open for reading" : "not open for writing");
  }
  return fd;
}

Result<int> copy_of_descriptor(const GivenOption& option, Direction direction) {
  auto fd = open_descriptor(option, direction);
  if (!fd.ok()) return fd;
  const int copy = ::fcntl(fd.value(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (copy < 0) return wrong(option, errno_words(errno));
  return copy;
}

std::string place_of(int fd) {
  std::array<char, PATH_MAX> text;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = ::readlink(link.c_str(), text.data(), text.size());
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

}  // namespace immure
