#include "launch/pty_relay.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace immure {
namespace {

constexpr std::size_t kChunk = 4096;  // what a terminal holds
// Less than a terminal takes at once when poll(2) says that it can be written to.
constexpr std::size_t kBlockingChunk = 256;

constexpr int kMostChunks = 64;  // more than the two ends of a terminal hold

bool would_wait(int errnum) { return errnum == EAGAIN || errnum == EINTR; }

}  // namespace

void PtyRelay::connect(Fd master, Fd slave) {
  master_ = std::move(master);
  slave_ = std::move(slave);
}

std::array<pollfd, PtyRelay::kWatched> PtyRelay::watched() const {
  std::array<pollfd, kWatched> fds = {{{-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}}};
  if (!master_) return fds;
  const bool has_input = input_taken_ < input_.size();
  const bool has_output = output_taken_ < output_.size();
  if (!hung_up_) {
    const bool reads = caller_.is_taken() && !has_input;
    fds[0] = {caller_.input(), static_cast<short>(reads ? POLLIN : 0), 0};
    if (has_output) fds[2] = {caller_.output(), POLLOUT, 0};
  }
  fds[1] = {master_.get(),
            static_cast<short>((has_output ? 0 : POLLIN) | (has_input ? POLLOUT : 0)), 0};
  return fds;
}

bool PtyRelay::pump(const std::array<pollfd, kWatched>& seen) {
  if (!master_) return true;
  if (seen[2].revents != 0) write_output();
  if ((seen[1].revents & POLLIN) != 0) read_output();
  if ((seen[1].revents & POLLOUT) != 0) write_input();
  if ((seen[0].revents & POLLIN) != 0) {
    read_input();
  } else if ((seen[0].revents & (POLLHUP | POLLERR)) != 0) {
    hung_up_ = true;
  }
  return within_;
}

bool PtyRelay::lost_the_front() { return std::exchange(lost_the_front_, false); }

void PtyRelay::copy_size() const {
  winsize size{};
  const int from = caller_.output() >= 0 ? caller_.output() : caller_.input();
  if (master_ && ::ioctl(from, TIOCGWINSZ, &size) == 0) ::ioctl(master_.get(), TIOCSWINSZ, &size);
}

// Both terminals process output. Where both put CR before LF, one of them is taken out again, so
// that the caller's gets what it would get without us. It gives up its own processing once the
// command does without (an editor).
void PtyRelay::look_at_modes() {
  termios modes{};
  if (::tcgetattr(master_.get(), &modes) != 0) return;
  const bool processed = (modes.c_oflag & OPOST) != 0;
  if (!processed) caller_.pass_output_as_is();
  command_adds_cr_ = processed && (modes.c_oflag & ONLCR) != 0;
}

void PtyRelay::take_out_cr() {
  char next = 0;
  if (output_.back() == '\r' && ::read(master_.get(), &next, 1) == 1) output_.push_back(next);
  std::size_t to = 0;
  for (std::size_t from = 0; from < output_.size(); ++from) {
    const bool before_lf = from + 1 < output_.size() && output_[from + 1] == '\n';
    if (output_[from] != '\r' || !before_lf) output_[to++] = output_[from];
  }
  output_.resize(to);
}

void PtyRelay::read_output() {
  output_.resize(kChunk);
  const ssize_t length = ::read(master_.get(), output_.data(), kChunk);
  output_.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  output_taken_ = 0;
  if (length <= 0) return;
  look_at_modes();
  if (command_adds_cr_ && caller_.adds_cr()) take_out_cr();
  const std::size_t admitted = counter_.admit(output_.size());
  if (admitted < output_.size()) within_ = false;
  output_.resize(admitted);
  if (!caller_.output_may_block()) write_output();
}

void PtyRelay::write_output() {
  std::size_t length = output_.size() - output_taken_;
  if (caller_.output_may_block()) length = std::min(length, kBlockingChunk);
  if (length == 0) return;
  if (hung_up_ || caller_.output() < 0) {
    output_taken_ = output_.size();  // there is nobody to see it
    return;
  }
  const ssize_t written = ::write(caller_.output(), output_.data() + output_taken_, length);
  if (written > 0) {
    output_taken_ += static_cast<std::size_t>(written);
  } else if (written < 0 && !would_wait(errno)) {
    hung_up_ = true;
    output_taken_ = output_.size();
  }
}

void PtyRelay::read_input() {
  input_.resize(kChunk);
  const ssize_t length = ::read(caller_.input(), input_.data(), kChunk);
  const int errnum = errno;
  input_.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  input_taken_ = 0;
  if (length > 0) {
    write_input();
  } else if (length == 0 || !would_wait(errnum)) {
    // Behind another process group it is EIO as well, with SIGTTIN blocked.
    if (caller_.is_ours()) {
      hung_up_ = true;
    } else {
      lost_the_front_ = true;
    }
  }
}

void PtyRelay::write_input() {
  const ssize_t written =
      ::write(master_.get(), input_.data() + input_taken_, input_.size() - input_taken_);
  if (written > 0) input_taken_ += static_cast<std::size_t>(written);
  if (written < 0 && !would_wait(errno)) input_taken_ = input_.size();
}

bool PtyRelay::drain(int signals) {
  // While the command is only stopped, others of the sandbox may go on writing.
  for (int chunks = 0; master_ && (signals >= 0 || chunks <= kMostChunks); ++chunks) {
    if (output_taken_ == output_.size()) {
      read_output();
      if (output_.empty()) return within_;
    }
    if (output_taken_ == output_.size()) continue;
    std::array<pollfd, 2> fds = {{{caller_.output(), POLLOUT, 0}, {signals, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), 0) == 0) {
      if (signals < 0) return within_;
      caller_.give_back();
      ::poll(fds.data(), fds.size(), -1);
    }
    if (fds[1].revents != 0 && asked_to_end(signals)) return within_;
    if (fds[0].revents != 0) write_output();
  }
  return within_;
}

}  // namespace immure
