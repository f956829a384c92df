// The filter of system calls, and whether it is there.
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>

#include "launch/child.h"

namespace immure {
namespace {

constexpr int kUnknown = -1;

bool is_filtered() { return ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER; }

// Where a filter is in force already, the mode says nothing of the next one. A filter at no address
// is refused by the kernel, so whoever accepts it (an outer filter) did not ask the kernel.
bool kernel_takes_filters() {
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, nullptr) != 0 &&
         (errno != ENOSYS || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) != 0);
}

// kUnknown before Linux 5.9.
int count_filters(int status) {
  std::array<char, 8192> text;
  std::size_t held = 0;
  while (held < text.size()) {
    const ssize_t got =
        ::pread(status, text.data() + held, text.size() - held, static_cast<off_t>(held));
    if (got <= 0) break;
    held += static_cast<std::size_t>(got);
  }
  constexpr std::string_view key = "\nSeccomp_filters:\t";
  const std::string_view all(text.data(), held);
  const std::size_t found = all.find(key);
  if (found == std::string_view::npos) return kUnknown;
  int count = 0;
  for (std::size_t i = found + key.size(); i < all.size() && all[i] >= '0' && all[i] <= '9'; ++i) {
    count = count * 10 + (all[i] - '0');
  }
  return count;
}

}  // namespace

int read_filter(LateFilter& filter, int& failed_part) {
  const auto room = std::as_writable_bytes(std::span(filter.program));
  std::size_t held = 0;
  for (ssize_t got = 1; got != 0 && held < room.size();) {
    got = ::read(filter.from, room.data() + held, room.size() - held);
    if (got < 0 && errno != EINTR) {
      failed_part = part_content;
      return errno;
    }
    if (got > 0) held += static_cast<std::size_t>(got);
  }
  ::close(filter.from);
  if (held % sizeof(sock_filter) != 0) {
    failed_part = part_length;
    return EINVAL;
  }
  filter.length = static_cast<std::uint16_t>(held / sizeof(sock_filter));
  return filter.length == 0 || filter.length > LateFilter::most ? EINVAL : 0;
}

int load_program(const LoadFilter& step) {
  const sock_filter* instructions = step.late ? step.late->program.data() : step.program;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the kernel only reads it
  const sock_fprog program{step.late ? step.late->length : step.length,
                           const_cast<sock_filter*>(instructions)};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0U, &program) == 0) return 0;
  // Before 3.17, or refused by an outer filter: the older call, the same filter.
  if (errno != ENOSYS) return errno;
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 ? 0 : errno;
}

int open_filter_count(std::span<const PlannedStep> steps, const Construction& construction,
                      int& count) {
  int filters = is_filtered() ? 1 : 0;
  for (const PlannedStep& planned : steps) {
    filters += std::get_if<LoadFilter>(&planned.what) != nullptr ? 1 : 0;
  }
  count = -1;
  if (filters < 2) return 0;
  count = ::openat(construction.proc.get(), "thread-self/status", O_RDONLY | O_CLOEXEC);
  return count >= 0 ? 0 : errno;
}

int load_filter(const LoadFilter& step, int filter_count, bool quiet) {
  if (step.quiet) {
    if (!quiet && is_filtered() && !kernel_takes_filters()) return EPROTO;
    return load_program(step);
  }
  if (!is_filtered()) {
    const int errnum = load_program(step);
    return errnum != 0 || is_filtered() ? errnum : EPROTO;
  }
  if (!kernel_takes_filters()) return EPROTO;
  const int before = step.can_read ? count_filters(filter_count) : kUnknown;
  if (const int errnum = load_program(step)) return errnum;
  return before == kUnknown || count_filters(filter_count) == before + 1 ? 0 : EPROTO;
}

}  // namespace immure
