#include "kernel_filter.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "require.h"

namespace immure::fuzz {
namespace {

struct Sockets {
  std::array<int, 2> ends{-1, -1};
  Sockets() { require(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()) == 0, "sockets"); }
  ~Sockets() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  bool attach(std::span<const sock_filter> program) const {
    std::vector<sock_filter> copy(program.begin(), program.end());
    const sock_fprog filter{.len = static_cast<unsigned short>(copy.size()), .filter = copy.data()};
    return ::setsockopt(ends[1], SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
  }
};

// A socket's filter says how much of a packet is kept: all where the answer is the wanted one, else
// nothing. The other way round for 0, which also ends a program that divides by 0.
std::vector<sock_filter> keeps_if(std::span<const sock_filter> program, std::uint32_t answer) {
  constexpr std::uint32_t kWhole = 0xffff;
  const std::uint32_t if_equal = answer != 0 ? kWhole : 0;
  const std::uint32_t otherwise = kWhole - if_equal;
  std::vector<sock_filter> changed(program.begin(), program.end());
  for (std::size_t i = 0; i < changed.size(); ++i) {
    sock_filter& s = changed[i];
    if (BPF_CLASS(s.code) != BPF_RET) continue;
    if (BPF_RVAL(s.code) == BPF_A) {
      s = {.code = BPF_JMP | BPF_JA,
           .jt = 0,
           .jf = 0,
           .k = static_cast<std::uint32_t>(changed.size() - i - 1)};
    } else {
      s.k = s.k == answer ? if_equal : otherwise;
    }
  }
  changed.push_back({.code = BPF_JMP | BPF_JEQ | BPF_K, .jt = 0, .jf = 1, .k = answer});
  changed.push_back({.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = if_equal});
  changed.push_back({.code = BPF_RET | BPF_K, .jt = 0, .jf = 0, .k = otherwise});
  return changed;
}

}  // namespace

bool kernel_takes(std::span<const sock_filter> program) { return Sockets().attach(program); }

bool kernel_answers(std::span<const sock_filter> program, const seccomp_data& call,
                    std::uint32_t answer) {
  // A packet is read in the order of the network, a system call in that of the machine.
  std::array<std::uint32_t, sizeof call / sizeof(std::uint32_t)> words{};
  std::memcpy(words.data(), &call, sizeof call);
  for (std::uint32_t& word : words) word = htonl(word);
  const Sockets sockets;
  // Where that is longer than a program may be, it can't be told.
  const auto changed = keeps_if(program, answer);
  if (changed.size() > BPF_MAXINSNS) return true;
  require(sockets.attach(changed), "that the kernel takes the program");
  require(::send(sockets.ends[0], words.data(), sizeof words, 0) == sizeof words, "a packet sent");
  const bool kept =
      ::recv(sockets.ends[1], words.data(), sizeof words, MSG_DONTWAIT) == sizeof words;
  return kept == (answer != 0);
}

}  // namespace immure::fuzz
