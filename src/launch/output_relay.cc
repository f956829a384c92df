#include "launch/output_relay.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

namespace immure {
namespace {

// Less than a terminal takes at once when poll(2) says that it can be written to.
constexpr std::size_t kTerminalChunk = 256;

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool are_one_file(int one, int other) {
  struct stat a {};
  struct stat b {};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

Fd copy_above_stdio(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

}  // namespace

bool asked_to_end(int signals) {
  signalfd_siginfo info{};
  if (::read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return false;
  const auto signal = static_cast<int>(info.ssi_signo);
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

OutputRelay::~OutputRelay() {
  take_back();
  for (const Stream& stream : streams_) {
    if (stream.is_input()) give_back(stream);
  }
}

int OutputRelay::divert(const Ways& ways, std::optional<std::uint64_t> limit_bytes) {
  if (limit_bytes) left_bytes_ = *limit_bytes;
  const bool one_file = ways[1] == Way::output && ways[2] == Way::output && are_one_file(1, 2);
  for (std::size_t i = 0; i < kStreams; ++i) {
    if (ways[i] == Way::none) continue;
    own_[i] = copy_above_stdio(static_cast<int>(i));
    if (!own_[i]) return errno;
  }
  for (std::size_t i = 0; i < kStreams; ++i) {
    const int fd = static_cast<int>(i);
    if (ways[i] == Way::none || (fd == 2 && one_file)) continue;
    const int errnum =
        ways[i] == Way::input ? divert_input(fd) : divert_output(fd, fd == 1 && one_file);
    if (errnum != 0) return errnum;
  }
  return 0;
}

int OutputRelay::divert_output(int fd, bool with_stderr) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  Stream& stream = streams_[static_cast<std::size_t>(fd)];
  const Fd write_end(ends[1]);
  stream.from.reset(ends[0]);
  stream.to = copy_above_stdio(fd);
  stream.is_terminal = ::isatty(fd) == 1;
  stream.is_file = is_regular(fd);
  // Only our end: what the command has must wait where it is full.
  if (!stream.to || ::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 || ::dup2(write_end.get(), fd) < 0 ||
      (with_stderr && ::dup2(write_end.get(), 2) < 0)) {
    return errno;
  }
  return 0;
}

int OutputRelay::divert_input(int fd) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
  Stream& stream = streams_[static_cast<std::size_t>(fd)];
  stream.unread.reset(ends[0]);
  stream.to.reset(ends[1]);
  stream.from = copy_above_stdio(fd);
  stream.source = copy_above_stdio(fd);
  if (!stream.from || !stream.source || ::fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0 ||
      ::dup2(ends[0], fd) < 0) {
    return errno;
  }
  return 0;
}

void OutputRelay::take_back() {
  for (std::size_t i = 0; i < kStreams; ++i) {
    if (own_[i]) ::dup2(own_[i].get(), static_cast<int>(i));
    own_[i].reset();
  }
}

// Whoever reads on there after us finds what the command left, as it would without us.
void OutputRelay::give_back(const Stream& stream) {
  int in_pipe = 0;
  if (::ioctl(stream.unread.get(), FIONREAD, &in_pipe) != 0) return;
  const auto left = static_cast<off_t>(stream.filled - stream.taken) + in_pipe;
  if (left > 0) ::lseek(stream.source.get(), -left, SEEK_CUR);
}

std::array<pollfd, OutputRelay::kStreams> OutputRelay::watched() const {
  std::array<pollfd, kStreams> fds{};
  for (std::size_t i = 0; i < kStreams; ++i) {
    const Stream& stream = streams_[i];
    fds[i] =
        stream.waits() ? pollfd{stream.to.get(), POLLOUT, 0} : pollfd{stream.from.get(), POLLIN, 0};
  }
  return fds;
}

bool OutputRelay::pump(const std::array<pollfd, kStreams>& seen) {
  bool within = true;
  for (std::size_t i = 0; i < kStreams; ++i) {
    if (seen[i].revents == 0) continue;
    Stream& stream = streams_[i];
    if (stream.waits()) {
      write(stream);
    } else {
      within = read(stream) && within;
    }
  }
  return within;
}

// False: there is more than may be passed on.
bool OutputRelay::read(Stream& stream) {
  if (!stream.buffer) stream.buffer = std::make_unique_for_overwrite<Buffer>();
  const ssize_t length = ::read(stream.from.get(), stream.buffer->data(), kChunk);
  stream.taken = 0;
  stream.filled = length > 0 ? static_cast<std::size_t>(length) : 0;
  if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
    stream.from.reset();
    stream.to.reset();  // who reads there sees the end, too
  }
  if (length <= 0 || stream.is_input()) return true;
  const std::size_t read_bytes = std::exchange(stream.filled, admit(stream.filled));
  return stream.filled == read_bytes;
}

std::size_t OutputRelay::admit(std::size_t bytes) {
  const auto admitted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, left_bytes_));
  if (left_bytes_ != UINT64_MAX) left_bytes_ -= admitted;
  return admitted;
}

void OutputRelay::write(Stream& stream) {
  iovec rest{stream.buffer->data() + stream.taken, stream.filled - stream.taken};
  if (stream.is_terminal) rest.iov_len = std::min(rest.iov_len, kTerminalChunk);
  // A pipe that somebody else fills meanwhile must not hold us up. Some devices know no such flag,
  // and some file systems never write a new block with it.
  const int flags = stream.is_file ? 0 : RWF_NOWAIT;
  ssize_t length = ::pwritev2(stream.to.get(), &rest, 1, -1, flags);
  if (length < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
    length = ::write(stream.to.get(), rest.iov_base, rest.iov_len);
  }
  if (length >= 0) {
    stream.taken += static_cast<std::size_t>(length);
  } else if (errno != EAGAIN && errno != EINTR) {
    // Nobody takes it any more: the command meets that as it would without us, by SIGPIPE.
    if (errno != EPIPE) stream.errnum = errno;
    stream.taken = stream.filled;
    stream.from.reset();
    stream.to.reset();
  }
}

// What the command did not read is no reason to wait.
bool OutputRelay::waits_for_reader() const {
  return std::ranges::any_of(
      streams_, [](const Stream& stream) { return stream.waits() && !stream.is_input(); });
}

bool OutputRelay::drain(int signals) {
  for (;;) {
    std::array<pollfd, kStreams> now = watched();
    for (std::size_t i = 0; i < kStreams; ++i) {
      if (streams_[i].is_input()) now[i].fd = -1;
    }
    std::array<pollfd, kStreams + 1> all = {now[0], now[1], now[2], {signals, POLLIN, 0}};
    // A stream that is only read from has an end here, where nobody writes any more: no waiting.
    const bool waits = waits_for_reader();
    const int count = ::poll(all.data(), all.size(), waits && signals >= 0 ? -1 : 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (all[kStreams].revents != 0 && asked_to_end(signals)) return true;
    if (all[0].revents == 0 && all[1].revents == 0 && all[2].revents == 0) {
      if (!waits) return true;
      continue;
    }
    if (!pump({all[0], all[1], all[2]})) return false;
  }
}

}  // namespace immure
