#include "plan/landlock.h"

#include <algorithm>
#include <array>

namespace immure {
namespace {

namespace files = landlock_files;

// In the order of the bits.
constexpr std::array<std::string_view, 16> kRights = {
    "execute",      "write-file", "read-file", "read-dir",    "remove-dir", "remove-file",
    "make-char",    "make-dir",   "make-file", "make-socket", "make-fifo",  "make-block",
    "make-symlink", "refer",      "truncate",  "ioctl-dev"};

}  // namespace

std::uint64_t landlock_file_rights(int abi) {
  if (abi < 2) return 0;
  std::uint64_t rights = files::truncate - 1;
  if (abi >= 3) rights |= files::truncate;
  if (abi >= 5) rights |= files::ioctl_dev;
  return rights;
}

std::uint64_t landlock_rights_of(std::string_view word) {
  if (word == "ro") return files::read_file | files::read_dir;
  if (word == "rw") return files::all & ~files::execute;
  if (word == "exec") return files::execute;
  const auto* const right = std::ranges::find(kRights, word);
  return right == kRights.end() ? 0 : 1ULL << static_cast<unsigned>(right - kRights.begin());
}

std::string landlock_words(std::uint64_t rights, std::uint64_t handled) {
  std::uint64_t left = rights & handled;
  if (left == 0) return "none";
  std::string words;
  const auto take = [&](std::string_view word) {
    const std::uint64_t bits = landlock_rights_of(word) & handled;
    if (bits == 0 || (left & bits) != bits) return;
    words.append(words.empty() ? "" : ",").append(word);
    left &= ~bits;
  };
  for (const std::string_view word : {"rw", "ro", "exec"}) take(word);
  for (const std::string_view word : kRights) take(word);
  return words;
}

}  // namespace immure
