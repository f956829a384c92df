// Standard descriptors of the command that are not the caller's own but pipes, with the launcher
// between: to count what is written (limits.output), and where the caller's file could be opened
// again with more rights. Before clone and in the launcher, never in the child. Authority: pipe(7).
#pragma once

#include <poll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/fd.h"

namespace immure {

// Takes one signal that is waiting at `signals`. True: it is one to end by.
bool asked_to_end(int signals);

class OutputRelay {
 public:
  static constexpr std::size_t kStreams = 3;  // by descriptor: 0, 1, 2
  enum class Way : std::uint8_t { none, output, input };
  using Ways = std::array<Way, kStreams>;

  OutputRelay() = default;
  OutputRelay(OutputRelay&&) = default;
  OutputRelay& operator=(OutputRelay&&) = default;
  OutputRelay(const OutputRelay&) = delete;
  OutputRelay& operator=(const OutputRelay&) = delete;
  ~OutputRelay();

  // Makes pipes, and puts their ends at these descriptors, for the child to inherit; one pipe for
  // 1 and 2 where they are one file, so that the order of what is written stays. All that is
  // written counts towards the limit, if there is one. Gives errno.
  int divert(const Ways& ways, std::optional<std::uint64_t> limit_bytes);

  // Gives the launcher its own descriptors back. After clone; a second call does nothing.
  void take_back();

  // What to wait for; a descriptor of -1 where there is nothing.
  std::array<pollfd, kStreams> watched() const;

  // Moves what can be moved without waiting. False: the command wrote more than the limit, which
  // was passed on up to it.
  bool pump(const std::array<pollfd, kStreams>& seen);

  // For what goes another way and counts all the same: how many of `bytes` may still pass.
  std::size_t admit(std::size_t bytes);

  // After the end: passes on what was written before it, waiting for who reads, until a signal to
  // end comes at `signals`; -1: without waiting. False as above.
  bool drain(int signals);

  // Why what the command wrote at this descriptor is no longer passed on; 0: it is, or its reader
  // has gone.
  int lost(int fd) const { return streams_[static_cast<std::size_t>(fd)].errnum; }

 private:
  static constexpr std::size_t kChunk = 65'536;  // of a pipe, by default
  using Buffer = std::array<char, kChunk>;       // not cleared: of most only one page is touched

  struct Stream {
    Fd from;  // what is read; empty: it is at its end
    Fd to;    // who takes it
    std::unique_ptr<Buffer> buffer;
    std::size_t filled = 0;    // of `buffer`: was read, and is to be passed on
    std::size_t taken = 0;     // of that
    bool is_terminal = false;  // `to`
    bool is_file = false;      // `to`: a write there has an end
    int errnum = 0;            // of the write that failed
    // Of an input: the caller's descriptor and our copy of the pipe's reading end, to give back
    // what the command did not read.
    Fd source, unread;
    bool waits() const { return taken < filled; }
    bool is_input() const { return source.get() >= 0; }
  };
  int divert_output(int fd, bool with_stderr);
  int divert_input(int fd);
  bool read(Stream& stream);
  static void write(Stream& stream);
  static void give_back(const Stream& stream);
  bool waits_for_reader() const;

  std::array<Stream, kStreams> streams_;
  std::uint64_t left_bytes_ = UINT64_MAX;
  std::array<Fd, kStreams> own_;  // the launcher's descriptors while they are diverted
};

}  // namespace immure
