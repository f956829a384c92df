// The steps that are not mounts: id maps, names, limits, privileges, the filter.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include "base/syscalls.h"
#include "launch/child.h"
#include "launch/child_mounts.h"
#include "launch/fixed_text.h"

namespace immure {
namespace {

int open_proc(Construction& construction) {
  construction.proc.reset(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!construction.proc) return errno;
  struct statfs status {};
  if (::fstatfs(construction.proc.get(), &status) != 0) return errno;
  return status.f_type == PROC_SUPER_MAGIC ? 0 : ENOTSUP;
}

int run(const SetHostname& step, Construction& /*construction*/) {
  if (::sethostname(step.name.data(), step.name.size()) != 0) return errno;
  utsname names{};
  if (::uname(&names) != 0) return errno;
  return names.nodename == std::string_view(step.name) ? 0 : EPROTO;
}

int run(const SetDomainname& step, Construction& /*construction*/) {
  if (::setdomainname(step.name.data(), step.name.size()) != 0) return errno;
  utsname names{};
  if (::uname(&names) != 0) return errno;
  return names.domainname == std::string_view(step.name) ? 0 : EPROTO;
}

int run(const LoopbackUp& /*step*/, Construction& /*construction*/) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);    // NOLINT(cppcoreguidelines-pro-type-union-access)
  request.ifr_flags = IFF_UP | IFF_RUNNING;  // NOLINT(cppcoreguidelines-pro-type-union-access)
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

int run(const DropGroups& /*step*/, Construction& /*construction*/) {
  // By system call: the library's changes all threads, with locks.
  if (::syscall(SYS_setgroups, 0, nullptr) != 0) return errno;
  return ::syscall(SYS_getgroups, 0, nullptr) == 0 ? 0 : EPROTO;
}

int run(const WriteProc& step, Construction& construction) {
  const int errnum =
      write_proc(construction, step.file.c_str(), step.value.data(), step.value.size());
  const bool covered = errnum == EXDEV || errnum == EROFS || errnum == EACCES || errnum == ENOENT;
  return covered && step.second_wall ? 0 : errnum;
}

int run(const NewTimeNamespace& step, Construction& construction) {
  constexpr int clone_newtime = 0x80;
  if (::unshare(clone_newtime) != 0) return errno;
  if (step.offsets.empty()) return 0;
  return write_proc(construction, "self/timens_offsets", step.offsets.data(), step.offsets.size());
}

int run(const SetOomScoreAdj& step, Construction& construction) {
  const auto magnitude = static_cast<std::uint64_t>(step.value < 0 ? -step.value : step.value);
  NumberText text;
  text.append(step.value < 0 ? "-" : "").append_number(magnitude);
  return write_proc(construction, "self/oom_score_adj", text.c_str(), text.size());
}

int run(const OpenTerminal& step, Construction& construction) {
  return open_terminal(step, construction);
}

int run(const LockMounts& /*step*/, Construction& /*construction*/) { return lock_mounts(); }
int run(const NewUserNamespace& step, Construction& construction) {
  return new_user_namespace(step, construction);
}
int run(const EnterUserNamespace& step, Construction& /*construction*/) {
  return enter_user_namespace(step);
}
int run(const CheckNoUserNamespaces& /*step*/, Construction& /*construction*/) {
  return check_no_user_namespaces();
}
int run(const SetIds& step, Construction& /*construction*/) { return set_ids(step); }

int run(const NewSession& step);
int run(const NewSession& step, Construction& /*construction*/) { return run(step); }

template <class Other>
int run(const Other& /*step*/, Construction& /*construction*/) {
  return EPROTO;  // a step of the command's process among those of pid 1: the plan is wrong
}

int run(const RedirectStdio& step) { return redirect_stdio(step); }

int run(const ChangeDirectory& step) {
  if (::chdir(step.path.c_str()) != 0) return errno;
  // Outside of our root the kernel writes "(unreachable)" in front.
  std::array<char, PATH_MAX> path;
  if (::syscall(SYS_getcwd, path.data(), path.size()) < 0) return errno;
  if (path[0] != '/') return EPROTO;
  struct stat wanted {};
  struct stat here {};
  if (::stat(step.path.c_str(), &wanted) != 0 || ::stat(".", &here) != 0) return errno;
  return wanted.st_dev == here.st_dev && wanted.st_ino == here.st_ino ? 0 : EPROTO;
}

int change_to_first(const ChangeToFirst& step, const Construction& construction) {
  int errnum = ENOENT;
  for (std::size_t i = 0; i < step.paths.size(); ++i) {
    if (::chdir(step.paths[i].c_str()) != 0) {
      errnum = errno;
      continue;
    }
    // Through a link to an open descriptor, in a directory that another sandbox could write:
    // outside of our root the kernel writes "(unreachable)" in front.
    std::array<char, PATH_MAX> path;
    if (::syscall(SYS_getcwd, path.data(), path.size()) < 0 || path[0] != '/') {
      errnum = EXDEV;
      continue;
    }
    if (construction.working_directory != nullptr) {
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): execve(2) does not write to it
      *construction.working_directory = const_cast<char*>(step.settings[i].c_str());
    }
    return 0;
  }
  return errnum;
}

int run(const SetUmask& step) {
  ::umask(step.mask);
  return ::umask(step.mask) == step.mask ? 0 : EPROTO;
}

int run(const SetNice& step) {
  if (::setpriority(PRIO_PROCESS, 0, step.value) != 0) return errno;
  constexpr int least = 20;  // the call itself gives 20 - nice, so that it is never negative
  return ::syscall(SYS_getpriority, PRIO_PROCESS, 0) == least - step.value ? 0 : EPROTO;
}

int run(const SetScheduler& step) {
  const sched_param parameters{.sched_priority = step.priority};
  if (::syscall(SYS_sched_setscheduler, 0, step.policy, &parameters) != 0) return errno;
  return ::syscall(SYS_sched_getscheduler, 0) == step.policy ? 0 : EPROTO;
}

int run(const SetIoPriority& step) {
  constexpr int who_process = 1;  // IOPRIO_WHO_PROCESS
  if (::syscall(SYS_ioprio_set, who_process, 0, step.value) != 0) return errno;
  return ::syscall(SYS_ioprio_get, who_process, 0) == step.value ? 0 : EPROTO;
}

int run(const NewCoreCookie& /*step*/) {
  // PR_SCHED_CORE and its commands, of linux/prctl.h from 5.14 on.
  constexpr int sched_core = 62;
  constexpr unsigned long get = 0;
  constexpr unsigned long create = 1;
  std::uint64_t cookie = 0;
  if (::prctl(sched_core, create, 0, 0, 0) != 0) return errno;
  if (::prctl(sched_core, get, 0, 0, &cookie) != 0) return errno;
  return cookie != 0 ? 0 : EPROTO;
}

int run(const SetAffinity& step) {
  const std::size_t bytes = step.mask.size() * sizeof(std::uint64_t);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the ABI's own layout
  const auto* set = reinterpret_cast<const cpu_set_t*>(step.mask.data());
  if (::sched_setaffinity(0, bytes, set) != 0) return errno;
  // What is left of it where the caller may not use every processor.
  constexpr std::size_t bits = 64;
  std::array<std::uint64_t, 8192 / bits> now{};
  if (::syscall(SYS_sched_getaffinity, 0, sizeof now, now.data()) < 0) return errno;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::uint64_t wanted = i < step.mask.size() ? step.mask[i] : 0;
    if ((now[i] & ~wanted) != 0) return EPROTO;
  }
  return 0;
}

int run(const SetPersonality& step) {
  if (::personality(step.persona) < 0) return errno;
  return ::personality(0xffffffffUL) == static_cast<int>(step.persona) ? 0 : EPROTO;
}

int run(const SetRlimit& step) {
  const auto resource = static_cast<__rlimit_resource>(step.resource);
  const rlimit limit{step.soft, step.hard};
  if (::setrlimit(resource, &limit) != 0) return errno;
  rlimit now{};
  if (::getrlimit(resource, &now) != 0) return errno;
  return now.rlim_cur == step.soft && now.rlim_max == step.hard ? 0 : EPROTO;
}

int run(const NewSession& /*step*/) {
  const pid_t session = ::setsid();
  if (session < 0) return errno;
  return session == ::getpid() ? 0 : EPROTO;
}

int run(const NewKeyring& /*step*/) {
  // A kernel without keyrings (ENOSYS) has none to leak; a refusal by an outer filter looks the
  // same, and the filter inside refuses the calls as well.
  const int serial = sys::new_session_keyring();
  if (serial == 0) return EPROTO;
  return serial > 0 || errno == ENOSYS ? 0 : errno;
}

// Where a bit of a capability set is.
std::uint32_t low(std::uint64_t set) { return static_cast<std::uint32_t>(set); }
std::uint32_t high(std::uint64_t set) { return static_cast<std::uint32_t>(set >> 32U); }

int drop_bounding(std::uint64_t bounding) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((bounding >> capability & 1U) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
      if (errno == EINVAL) break;  // above the kernel's last one
      return errno;
    }
  }
  return 0;
}

int check_bounding(std::uint64_t bounding) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    const int there = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (there < 0) break;
    if (there == 1 && (bounding >> capability & 1U) == 0) return EPROTO;
  }
  return 0;
}

// Locked, so that uid 0 inside means nothing to the kernel's capability rules.
int lock_securebits(std::uint64_t keep) {
  const unsigned long securebits =
      SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
      SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
      (keep == 0 ? SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED : 0);
  if (::prctl(PR_SET_SECUREBITS, securebits, 0, 0, 0) != 0) return errno;
  return ::prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == static_cast<int>(securebits) ? 0 : EPROTO;
}

int run(const LimitPrivileges& step) {
  if (const int errnum = drop_bounding(step.bounding)) return errnum;
  if (step.securebits) {
    if (const int errnum = lock_securebits(step.keep)) return errnum;
  }
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return errno;

  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> data = {
      {{low(step.keep), low(step.keep), low(step.keep)},
       {high(step.keep), high(step.keep), high(step.keep)}}};
  if (sys::capset(header, data.data()) != 0) return errno;
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((step.keep >> capability & 1U) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return errno;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) != 1) return EPROTO;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;

  std::array<__user_cap_data_struct, 2> now{};
  if (sys::capget(header, now.data()) != 0) return errno;
  for (std::size_t i = 0; i < now.size(); ++i) {
    const std::uint32_t keep = i == 0 ? low(step.keep) : high(step.keep);
    if (now[i].effective != keep || now[i].permitted != keep || now[i].inheritable != keep) {
      return EPROTO;
    }
  }
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return EPROTO;
  return check_bounding(step.bounding);
}

// Only what is there: who lacks it may have no right to drop it.
int drop_what_is_there(std::uint64_t bounding) {
  for (unsigned long capability = 0; capability < 64; ++capability) {
    if ((bounding >> capability & 1U) != 0) continue;
    const int there = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (there < 0) break;
    if (there == 1 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return errno;
  }
  return check_bounding(bounding);
}

int run(const NoNewPrivileges& step) {
  if (step.bounding != ~0ULL) {
    if (const int errnum = drop_what_is_there(step.bounding)) return errnum;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : EPROTO;
}

int run(const RefuseExecGain& /*step*/) {
  constexpr int set_mdwe = 65;  // newer than glibc's headers; since Linux 6.3
  constexpr int get_mdwe = 66;
  constexpr unsigned long refuse_exec_gain = 1;
  if (::prctl(set_mdwe, refuse_exec_gain, 0, 0, 0) != 0) return errno == EINVAL ? ENOTSUP : errno;
  return ::prctl(get_mdwe, 0, 0, 0, 0) == static_cast<int>(refuse_exec_gain) ? 0 : EPROTO;
}

int run(const CloseTsc& /*step*/) {
  if (::prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) return errno;
  int now = 0;
  if (::prctl(PR_GET_TSC, &now, 0, 0, 0) != 0) return errno;
  return now == PR_TSC_SIGSEGV ? 0 : EPROTO;
}

// The kernel gives back the label, AppArmor with its mode behind it: "web (enforce)".
int set_label(const SetExecLabel& step, const Construction& construction) {
  const char* file = step.apparmor ? "thread-self/attr/apparmor/exec" : "thread-self/attr/exec";
  if (const int errnum = write_proc(construction, file, step.request.data(), step.request.size())) {
    return errnum;
  }
  const Fd back(::openat(construction.proc.get(), file, O_RDONLY | O_CLOEXEC));
  if (!back) return errno;
  std::array<char, 4096> now{};
  const ssize_t length = ::read(back.get(), now.data(), now.size());
  if (length < 0) return errno;
  const std::size_t wanted = step.label.size();
  if (static_cast<std::size_t>(length) < wanted ||
      std::memcmp(now.data(), step.label.data(), wanted) != 0) {
    return EPROTO;
  }
  const char next = wanted < now.size() ? now[wanted] : '\0';
  return next == '\0' || next == '\n' || next == ' ' ? 0 : EPROTO;
}

template <class Other>
int run(const Other& /*step*/) {
  return EPROTO;  // a step of pid 1 among those of the command's process: the plan is wrong
}

}  // namespace

int write_proc(const Construction& construction, const char* file, const char* value,
               std::size_t length) {
  constexpr std::string_view prefix = "sys/";
  const bool is_sysctl = construction.sysctls && std::string_view(file).starts_with(prefix);
  const int proc = is_sysctl ? construction.sysctls.get() : construction.proc.get();
  if (is_sysctl) file += prefix.size();
  // RESOLVE_NO_XDEV: nothing that is mounted over a file of /proc takes the write.
  Fd target(construction.no_openat2
                ? -1
                : sys::openat2(proc, file, O_WRONLY | O_CLOEXEC, RESOLVE_NO_XDEV));
  if (!target) {
    if (!construction.no_openat2 && errno != ENOSYS && errno != EPERM) return errno;
    target.reset(::openat(proc, file, O_WRONLY | O_CLOEXEC));
    if (!target) return errno;
    struct statfs status {};
    if (::fstatfs(target.get(), &status) != 0) return errno;
    if (status.f_type != PROC_SUPER_MAGIC) return ENOTSUP;
  }
  const ssize_t written = ::write(target.get(), value, length);
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == length ? 0 : EIO;
}

int write_id_maps(const ChildContext& context, Construction& construction) {
  if (const int errnum = open_proc(construction)) return errnum;
  const auto put = [&](const char* file, const char* text) {
    return write_proc(construction, file, text, std::strlen(text));
  };
  if (context.release_fd >= 0) {
    ::close(context.release_write_fd);
    char byte = 0;
    ssize_t length = 0;
    do {
      length = ::read(context.release_fd, &byte, 1);
    } while (length < 0 && errno == EINTR);
    if (length != 1) ::_exit(125);  // the launcher says why
  }
  if (context.uid_map != nullptr && *context.uid_map == '\0') return 0;  // of a joined namespace
  if (context.uid_map != nullptr) {
    if (const int errnum = put("self/uid_map", context.uid_map)) return errnum;
  }
  if (context.deny_setgroups) {
    if (const int errnum = put("self/setgroups", "deny")) return errnum;
  }
  return context.gid_map == nullptr ? 0 : put("self/gid_map", context.gid_map);
}

int run_setup_step(const Step& step, Construction& construction) {
  const int errnum = run_mount_step(step, construction);
  if (errnum != not_a_mount_step) return errnum;
  return std::visit([&](const auto& s) { return run(s, construction); }, step);
}

int run_command_step(const Step& step, const Construction& construction) {
  if (const auto* label = std::get_if<SetExecLabel>(&step)) return set_label(*label, construction);
  if (const auto* rules = std::get_if<RestrictSelf>(&step))
    return restrict_self(*rules, construction);
  if (std::get_if<OwnTerminal>(&step) != nullptr) return enter_terminal(construction);
  if (const auto* first = std::get_if<ChangeToFirst>(&step)) {
    return change_to_first(*first, construction);
  }
  return std::visit([](const auto& s) { return run(s); }, step);
}

}  // namespace immure
