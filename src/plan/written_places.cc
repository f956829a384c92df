#include "plan/written_places.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "base/write_file.h"
#include "plan/lower_kernel_fs.h"

namespace immure {
namespace {

// Above this size what no longer exists is left out.
constexpr std::size_t kPruneBytes = 65536;
constexpr std::size_t kMaxBytes = 1U << 20U;

std::optional<struct stat> plain_file(const Fd& file) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return std::nullopt;
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return std::nullopt;
  return status;
}

std::vector<std::string> read_places(const Fd& file) {
  std::string text;
  std::array<char, 4096> part;
  while (text.size() < kMaxBytes) {
    const ssize_t size =
        ::pread(file.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (size <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
  std::vector<std::string> places;
  std::string_view rest = text;
  for (std::size_t end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
    // A last part without its end is one that a full disk cut off.
    if (is_absolute(rest.substr(0, end))) places.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return places;
}

std::vector<std::string> written_by(const LaunchPlan& plan) {
  std::vector<std::string> places;
  for (const PlannedStep& planned : plan.setup) {
    if (const auto* bind = std::get_if<BindMount>(&planned.what)) {
      const bool writable = !bind->read_only && !bind->pin && !is_plain_device(bind->source);
      if (writable) places.push_back(bind->source);
    } else if (const auto* overlay = std::get_if<OverlayMount>(&planned.what)) {
      if (!overlay->upper.empty()) places.push_back(overlay->upper);
    } else if (const auto* root = std::get_if<MakeRoot>(&planned.what)) {
      if (!root->directory.empty() && !root->read_only) places.push_back(root->directory);
    }
  }
  return places;
}

// The file, locked against other starts; they replace it when they prune it.
Fd open_locked(const std::string& file) {
  for (int tries = 0; tries < 10; ++tries) {
    Fd open(::open(file.c_str(), O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                   0600));
    if (!open) return open;
    if (!plain_file(open)) {
      errno = EPERM;
      return {};
    }
    if (::flock(open.get(), LOCK_EX) != 0) return {};
    const std::optional<struct stat> now = plain_file(open);
    if (now && now->st_nlink > 0) return open;
  }
  errno = EAGAIN;
  return {};
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 || errno != ENOENT;
}

std::string joined(const std::vector<std::string>& places) {
  std::string text;
  for (const std::string& place : places) text.append(place).push_back('\0');
  return text;
}

}  // namespace

std::string written_places_file(const Host& host) {
  const auto given = host.environment.find("XDG_STATE_HOME");
  if (given != host.environment.end() && is_absolute(given->second)) {
    return join(given->second, "immure/.writable");
  }
  return host.home.empty() ? std::string() : join(host.home, ".local/state/immure/.writable");
}

std::vector<std::string> read_written_places(const std::string& file) {
  if (file.empty()) return {};
  const Fd open(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  return plain_file(open) ? read_places(open) : std::vector<std::string>();
}

std::optional<Error> remember_written_places(const LaunchPlan& plan, const std::string& file) {
  if (file.empty()) return std::nullopt;
  std::vector<std::string> places = written_by(plan);
  // Not what lies in a known one: a link may lead out of it, and stay in the wider one.
  const auto drop_known = [&places](const std::vector<std::string>& known) {
    std::erase_if(places, [&](const std::string& place) {
      return std::ranges::find(known, place) != known.end();
    });
  };
  if (places.empty()) return std::nullopt;
  drop_known(read_written_places(file));
  if (places.empty()) return std::nullopt;
  const auto failed = [&] {
    return os_error(Code::setup_step, "remember in " + quote(file) + " what the command can write");
  };
  if (auto error = make_directories(std::string(parent_of(file)))) return error;
  const Fd open = open_locked(file);
  if (!open) return failed();
  std::vector<std::string> known = read_places(open);
  drop_known(known);
  if (places.empty()) return std::nullopt;
  const std::string added = joined(places);
  if (const auto status = plain_file(open);
      status && static_cast<std::size_t>(status->st_size) + added.size() > kPruneBytes) {
    std::erase_if(known, [](const std::string& place) { return !exists(place); });
    known.insert(known.end(), places.begin(), places.end());
    return write_file(file, joined(known), 0600);
  }
  const ssize_t written = ::write(open.get(), added.data(), added.size());
  if (written != static_cast<ssize_t>(added.size())) return failed();
  return std::nullopt;
}

}  // namespace immure
