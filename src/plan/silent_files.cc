#include "plan/silent_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string_view>

#include "base/fd.h"
#include "base/path.h"
#include "base/syscalls.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr int kAnswerMs = 5000;

// Of what the cache has of the path: a mount point is never out of it.
std::uint64_t nearest_device(const std::string& path) {
  for (std::string at = path;; at = parent_of(at)) {
    const Fd fd(open_without_links(at, true));
    struct statx status {};
    if (fd && ::statx(fd.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &status) == 0) {
      return ::makedev(status.stx_dev_major, status.stx_dev_minor);
    }
    if (at == "/") return 0;
  }
}

// As the mount table has it, which asks no file system. The path itself where that can't be read.
std::string mount_point_of(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> table(::setmntent("/proc/self/mounts", "re"),
                                                    ::endmntent);
  std::string nearest;
  mntent entry{};
  std::array<char, std::size_t{2} * PATH_MAX> text;
  while (table && ::getmntent_r(table.get(), &entry, text.data(), text.size()) != nullptr) {
    const std::string_view point(entry.mnt_dir);
    if (point.size() >= nearest.size() && is_within(path, point)) nearest = point;
  }
  return nearest.empty() || nearest == "/" ? path : nearest;
}

bool ask(const std::function<void()>& question) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return true;
  const Fd answered(ends[0]);
  Fd answering(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return true;
  if (child == 0) {
    question();
    ::_exit(0);
  }
  answering.reset();
  pollfd watched{answered.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&watched, 1, kAnswerMs);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    ::kill(child, SIGKILL);
    return false;
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return true;
}

}  // namespace

Error no_answer(const std::string& path) {
  return {.code = Code::setup_timeout,
          .doing = quote(path) + " did not answer for 5 s",
          .hint = "a network or FUSE file system may have lost its server"};
}

int open_without_links(const std::string& path, bool cached_only) {
  return sys::openat2(AT_FDCWD, path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC,
                      RESOLVE_NO_SYMLINKS | (cached_only ? RESOLVE_CACHED : 0));
}

// A file system without a disk has a made-up device of major 0: tmpfs and overlay, but FUSE too.
bool SilentFiles::trusts(std::uint64_t device) {
  if (gnu_dev_major(device) != 0 || alive_.contains(device)) return true;
  if (root_device_ == 0) root_device_ = nearest_device("/");
  return device == root_device_ && device != 0;
}

bool SilentFiles::answers(const std::string& path, std::uint64_t device,
                          const std::function<void()>& question) {
  if (silent_paths_.contains(path)) return false;
  // What the mount point itself is, the kernel knows.
  const bool below = std::ranges::any_of(silent_points_, [&path](const std::string& point) {
    return path != point && is_within(path, point);
  });
  if (below || (!silent_.empty() && silent_.contains(nearest_device(path)))) {
    silent_paths_.insert(path);
    return false;
  }
  if (ask(question)) {
    if (device != 0) alive_.insert(device);
    return true;
  }
  silent_paths_.insert(path);
  const std::uint64_t silent = nearest_device(path);
  // Without openat2(2) no device is known.
  if (silent == 0) silent_points_.push_back(mount_point_of(path));
  if (silent != 0 && !trusts(silent)) silent_.insert(silent);
  return false;
}

}  // namespace immure
