#include "launch/join.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/syscalls.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr long kNsfsMagic = 0x6e736673;  // NSFS_MAGIC of linux/magic.h

std::string named(const JoinedNamespace& wanted) {
  return "the " + wanted.kind + " namespace " +
         (wanted.path.empty() ? shown_source(wanted) : quote(wanted.path));
}

Error refused(const JoinedNamespace& wanted, std::string reason, std::string hint = {}) {
  return {.code = Code::namespace_value,
          .doing = named(wanted) + " can't be joined",
          .reason = std::move(reason),
          .origin = wanted.origin,
          .hint = std::move(hint)};
}

Error failed(const JoinedNamespace& wanted, int errnum, std::string hint = {}) {
  return {.code = Code::namespace_value,
          .doing = "join " + named(wanted),
          .errnum = errnum,
          .origin = wanted.origin,
          .hint = std::move(hint)};
}

std::uint64_t inode(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

bool has_sys_admin() {
  constexpr unsigned sys_admin = 21;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  return sys::capget(header, data.data()) == 0 && (data[0].effective >> sys_admin & 1U) != 0;
}

std::variant<Fd, Error> open_one(const JoinedNamespace& wanted) {
  Fd fd(wanted.path.empty()
            ? ::fcntl(wanted.fd, F_DUPFD_CLOEXEC, 3)
            : ::open(wanted.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    return failed(wanted, errno,
                  errno == EACCES  ? "it belongs to a process that is not ours to look into"
                  : errno == EBADF ? "open it for immure, for example: " +
                                         std::to_string(wanted.fd) + "< /proc/PID/ns/" + wanted.kind
                                   : "a file such as /proc/PID/ns/" + wanted.kind + " names one");
  }
  struct statfs status {};
  if (::fstatfs(fd.get(), &status) != 0 || status.f_type != kNsfsMagic) {
    return refused(wanted, "it is not the file of a namespace",
                   "a file such as /proc/PID/ns/" + wanted.kind + " names one");
  }
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != static_cast<int>(wanted.flag)) {
    return refused(wanted, "it is a namespace of another kind",
                   "readlink tells the kind: /proc/PID/ns/" + wanted.kind);
  }
  return fd;
}

Error of_another(const JoinedNamespace& wanted, int owner, uid_t uid) {
  return refused(
      wanted, (wanted.flag == CLONE_NEWUSER ? "it is number " : "it belongs to user namespace ") +
                  std::to_string(inode(owner)) + " of user " + std::to_string(uid) +
                  ", which is not ours to join");
}

// A user namespace that the plan names, when we may enter it.
std::variant<Fd, Error> check_user_namespace(const JoinedNamespace& wanted, Fd fd) {
  const Fd own(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!own) return failed(wanted, errno, "immure needs /proc");
  if (inode(own.get()) == inode(fd.get())) {
    return refused(wanted, "it is our own", "take the line away: then a new one is made");
  }
  uid_t uid = 0;
  if (::ioctl(fd.get(), NS_GET_OWNER_UID, &uid) != 0) return failed(wanted, errno);
  if (uid != ::geteuid() && !has_sys_admin()) return of_another(wanted, fd.get(), uid);
  return fd;
}

// The user namespace that it belongs to, when we may act there; empty: it is our own.
std::variant<Fd, Error> find_owner(const JoinedNamespace& wanted, int fd) {
  Fd owner(::ioctl(fd, NS_GET_USERNS));
  if (!owner) {
    if (errno != EPERM) return failed(wanted, errno);
    return refused(wanted, "its user namespace lies outside of ours",
                   "join one that was made by you, in a user namespace of yours");
  }
  const Fd own(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
  if (!own) return failed(wanted, errno, "immure needs /proc");
  const std::string number = std::to_string(inode(owner.get()));
  if (inode(own.get()) == inode(owner.get())) {
    if (has_sys_admin()) return Fd();
    return refused(wanted,
                   "it belongs to user namespace " + number + ", our own, where only root may join",
                   "to share ours, write namespaces." + wanted.kind + " = \"host\"");
  }
  uid_t uid = 0;
  if (::ioctl(owner.get(), NS_GET_OWNER_UID, &uid) != 0) return failed(wanted, errno);
  if (uid == ::geteuid() || has_sys_admin()) return owner;
  return of_another(wanted, owner.get(), uid);
}

// What the process in the middle tells the launcher.
struct Outcome {
  pid_t pid = -1;
  int pidfd = -1;
  int errnum = 0;
  int failed = 0;            // 0: clone; 1: the user namespace; 2 + n: namespace n
  pid_t inside = 0;          // a child of the launcher that goes on in the joined pid namespace
  bool from_inside = false;  // that one says so
};

// A copy of us, with the same table of descriptors.
pid_t clone_with_files(std::uint64_t more, std::uint64_t exit_signal) {
  clone_args args{};
  args.flags = CLONE_FILES | more;
  args.exit_signal = exit_signal;
  const pid_t pid = sys::clone3(args);
  if (pid >= 0 || errno != ENOSYS) return pid;
  return static_cast<pid_t>(
      ::syscall(SYS_clone, args.flags | exit_signal, nullptr, nullptr, nullptr, nullptr));
}

// Its number here; -1: it has ended.
pid_t pid_of(int pidfd) {
  const Fd file(
      ::open(("/proc/self/fdinfo/" + std::to_string(pidfd)).c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};
  const ssize_t length = file ? ::read(file.get(), text.data(), text.size() - 1) : 0;
  const std::string_view all(text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  const std::size_t at = all.find("Pid:");
  return at == std::string_view::npos ? -1 : std::atoi(all.data() + at + 4);
}

Outcome enter_and_clone(const OpenNamespaces& namespaces, const std::function<void()>& entered,
                        const std::function<pid_t(int& pidfd)>& clone_there) {
  Outcome outcome;
  const auto fail = [&](int where) {
    outcome.errnum = errno;
    outcome.failed = where;
    return outcome;
  };
  if (namespaces.owner) {
    if (::setns(namespaces.owner.get(), CLONE_NEWUSER) != 0) return fail(1);
    // Becoming powerful there made us non-dumpable, and /proc/self root's: the child could not
    // write its id maps.
    if (::prctl(PR_SET_DUMPABLE, 1) != 0) return fail(1);
    entered();
  }
  int index = 2;
  for (const OpenNamespaces::One& one : namespaces.list) {
    if (::setns(one.fd.get(), static_cast<int>(one.wanted->flag)) != 0) return fail(index);
    ++index;
  }
  // A pid namespace below the joined one is made from inside of that, and so by a process that is
  // there: the sandbox is the launcher's child all the same (CLONE_PARENT).
  if (namespaces.pids_below) {
    outcome.inside = clone_with_files(CLONE_PARENT, 0);
    if (outcome.inside < 0) return fail(0);
    if (outcome.inside > 0) return outcome;
    outcome.from_inside = true;
  }
  outcome.pid = clone_there(outcome.pidfd);
  if (outcome.pid < 0) outcome.errnum = errno;
  return outcome;
}

void wait_for(pid_t pid) {
  while (::waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

Outcome read_outcome(int reading) {
  Outcome outcome;
  if (::read(reading, &outcome, sizeof outcome) == static_cast<ssize_t>(sizeof outcome)) {
    return outcome;
  }
  return {.errnum = EPIPE, .failed = 1};
}

// Of the process in the middle, which has ended, and of the one inside, which may speak first.
Outcome hear(int reading) {
  Outcome outcome = read_outcome(reading);
  if (outcome.inside <= 0 && !outcome.from_inside) return outcome;
  const Outcome first = outcome;
  if (first.from_inside) outcome = read_outcome(reading);
  wait_for(outcome.inside);
  outcome = first.from_inside ? first : read_outcome(reading);
  if (outcome.pid > 0) outcome.pid = pid_of(outcome.pidfd);
  return outcome;
}

}  // namespace

std::variant<OpenNamespaces, Error> open_namespaces(const LaunchPlan& plan) {
  OpenNamespaces opened;
  for (const JoinedNamespace& wanted : plan.join) {
    auto fd = open_one(wanted);
    if (auto* error = std::get_if<Error>(&fd)) return std::move(*error);
    const bool is_user = wanted.flag == CLONE_NEWUSER;
    auto owner = is_user ? check_user_namespace(wanted, std::move(std::get<Fd>(fd)))
                         : find_owner(wanted, std::get<Fd>(fd).get());
    if (auto* error = std::get_if<Error>(&owner)) return std::move(*error);
    Fd& user = std::get<Fd>(owner);
    const bool first = opened.first == nullptr;
    if (!first && (static_cast<bool>(user) != static_cast<bool>(opened.owner) ||
                   (user && inode(user.get()) != inode(opened.owner.get())))) {
      return refused(wanted,
                     opened.first->flag == CLONE_NEWUSER
                         ? "it does not belong to the user namespace that is joined"
                         : "it belongs to another user namespace than the " + opened.first->kind +
                               " namespace",
                     "all that are joined belong to one");
    }
    if (first) {
      opened.owner = std::move(user);
      opened.first = &wanted;
    }
    if (!is_user) opened.list.push_back({std::move(std::get<Fd>(fd)), &wanted});
    if (wanted.flag == CLONE_NEWPID) opened.pids_below = (plan.namespaces & CLONE_NEWPID) != 0;
  }
  return opened;
}

std::string map_of_one(const std::string& planned, unsigned outside) {
  return planned.substr(0, planned.find(' ')) + ' ' + std::to_string(outside) + " 1\n";
}

std::variant<pid_t, Error> clone_within(const OpenNamespaces& namespaces,
                                        const std::function<void()>& entered,
                                        const std::function<pid_t(int& pidfd)>& clone_there,
                                        int& pidfd) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return os_error(Code::setup_step, "make a pipe");
  }
  const Fd reading(ends[0]);
  const Fd writing(ends[1]);
  const pid_t between = clone_with_files(0, SIGCHLD);
  if (between == 0) {
    const Outcome outcome = enter_and_clone(namespaces, entered, clone_there);
    ::_exit(::write(writing.get(), &outcome, sizeof outcome) == sizeof outcome ? 0 : 125);
  }
  if (between < 0) return os_error(Code::setup_step, "start a process that joins namespaces");
  wait_for(between);
  const Outcome outcome = hear(reading.get());
  if (outcome.pid > 0) {
    pidfd = outcome.pidfd;
    return outcome.pid;
  }
  if (outcome.failed > 0) {
    const auto index = static_cast<std::size_t>(outcome.failed);
    const JoinedNamespace& wanted =
        index < 2 ? *namespaces.first : *namespaces.list.at(index - 2).wanted;
    const std::string number =
        namespaces.owner ? std::to_string(inode(namespaces.owner.get())) : "our own";
    return failed(wanted, outcome.errnum, "it belongs to user namespace " + number);
  }
  errno = outcome.errnum;
  return pid_t{-1};
}

}  // namespace immure
