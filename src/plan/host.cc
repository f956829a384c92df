#include "plan/host.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "base/path.h"
#include "base/real_path.h"
#include "base/syscalls.h"
#include "plan/written_places.h"

namespace immure {
namespace {

constexpr std::size_t kMaxPasswdBytes = 4U << 20;

std::string read_file(const char* path, std::size_t max_bytes) {
  std::string text;
  const Fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  std::array<char, 2048> buffer;
  while (fd && text.size() < max_bytes) {
    const ssize_t length = ::read(fd.get(), buffer.data(), buffer.size());
    if (length <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
  return text;
}

// The rest of `text` after `separator`; `text` keeps what is before it.
std::string_view split(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

// passwd(5): name:password:uid:gid:gecos:home:shell. Read by hand: getpwuid(3) would load shared
// libraries into a static program.
bool read_passwd(Host& host) {
  const std::string text = read_file("/etc/passwd", kMaxPasswdBytes);
  std::string_view lines = text;
  while (!lines.empty()) {
    std::string_view line = lines;
    lines = split(line, '\n');
    std::array<std::string_view, 7> fields;
    for (std::string_view& field : fields) {
      field = line;
      line = split(field, ':');
    }
    unsigned uid = 0;
    const char* end = fields[2].data() + fields[2].size();
    if (fields[2].empty() || std::from_chars(fields[2].data(), end, uid).ptr != end) continue;
    if (uid != host.uid) continue;
    host.user_name = fields[0];
    if (is_absolute(fields[5]) && !has_dot_dot(fields[5])) host.home = normalize(fields[5]);
    host.shell = fields[6].empty() ? "/bin/sh" : fields[6];
    return true;
  }
  return false;
}

// Without an entry (a user of a directory service, a bare uid) HOME is believed when it is ours.
void believe_home(Host& host) {
  const auto found = host.environment.find("HOME");
  if (found == host.environment.end()) return;
  if (!is_absolute(found->second) || has_dot_dot(found->second)) return;
  struct stat status {};
  if (::stat(std::string(found->second).c_str(), &status) != 0) return;
  if (S_ISDIR(status.st_mode) && status.st_uid == host.uid) host.home = normalize(found->second);
}

void read_environment(Host& host) {
  constexpr std::size_t usual = 64;
  host.environment.reserve(usual);
  for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable) {
    std::string_view name(*variable);
    if (name.find('=') == std::string_view::npos || name.starts_with('=')) continue;
    const std::string_view value = split(name, '=');
    host.environment.add(name, value);
  }
}

std::uint64_t own_hard_limit(int resource) {
  rlimit limit{};
  // By system call: the library's types differ with the resource's declaration.
  const bool known = ::syscall(SYS_prlimit64, 0, resource, nullptr, &limit) == 0;
  return known ? limit.rlim_max : RLIM_INFINITY;
}

int own_nice() { return ::getpriority(PRIO_PROCESS, 0); }

int count_processors() {
  std::array<unsigned long, 128> mask{};
  constexpr std::size_t bits = sizeof(unsigned long) * CHAR_BIT;
  const long bytes = ::syscall(SYS_sched_getaffinity, 0, sizeof mask, mask.data());
  for (std::size_t cpu = bytes < 0 ? 0 : static_cast<std::size_t>(bytes) * CHAR_BIT; cpu-- > 0;) {
    if ((mask.at(cpu / bits) >> (cpu % bits) & 1) != 0) return static_cast<int>(cpu) + 1;
  }
  return 1;
}

int own_kernel() {
  constexpr int kMajor = 1000;
  utsname names{};
  int major = 0;
  int minor = 0;
  if (::uname(&names) != 0) return 0;
  const std::string_view release(names.release);
  const char* const end = release.data() + release.size();
  const auto first = std::from_chars(release.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return 0;
  if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc()) return 0;
  return major * kMajor + minor;
}

int own_landlock_abi() { return std::max(sys::landlock_abi(), 0); }

// subuid(5): name or uid, first id, count.
std::vector<IdSpan> subordinate_ids(const char* file, const std::string& user, uid_t uid) {
  std::vector<IdSpan> spans;
  const std::string text = read_file(file, kMaxPasswdBytes);
  std::string_view lines = text;
  const auto number = [](std::string_view digits, std::uint64_t& out) {
    const char* end = digits.data() + digits.size();
    return std::from_chars(digits.data(), end, out).ptr == end && !digits.empty();
  };
  while (!lines.empty()) {
    std::string_view name = lines;
    lines = split(name, '\n');
    std::string_view first = split(name, ':');
    const std::string_view count = split(first, ':');
    IdSpan span;
    const bool ours = (!user.empty() && name == user) || name == std::to_string(uid);
    if (ours && number(first, span.first) && number(count, span.count) && span.count > 0) {
      spans.push_back(span);
    }
  }
  return spans;
}

std::uint64_t own_rtprio_limit() {
  rlimit limit{};
  return ::syscall(SYS_prlimit64, 0, RLIMIT_RTPRIO, nullptr, &limit) == 0 ? limit.rlim_cur : 0;
}

std::vector<gid_t> own_groups() {
  std::vector<gid_t> groups;
  const int count = ::getgroups(0, nullptr);
  if (count > 0) groups.resize(static_cast<std::size_t>(count));
  if (count > 0 && ::getgroups(count, groups.data()) != count) groups.clear();
  return groups;
}

int own_oom_score_adj() {
  const std::string text = read_file("/proc/self/oom_score_adj", 64);
  int score = 0;
  std::from_chars(text.data(), text.data() + text.size(), score);
  return score;
}

}  // namespace

std::uint64_t highest_capability() {
  std::uint64_t highest = 40;
  const auto exists = [](std::uint64_t n) { return ::prctl(PR_CAPBSET_READ, n, 0, 0, 0) >= 0; };
  while (highest > 0 && !exists(highest)) --highest;
  while (highest < 62 && exists(highest + 1)) ++highest;
  return highest;
}

std::string group_name(gid_t gid) {
  const std::string text = read_file("/etc/group", kMaxPasswdBytes);
  std::string_view lines = text;
  while (!lines.empty()) {
    std::string_view name = lines;
    lines = split(name, '\n');
    std::string_view number = split(name, ':');
    number = split(number, ':');
    (void)split(number, ':');
    if (number == std::to_string(gid)) return std::string(name);
  }
  return {};
}

Host this_host(const HostFiles& files) {
  Host host;
  host.files = &files;
  host.uid = ::geteuid();
  host.gid = ::getegid();
  read_environment(host);
  if (!read_passwd(host)) believe_home(host);

  host.cwd = working_directory();

  host.hard_limit = own_hard_limit;
  host.rtprio_limit = OnDemand<std::uint64_t>(own_rtprio_limit);
  const auto subordinate = [&host](const char* file) {
    return OnDemand<std::vector<IdSpan>>(
        [file, user = host.user_name, uid = host.uid] { return subordinate_ids(file, user, uid); });
  };
  host.subordinate_uids = subordinate("/etc/subuid");
  host.subordinate_gids = subordinate("/etc/subgid");
  host.written_places = OnDemand<std::vector<std::string>>(
      [file = written_places_file(host)] { return read_written_places(file); });
  host.groups = OnDemand<std::vector<gid_t>>(own_groups);
  host.nice = OnDemand<int>(own_nice);
  host.oom_score_adj = OnDemand<int>(own_oom_score_adj);
  host.processors = OnDemand<int>(count_processors);
  host.landlock_abi = OnDemand<int>(own_landlock_abi);
  host.kernel = OnDemand<int>(own_kernel);
  host.last_capability = OnDemand<std::uint64_t>(highest_capability);
  return host;
}

}  // namespace immure
