#include "commands/bwrap.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "base/on_demand.h"
#include "base/real_path.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "commands/descriptor.h"
#include "config/bwrap_args.h"
#include "config/bwrap_options.h"
#include "config/bwrap_values.h"
#include "plan/host.h"
#include "plan/lower_ordered.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

constexpr int kFailure = 1;
// Of the interface, not of immure: clients ask for the least one that they can use.
constexpr std::string_view kVersion = "bubblewrap 0.11.1\n";

// Prints as bubblewrap does; with --level-prefix each message begins with its weight.
struct Voice {
  bool level_prefix = false;

  void say(int level, const std::string& text) const {
    std::string line = level_prefix ? '<' + std::to_string(level) + '>' : "";
    // A path, or the text of a link, may be a sandbox's doing.
    line += "bwrap: " + printable(text) + '\n';
    (void)write_unless_closed(STDERR_FILENO, line);
  }
  int die(const std::string& text, int errnum = 0) const {
    constexpr int error = 3;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
    say(error, errnum == 0 ? text : text + ": " + std::strerror(errnum));
    return kFailure;
  }
  void warn(const std::string& text) const {
    constexpr int warning = 4;
    say(warning, text);
  }
};

bool exists(const char* path) { return ::access(path, F_OK) == 0; }

// The first byte of a small file; 0: it cannot be read.
char first_byte(const char* path) {
  const Fd file(::open(path, O_RDONLY | O_CLOEXEC));
  char byte = 0;
  return file && ::read(file.get(), &byte, 1) == 1 ? byte : '\0';
}

BwrapCaller caller_of(uid_t uid) {
  BwrapCaller caller{.root = uid == 0, .gid = ::getegid()};
  caller.user_namespaces = exists("/proc/self/ns/user") &&
                           first_byte("/sys/module/user_namespace/parameters/enable") != 'N' &&
                           first_byte("/proc/sys/user/max_user_namespaces") != '0';
  caller.cgroup_namespaces = exists("/proc/self/ns/cgroup");
  caller.last_capability = OnDemand<std::uint64_t>(highest_capability);
  if (!caller.root) return caller;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (sys::capget(header, data.data()) == 0) {
    caller.capabilities = data[0].effective | static_cast<std::uint64_t>(data[1].effective) << 32U;
  }
  return caller;
}

bool same_directory(const char* a, const char* b) {
  struct stat one {};
  struct stat other {};
  return ::stat(a, &one) == 0 && ::stat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

// By the name that the shell has for it, if that is true.
std::string current_directory() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  const char* name = ::getenv("PWD");
  if (name != nullptr && *name == '/' && same_directory(name, ".")) return name;
  return working_directory();
}

// Of standard output, if this mount namespace has it under its name: not where we were put into a
// container from outside.
std::string own_terminal() {
  if (::isatty(STDOUT_FILENO) != 1) return {};
  std::string path = place_of(STDOUT_FILENO);
  struct stat there {};
  struct stat open {};
  const bool same = !path.empty() && ::stat(path.c_str(), &there) == 0 &&
                    ::fstat(STDOUT_FILENO, &open) == 0 && there.st_dev == open.st_dev &&
                    there.st_ino == open.st_ino && there.st_rdev == open.st_rdev;
  return same ? path : std::string();
}

// A number that nobody has open could become one of ours.
bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

OrderedHost host_of(uid_t uid) {
  OrderedHost host{.uid = uid, .gid = ::getegid(), .cwd = current_directory()};
  for (char** variable = environ; *variable != nullptr; ++variable) {
    host.environment.emplace_back(*variable);
  }
  host.umask = ::umask(0);
  ::umask(host.umask);
  host.selinux = exists("/sys/fs/selinux/enforce");
  host.terminal = own_terminal();
  host.files = &real_files_by_text();
  host.is_open = is_open;
  host.place_of = place_of;
  return host;
}

void keep_from_command(int fd) {
  if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

std::vector<int> bound_descriptors(const OrderedSpec& spec) {
  std::vector<int> fds;
  for (const Operation& operation : spec.operations) {
    const auto* bind = std::get_if<BindOperation>(&operation.what);
    if (bind != nullptr && bind->source_fd >= 0) fds.push_back(bind->source_fd);
  }
  return fds;
}

// Those whose content is for files and filters: whoever sets up the sandbox reads and closes them.
std::vector<int> read_descriptors(const OrderedSpec& spec) {
  std::vector<int> fds = spec.filters;
  for (const Operation& operation : spec.operations) {
    if (const auto* file = std::get_if<FileOperation>(&operation.what)) fds.push_back(file->fd);
    if (const auto* data = std::get_if<DataOperation>(&operation.what)) fds.push_back(data->fd);
  }
  return fds;
}

// The descriptors of options, which the command does not get. `own`: those that are needed until
// the sandbox is set up, and no longer. An error's text, or nothing.
std::string take_descriptors(const BwrapArguments& arguments, std::vector<int>& own) {
  const OrderedSpec& spec = arguments.spec;
  own = bound_descriptors(spec);
  for (const int fd : own) {
    if (!is_open(fd)) return "Can't stat fd " + std::to_string(fd) + ": Bad file descriptor";
  }
  for (const int fd : {arguments.info_fd, arguments.json_status_fd}) {
    if (fd >= 0 && !is_open(fd)) return "Write to info_fd: Bad file descriptor";
  }
  for (const int fd :
       {arguments.block_fd, arguments.userns_block_fd, arguments.info_fd, arguments.json_status_fd,
        spec.join_user, spec.join_user_after, spec.join_pid, spec.sync_fd}) {
    if (fd < 0) continue;
    if (!is_open(fd)) {
      const std::string closed = ": Bad file descriptor";
      if (fd == spec.join_user) return "Joining specified user namespace failed" + closed;
      if (fd == spec.join_user_after) return "Setting userns2 failed" + closed;
      if (fd == spec.join_pid) return "Setting pidns failed" + closed;
      return "Invalid fd: " + std::to_string(fd);
    }
    if (fd != spec.sync_fd && fd != arguments.block_fd) own.push_back(fd);
  }
  for (const int fd : bound_descriptors(spec)) keep_from_command(fd);
  for (const int fd : read_descriptors(spec)) keep_from_command(fd);
  for (const int fd : arguments.descriptors) {
    if (fd != spec.sync_fd || !spec.as_pid_1) keep_from_command(fd);
  }
  return {};
}

// "child-pid", and the numbers of the namespaces that are its own.
std::string child_json(pid_t child, std::uint64_t namespaces, const char* separator) {
  std::string json = "\"child-pid\": " + std::to_string(child);
  for (const auto& [name, flag] :
       {std::pair("cgroup", CLONE_NEWCGROUP), std::pair("ipc", CLONE_NEWIPC),
        std::pair("mnt", CLONE_NEWNS), std::pair("net", CLONE_NEWNET),
        std::pair("pid", CLONE_NEWPID), std::pair("uts", CLONE_NEWUTS)}) {
    if ((namespaces & static_cast<std::uint64_t>(flag)) == 0) continue;
    struct stat status {};
    const std::string file = "/proc/" + std::to_string(child) + "/ns/" + name;
    if (::stat(file.c_str(), &status) != 0) continue;
    json += std::string(",") + separator + '"' + name +
            "-namespace\": " + std::to_string(status.st_ino);
  }
  return json;
}

void tell_started(const BwrapArguments& arguments, std::uint64_t namespaces, pid_t child,
                  const Voice& voice) {
  if (arguments.info_fd >= 0) {
    const std::string json = "{\n    " + child_json(child, namespaces, "\n    ") + "\n}\n";
    if (!write_all(arguments.info_fd, json)) ::_exit(voice.die("Write to info_fd", errno));
    ::close(arguments.info_fd);
  }
  if (arguments.json_status_fd >= 0) {
    const std::string json = "{ " + child_json(child, namespaces, " ") + " }\n";
    (void)write_unless_closed(arguments.json_status_fd, json);
  }
}

int run(const BwrapArguments& arguments, const BwrapCaller& caller, pid_t parent,
        const Voice& voice) {
  PlainOptions options{.parent = parent,
                       .block_fd = arguments.block_fd,
                       .userns_block_fd = arguments.userns_block_fd,
                       .sync_fd = arguments.spec.as_pid_1 ? -1 : arguments.spec.sync_fd,
                       .lock_files = arguments.spec.lock_files};
  if (const std::string wrong = take_descriptors(arguments, options.option_fds); !wrong.empty()) {
    return voice.die(wrong);
  }
  const OrderedSpec& spec = arguments.spec;
  OrderedHost host = host_of(::geteuid());
  if (caller.root) host.capabilities = caller.capabilities;
  if (host.uid == 0 || spec.capabilities.value_or(0) != 0) host.landlock_abi = sys::landlock_abi();
  const auto lowered = lower_ordered(spec, host);
  if (const auto* error = std::get_if<Error>(&lowered)) {
    return voice.die(error->doing, error->errnum);
  }
  const auto& plan = std::get<LaunchPlan>(lowered);

  if (arguments.info_fd >= 0 || arguments.json_status_fd >= 0) {
    options.started = [&](pid_t child) { tell_started(arguments, plan.namespaces, child, voice); };
  }
  if (arguments.json_status_fd >= 0) {
    options.own_fds.push_back(arguments.json_status_fd);
    options.ended = [&](int code) {
      (void)write_unless_closed(arguments.json_status_fd,
                                "{ \"exit-code\": " + std::to_string(code) + " }\n");
    };
  }
  const auto ended = launch_plain(plan, options);
  if (const auto* failure = std::get_if<PlainFailure>(&ended)) {
    return voice.die(bwrap_words(*failure, plan, options));
  }
  return std::get<int>(ended);
}

// A descriptor that we open must never become the command's standard input or output: a closed one
// is taken by the time we open any, and is closed again for the command.
void occupy_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (!is_open(fd)) (void)::open("/dev/null", O_RDWR | O_CLOEXEC);
  }
}

}  // namespace

int bwrap(std::span<char* const> words) {
  Voice voice;
  const pid_t parent = ::getppid();  // before anything is read that may take its time
  if (::getauxval(AT_SECURE) != 0 || ::getuid() != ::geteuid() || ::getgid() != ::getegid()) {
    return voice.die("setuid use of bubblewrap is not supported in this build");
  }
  occupy_standard_descriptors();
  const std::string program = words.empty() ? "bwrap" : words[0];
  const std::vector<std::string> arguments(words.begin() + (words.empty() ? 0 : 1), words.end());
  const BwrapCaller caller = caller_of(::geteuid());
  auto parsed = parse_bwrap(arguments, caller, voice.level_prefix,
                            [&voice](const std::string& text) { voice.warn(text); });
  if (const auto* mistake = std::get_if<BwrapMistake>(&parsed)) {
    return voice.die(mistake->text, mistake->errnum);
  }
  const auto& read = std::get<BwrapArguments>(parsed);
  switch (read.asks) {
    case BwrapArguments::Asks::help:
      return write_all(STDOUT_FILENO, bwrap_usage(program)) ? 0 : kFailure;
    case BwrapArguments::Asks::version:
      return write_all(STDOUT_FILENO, kVersion) ? 0 : kFailure;
    case BwrapArguments::Asks::usage:
      (void)write_unless_closed(STDERR_FILENO, bwrap_usage(program));
      return kFailure;
    case BwrapArguments::Asks::run:
      break;
  }
  return run(read, caller, parent, voice);
}

}  // namespace immure
