#include "launch/output_relay.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace immure {
namespace {

constexpr std::size_t kChunk = 65'536;  // of a pipe, by default
// Less than a terminal takes at once when poll(2) says that it can be written to.
constexpr std::size_t kTerminalChunk = 256;

bool are_one_file(int one, int other) {
  struct stat a {};
  struct stat b {};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

Fd copy_above_stdio(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)); }

bool ends(const signalfd_siginfo& info) {
  const auto signal = static_cast<int>(info.ssi_signo);
  return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace

int OutputRelay::divert(std::uint64_t limit_bytes) {
  left_bytes_ = limit_bytes;
  const bool one_file = are_one_file(1, 2);
  for (std::size_t i = 0; i < kStreams; ++i) {
    own_[i] = copy_above_stdio(static_cast<int>(i) + 1);
    if (!own_[i]) return errno;
  }
  for (std::size_t i = 0; i < (one_file ? 1 : kStreams); ++i) {
    const int fd = static_cast<int>(i) + 1;
    std::array<int, 2> ends = {-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
    const Fd write_end(ends[1]);
    streams_[i].from.reset(ends[0]);
    streams_[i].to = copy_above_stdio(fd);
    streams_[i].is_terminal = ::isatty(fd) == 1;
    // Only our end: what the command has must wait where it is full.
    if (!streams_[i].to || ::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0 ||
        ::dup2(write_end.get(), fd) < 0 || (one_file && ::dup2(write_end.get(), 2) < 0)) {
      return errno;
    }
  }
  return 0;
}

void OutputRelay::take_back() {
  for (std::size_t i = 0; i < kStreams; ++i) {
    if (own_[i]) ::dup2(own_[i].get(), static_cast<int>(i) + 1);
    own_[i].reset();
  }
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
  stream.taken = 0;
  stream.pending.resize(kChunk);
  const ssize_t length = ::read(stream.from.get(), stream.pending.data(), kChunk);
  stream.pending.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  if (length == 0) {
    stream.from.reset();
    stream.to.reset();  // who reads there sees the end, too
  }
  if (length <= 0) return true;
  const bool within = stream.pending.size() <= left_bytes_;
  if (!within) stream.pending.resize(left_bytes_);
  left_bytes_ -= stream.pending.size();
  return within;
}

void OutputRelay::write(Stream& stream) {
  iovec rest{stream.pending.data() + stream.taken, stream.pending.size() - stream.taken};
  if (stream.is_terminal) rest.iov_len = std::min(rest.iov_len, kTerminalChunk);
  // A pipe that somebody else fills meanwhile must not hold us up. Some files know no such flag.
  ssize_t length = ::pwritev2(stream.to.get(), &rest, 1, -1, RWF_NOWAIT);
  if (length < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
    length = ::write(stream.to.get(), rest.iov_base, rest.iov_len);
  }
  if (length >= 0) {
    stream.taken += static_cast<std::size_t>(length);
  } else if (errno != EAGAIN && errno != EINTR) {
    // Nobody takes it any more: the command meets that as it would without us, by SIGPIPE.
    stream.taken = stream.pending.size();
    stream.from.reset();
    stream.to.reset();
  }
}

bool OutputRelay::drain(int signals) {
  for (;;) {
    const std::array<pollfd, kStreams> now = watched();
    std::array<pollfd, kStreams + 1> all = {now[0], now[1], {signals, POLLIN, 0}};
    // A stream that is only read from has an end here, where nobody writes any more: no waiting.
    const bool waits =
        std::ranges::any_of(streams_, [](const Stream& stream) { return stream.waits(); });
    const int count = ::poll(all.data(), all.size(), waits && signals >= 0 ? -1 : 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (all[kStreams].revents != 0) {
      signalfd_siginfo info{};
      if (::read(signals, &info, sizeof info) == static_cast<ssize_t>(sizeof info) && ends(info))
        return true;
    }
    if (all[0].revents == 0 && all[1].revents == 0) {
      if (!waits) return true;
      continue;
    }
    if (!pump({all[0], all[1]})) return false;
  }
}

}  // namespace immure
