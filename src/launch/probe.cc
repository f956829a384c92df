#include "launch/probe.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/fd.h"
#include "launch/probe_tries.h"
#include "launch/refused_namespaces.h"

namespace immure {
namespace {

constexpr unsigned try_seconds = 5;

// Runs `attempt` in a child process; its result is an errno, which fits an exit status.
int in_child(int (*attempt)()) {
  const pid_t pid = ::fork();
  if (pid < 0) return errno;
  if (pid == 0) {
    ::signal(SIGALRM, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::alarm(try_seconds);
    ::_exit(attempt());
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return WTERMSIG(status) == SIGALRM ? ETIMEDOUT : EIO;
}

// At most 64 KiB of a file; empty if it cannot be read.
std::string contents(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  if (!fd) return text;
  std::array<char, 4096> buffer;
  while (text.size() < std::size_t{64} * 1024) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::string first_line(const std::string& path) {
  std::string text = contents(path);
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

// Cuts the part of `rest` before `separator` off and returns it; the whole if there is none.
std::string_view cut(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

std::string user_name(uid_t uid) {
  const std::string text = contents("/etc/passwd");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');
    const std::string_view name = cut(line, ':');
    cut(line, ':');
    if (const auto id = cut(line, ':'); !id.empty() && number(id) == uid) return std::string(name);
  }
  return {};
}

// The largest range of the file that is ours; it names users by name or by number.
SubidRange subid_range(const std::string& path, const std::string& user, uid_t uid) {
  const std::string text = contents(path);
  const std::string id = std::to_string(uid);
  std::string_view rest = text;
  SubidRange best;
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');
    const std::string_view owner = cut(line, ':');
    if (owner.empty() || (owner != user && owner != id)) continue;
    const std::uint64_t first = number(cut(line, ':'));
    const std::uint64_t count = number(line);
    if (count > best.count) best = {.first = first, .count = count};
  }
  return best;
}

std::string find_program(std::string_view name) {
  const char* path = ::getenv("PATH");
  const std::string all =
      std::string(path != nullptr ? path : "") + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
  std::string_view rest = all;
  while (!rest.empty()) {
    const std::string_view directory = cut(rest, ':');
    if (directory.empty() || directory.front() != '/') continue;
    std::string candidate = std::string(directory) + "/" + std::string(name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

CgroupProbe probe_cgroup() {
  constexpr long cgroup2_magic = 0x63677270;
  CgroupProbe probe;
  const std::string memberships = contents("/proc/self/cgroup");
  std::string_view rest = memberships;
  std::string own;
  while (!rest.empty()) {
    const std::string_view line = cut(rest, '\n');
    if (line.starts_with("0::")) own = line.substr(3);
  }
  for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    struct statfs info = {};
    if (::statfs(root, &info) != 0 || info.f_type != cgroup2_magic) continue;
    probe.unified = true;
    const std::string group = root + own;
    probe.controllers = first_line(group + "/cgroup.controllers");
    probe.delegated = !own.empty() && ::access(group.c_str(), W_OK) == 0 &&
                      ::access((group + "/cgroup.procs").c_str(), W_OK) == 0;
    break;
  }
  return probe;
}

bool is_socket(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

std::vector<std::string> probe_session() {
  std::vector<std::string> found;
  const char* runtime = ::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') {
    const std::string directory = runtime;
    const char* wayland = ::getenv("WAYLAND_DISPLAY");
    const std::string display = wayland != nullptr ? wayland : "wayland-0";
    if (is_socket(display.starts_with('/') ? display : directory + "/" + display)) {
      found.emplace_back("wayland");
    }
    if (is_socket(directory + "/bus")) found.emplace_back("session bus");
    if (is_socket(directory + "/pipewire-0")) found.emplace_back("pipewire");
    if (is_socket(directory + "/pulse/native")) found.emplace_back("pulseaudio");
  }
  const char* x11 = ::getenv("DISPLAY");
  if (x11 != nullptr && *x11 == ':') {
    std::string_view number_text = std::string_view(x11).substr(1);
    if (is_socket("/tmp/.X11-unix/X" + std::string(cut(number_text, '.')))) {
      found.emplace_back("x11");
    }
  }
  return found;
}

bool started_set_id() {
  struct stat info = {};
  const bool file_is =
      ::stat("/proc/self/exe", &info) == 0 && (info.st_mode & (S_ISUID | S_ISGID)) != 0;
  return file_is || ::getauxval(AT_SECURE) != 0 || ::getuid() != ::geteuid() ||
         ::getgid() != ::getegid();
}

void try_namespaces(HostProbe& probe) {
  probe.user_namespace_errno = in_child(tries::user_namespace);
  const bool have_user = probe.user_namespace_errno == 0;
  auto with_user = [&](int (*attempt)()) { return have_user ? in_child(attempt) : ECANCELED; };
  probe.id_map_errno = with_user(tries::id_map);
  const bool mapped = probe.id_map_errno == 0;
  auto with_map = [&](int (*attempt)()) { return mapped ? in_child(attempt) : ECANCELED; };
  probe.mount_namespace_errno = with_map(tries::fresh_namespace<CLONE_NEWNS>);
  probe.pid_namespace_errno = with_map(tries::fresh_namespace<CLONE_NEWPID>);
  probe.ipc_namespace_errno = with_map(tries::fresh_namespace<CLONE_NEWIPC>);
  probe.uts_namespace_errno = with_map(tries::fresh_namespace<CLONE_NEWUTS>);
  probe.net_namespace_errno = with_map(tries::fresh_namespace<CLONE_NEWNET>);
  probe.cgroup_namespace_errno = with_map(tries::fresh_namespace<CLONE_NEWCGROUP>);
  probe.time_namespace_errno = with_map(tries::fresh_namespace<tries::clone_newtime>);
  probe.loopback_errno = with_map(tries::loopback);

  const bool mounts = mapped && probe.mount_namespace_errno == 0;
  auto with_mounts = [&](int (*attempt)()) { return mounts ? in_child(attempt) : ECANCELED; };
  probe.fresh_proc_errno =
      probe.pid_namespace_errno == 0 ? with_mounts(tries::fresh_proc) : ECANCELED;
  probe.new_mount_api_errno = with_mounts(tries::new_mount_api);
  probe.mount_setattr_errno = with_mounts(tries::recursive_read_only);
  probe.tmpfs_errno = with_mounts(tries::tmpfs);
  probe.pivot_root_errno = with_mounts(tries::enter_root);
  probe.overlay_errno = with_mounts(tries::overlay);
}

}  // namespace

HostProbe probe_host() {
  HostProbe probe;
  struct utsname name = {};
  if (::uname(&name) == 0) {
    probe.kernel = static_cast<const char*>(name.release);
    std::string_view rest = probe.kernel;
    probe.kernel_major = static_cast<unsigned>(number(cut(rest, '.')));
    probe.kernel_minor =
        static_cast<unsigned>(number(rest.substr(0, rest.find_first_not_of("0123456789"))));
  }
  probe.set_id = started_set_id();
  probe.uid = ::getuid();
  probe.user = user_name(probe.uid);

  try_namespaces(probe);
  probe.openat2_errno = in_child(tries::open_inside);
  probe.keyring_errno = in_child(tries::session_keyring);
  probe.filter_errno = in_child(tries::filter);
  probe.notify_errno = in_child(tries::notify);
  probe.notify_killable_errno = in_child(tries::notify_killable);
  probe.notify_wake_up_errno = in_child(tries::notify_wake_up);
  probe.landlock_abi = tries::landlock_abi();

  probe.cgroup = probe_cgroup();
  probe.subuid = subid_range("/etc/subuid", probe.user, probe.uid);
  probe.subgid = subid_range("/etc/subgid", probe.user, probe.uid);
  for (const char* helper : {"newuidmap", "newgidmap", "pasta", "slirp4netns", "xdg-dbus-proxy"}) {
    probe.helpers.push_back({.name = helper, .path = find_program(helper)});
  }

  const std::string sys = "/proc/sys/";
  probe.max_user_namespaces = first_line(sys + "user/max_user_namespaces");
  probe.unprivileged_userns_clone = first_line(sys + "kernel/unprivileged_userns_clone");
  probe.apparmor_restrict_userns = first_line(sys + "kernel/apparmor_restrict_unprivileged_userns");
  probe.apparmor_profile = confining_profile();
  probe.legacy_tiocsti = first_line(sys + "dev/tty/legacy_tiocsti");
  probe.yama_scope = first_line(sys + "kernel/yama/ptrace_scope");
  probe.session = probe_session();
  return probe;
}

}  // namespace immure
