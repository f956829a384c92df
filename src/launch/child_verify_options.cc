// What a file system was told that no call but statmount(2) tells: the options in its mount's
// description, one call where the kernel has it (Linux 6.11), else a look into the mount table.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "base/syscalls.h"
#include "launch/child_mounts.h"
#include "launch/fixed_text.h"
#include "launch/lookup.h"
#include "launch/mount_table.h"

namespace immure {
namespace {

constexpr unsigned kUniqueId = 0x4000;  // STATX_MNT_ID_UNIQUE

// "max=4" among "mode=620,ptmxmode=666,max=4".
bool has_option(std::string_view options, std::string_view wanted) {
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    const bool last = comma == std::string_view::npos;
    if (std::string_view(options.data(), last ? options.size() : comma) == wanted) return true;
    if (last) return false;
    options.remove_prefix(comma + 1);
  }
  return false;
}

int require_all(std::string_view options, ShownOptions wanted) {
  for (const char* option : wanted) {
    if (option != nullptr && !has_option(options, option)) return EPROTO;
  }
  return 0;
}

// A line of the table ends with "… - TYPE SOURCE OPTIONS".
int verify_line(std::string_view line, ShownOptions wanted) {
  std::size_t at = line.find(" - ");
  for (int spaces = 0; spaces < 3 && at != std::string_view::npos; ++spaces) {
    at = line.find(' ', at + 1);
  }
  if (at == std::string_view::npos) return EPROTO;
  line.remove_prefix(at + 1);
  return require_all(line, wanted);
}

// Not part of its caller, whose stack would hold the table's text in every start.
[[gnu::noinline]] int verify_in_table(const Construction& construction, std::uint64_t id,
                                      ShownOptions wanted) {
  MountTable table;
  if (const int errnum = table.open(construction)) return errnum;
  const NumberText number = NumberText().append_number(id).append(" ");
  for (;;) {
    char* line = nullptr;
    if (const int errnum = table.next(line)) return errnum;
    if (line == nullptr) return EPROTO;
    if (std::string_view(line).starts_with(number.view())) return verify_line(line, wanted);
  }
}

}  // namespace

int verify_mode(int fd, mode_t mode) {
  if (mode == any_mode) return 0;
  struct stat status {};
  if (::fstat(fd, &status) != 0) return errno;
  constexpr mode_t permissions = 07777;
  return (status.st_mode & permissions) == mode ? 0 : EPROTO;
}

int verify_options(Construction& construction, const char* target, ShownOptions wanted) {
  int directory = -1;
  const char* name = nullptr;
  if (const int errnum = open_parent(construction, target, directory, name)) return errnum;
  constexpr int as_it_is = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  struct statx status {};
  if (::statx(directory, name, as_it_is, STATX_TYPE | kUniqueId, &status) != 0) return errno;
  Fd mounted;
  if (S_ISLNK(status.stx_mode)) {
    if (const int errnum = open_target(construction, target, mounted)) return errnum;
    directory = mounted.get();
    name = "";
    if (::statx(directory, name, as_it_is | AT_EMPTY_PATH, kUniqueId, &status) != 0) return errno;
  }
  sys::MountDescription described{};
  const bool told = (status.stx_mask & kUniqueId) != 0 &&
                    sys::statmount_options(status.stx_mnt_id, described) == 0 &&
                    (described.mask & sys::kMountOptions) != 0 &&
                    described.options_at < described.texts.size() - 1;
  if (!told) return verify_in_table(construction, mount_id(directory, name), wanted);
  described.texts.back() = '\0';
  return require_all(described.texts.data() + described.options_at, wanted);
}

}  // namespace immure
