#include "commands/args_fd.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/fd.h"
#include "commands/descriptor.h"

namespace immure {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
constexpr std::size_t kChunk = 65536;

}  // namespace

Result<std::vector<std::string>> read_args_fd(const GivenOption& option) {
  const auto number = open_descriptor(option, Direction::read);
  if (!number.ok()) return number.error();
  const int fd = number.value();
  const Fd ours(fd > STDERR_FILENO ? fd : -1);
  const std::string from = option.flag + ' ' + option.value;
  std::string text;
  std::size_t size = 0;
  while (size <= kMostBytes) {
    text.resize(size + kChunk);
    const ssize_t got = ::read(fd, text.data() + size, kChunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(Code::usage, "read the options of " + from);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kMostBytes) {
    return Error{.code = Code::usage,
                 .reason = from + " gives more than 16 MiB",
                 .hint = "a profile can be named with -p"};
  }
  std::vector<std::string> words;
  for (std::size_t at = 0; at < size;) {
    const std::size_t end = std::min(text.find('\0', at), size);
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace immure
