// The rights that Landlock knows, by the kernel's bits and by the words of [landlock.fs]; and a
// ruleset as a value of the plan. Pure. Authority: landlock(7), linux/landlock.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace immure {

// Bits of handled_access_fs; those from `refer` on are newer than ABI 1, or than our headers.
namespace landlock_files {
constexpr std::uint64_t execute = 1ULL << 0U;
constexpr std::uint64_t write_file = 1ULL << 1U;
constexpr std::uint64_t read_file = 1ULL << 2U;
constexpr std::uint64_t read_dir = 1ULL << 3U;
constexpr std::uint64_t remove_dir = 1ULL << 4U;
constexpr std::uint64_t make_symlink = 1ULL << 12U;
constexpr std::uint64_t refer = 1ULL << 13U;      // ABI 2
constexpr std::uint64_t truncate = 1ULL << 14U;   // ABI 3
constexpr std::uint64_t ioctl_dev = 1ULL << 15U;  // ABI 5

constexpr std::uint64_t look = read_file | read_dir | execute;
// What a rule for a file, rather than a directory, may hold.
constexpr std::uint64_t of_files = execute | write_file | read_file | truncate | ioctl_dev;
// Of a directory with device nodes: nothing is made there.
constexpr std::uint64_t of_devices = of_files | read_dir;
constexpr std::uint64_t all = (1ULL << 16U) - 1;
}  // namespace landlock_files

// Bits of handled_access_net (ABI 4) and of scoped (ABI 6).
constexpr std::uint64_t landlock_bind_tcp = 1ULL << 0U;
constexpr std::uint64_t landlock_connect_tcp = 1ULL << 1U;
constexpr std::uint64_t landlock_abstract_sockets = 1ULL << 0U;
constexpr std::uint64_t landlock_signals = 1ULL << 1U;

// The file rights that this ABI can handle; none below 2, where each rename and link from one
// directory to another is refused.
std::uint64_t landlock_file_rights(int abi);

// The bits of a word of [landlock.fs]: "ro", "make-dir". "none", and unknown ones: 0.
std::uint64_t landlock_rights_of(std::string_view word);

// The words of these rights, of those that are handled: "rw,exec", "ro,ioctl-dev".
std::string landlock_words(std::uint64_t rights, std::uint64_t handled);

struct LandlockPath {
  std::string path;  // absolute, inside the sandbox, without links
  std::uint64_t rights = 0;
};
struct LandlockPort {
  std::uint16_t port = 0;
  std::uint64_t rights = 0;
};

// How it is seen that the kernel holds to the ruleset: something that it refuses is tried.
enum class LandlockProof : std::uint8_t {
  none,
  directory,  // list the /proc of outside, through a descriptor of ours
  signal,     // signal 0 to pid 1 of the sandbox, which is outside the ruleset
  socket,     // connect to an abstract socket that was made before
  bind,       // bind TCP port `refused_port`
  connect,    // connect to it on the loopback interface
};

// What the command may do with files, TCP ports and processes outside, from now on.
struct RestrictSelf {
  int abi = 0;
  std::uint64_t files = 0;   // handled rights; 0: no rules for files
  std::uint64_t tcp = 0;     // handled
  std::uint64_t scoped = 0;  // what does not reach processes outside the sandbox
  std::vector<LandlockPath> paths;
  std::vector<LandlockPort> ports;
  // Open files that lie in no mount of the sandbox: each may be opened again with the rights that
  // the descriptor has, if it is a file, a device or a named pipe.
  std::vector<int> descriptors;
  LandlockProof proof = LandlockProof::none;
  std::uint16_t refused_port = 0;
};

}  // namespace immure
