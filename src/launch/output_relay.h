// limits.output: what the command writes to standard output and error goes through the launcher,
// which counts it. Before clone and in the launcher, never in the child. Authority: pipe(7).
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/fd.h"

namespace immure {

class OutputRelay {
 public:
  OutputRelay() = default;
  OutputRelay(OutputRelay&&) = default;
  OutputRelay& operator=(OutputRelay&&) = default;
  OutputRelay(const OutputRelay&) = delete;
  OutputRelay& operator=(const OutputRelay&) = delete;
  ~OutputRelay() { take_back(); }

  // Makes pipes, and puts their ends at descriptors 1 and 2, for the child to inherit; one pipe for
  // both where they are one file, so that the order of what is written stays. Gives errno.
  int divert(std::uint64_t limit_bytes);

  // Gives the launcher its own 1 and 2 back. After clone; a second call does nothing.
  void take_back();

  static constexpr std::size_t kStreams = 2;
  // What to wait for; a descriptor of -1 where there is nothing.
  std::array<pollfd, kStreams> watched() const;

  // Moves what can be moved without waiting. False: the command wrote more than the limit, which
  // was passed on up to it.
  bool pump(const std::array<pollfd, kStreams>& seen);

  // After the end: passes on what was written before it, waiting for who reads, until a signal to
  // end comes at `signals`; -1: without waiting. False as above.
  bool drain(int signals);

 private:
  struct Stream {
    Fd from;                    // what the command writes; empty: it is at its end
    Fd to;                      // the caller's descriptor
    std::vector<char> pending;  // read, and not yet taken
    std::size_t taken = 0;      // of `pending`
    bool is_terminal = false;   // `to`
    bool waits() const { return taken < pending.size(); }
  };
  bool read(Stream& stream);
  static void write(Stream& stream);

  std::array<Stream, kStreams> streams_;
  std::uint64_t left_bytes_ = 0;
  std::array<Fd, kStreams> own_;  // the launcher's 1 and 2 while they are diverted
};

}  // namespace immure
