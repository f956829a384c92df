// The words of every step: the line of --dry-run, and of the error when the step fails.
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/kernel_words.h"
#include "plan/step.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

std::string inside(const std::string& target) { return std::string("/").append(escape(target)); }

std::string mode_text(mode_t mode) { return octal(mode, 4); }

std::string mode_unless(mode_t mode, mode_t usual) {
  return mode == usual ? "" : ", mode " + mode_text(mode);
}

std::string bytes(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

std::string of_descriptor(int fd) { return "what descriptor " + std::to_string(fd) + " gives"; }

std::string inodes(std::uint64_t count) {
  return count == 0 ? "" : ", " + std::to_string(count) + " inodes";
}

std::string limit(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

std::string capabilities(std::uint64_t mask) {
  std::string names;
  for (std::uint64_t n = 0; n < 64; ++n) {
    if ((mask >> n & 1) == 0) continue;
    if (!names.empty()) names += ' ';
    names += n < capability_names().size() ? std::string(capability_names()[n])
                                           : "capability " + std::to_string(n);
  }
  return names.empty() ? "none" : names;
}

std::string text(const MakeRoot& s) {
  if (!s.directory.empty()) {
    return "make the root: " + escape(s.directory) + (s.read_only ? ", read-only" : ", writable") +
           (s.devices ? ", devices usable" : "");
  }
  return "make the root: a tmpfs of " + show_size(s.size_bytes) + inodes(s.inodes) +
         mode_unless(s.mode, 0755);
}

std::string text(const LeavePeers& /*s*/) { return "make all mounts private"; }

std::string text(const MakeScratch& s) {
  return "make a tmpfs beside the root" +
         (s.size_bytes != 0 ? " of " + show_size(s.size_bytes) : "");
}

std::string text(const MakeDir& s) {
  return "make directory " + inside(s.target) + mode_unless(s.mode, 0755);
}

std::string text(const MakeFile& s) {
  return "make file " + inside(s.target) +
         (s.content.empty() ? ", empty" : ", " + bytes(s.content.size())) +
         mode_unless(s.mode, 0644);
}

std::string text(const MakeLink& s) {
  return "make link " + inside(s.target) + " to " + escape(s.text);
}

std::string text(const BindMount& s) {
  std::string line = s.pin ? "pin " + inside(s.target) + " in place by a bind of itself"
                           : "bind " + escape(s.source) + " on " + inside(s.target);
  line += s.read_only ? ", read-only" : ", writable";
  if (s.devices) line += ", devices usable";
  if (!s.executable) line += ", noexec";
  if (!s.recursive) line += ", without the mounts below it";
  if (s.slave) line += ", with later mounts of the host";
  if (s.late) line += ", of the sandbox's first process";
  if (s.same_as >= 0) line += ", open on descriptor " + std::to_string(s.same_as);
  return line;
}

std::string text(const CoverFile& s) {
  const std::string content = s.from >= 0         ? of_descriptor(s.from)
                              : s.content.empty() ? "an empty one"
                                                  : bytes(s.content.size());
  return "cover file " + inside(s.target) + " with " + content + ", mode " + mode_text(s.mode) +
         (s.read_only ? ", read-only" : ", writable");
}

std::string text(const TmpfsMount& s) {
  std::string line = "mount a tmpfs on " + inside(s.target);
  if (s.size_bytes != 0) line += " of " + show_size(s.size_bytes);
  line += inodes(s.inodes) + mode_unless(s.mode, 0755);
  if (s.shared) line += ", of the memory beside the root";
  if (s.read_only) line += ", read-only";
  if (!s.executable) line += ", noexec";
  if (!s.label.empty()) line += ", label " + escape(s.label);
  return line;
}

std::string text(const OverlayMount& s) {
  std::string line = "mount an overlay of";
  const char* separator = " ";
  for (const std::string& lower : s.lower) {
    line.append(separator).append(escape(lower));
    separator = " over ";
  }
  line += " on " + inside(s.target);
  if (s.read_only) return line + ", read-only";
  if (s.upper.empty()) return line + ", writes discarded";
  return line + ", writes to " + escape(s.upper) + ", work in " + escape(s.work);
}

std::string text(const ProcMount& s) {
  std::string line = "mount proc on " + inside(s.target);
  if (s.subset_pid) line += ", processes only";
  if (s.hidepid_invisible) line += ", others' processes invisible";
  return line;
}

std::string text(const DevptsMount& s) {
  return "mount devpts on " + inside(s.target) +
         (s.max != 0 ? ", at most " + std::to_string(s.max) + " terminals" : "");
}

std::string text(const MqueueMount& s) { return "mount mqueue on " + inside(s.target); }
std::string text(const SysfsMount& s) { return "mount sysfs on " + inside(s.target); }
std::string text(const CgroupMount& s) { return "mount cgroup on " + inside(s.target); }

std::string text(const MaskProc& s) {
  return (s.read_only ? "make read-only " : "cover ") + inside(s.target) + ", if it is there";
}

std::string text(const MakePlace& s) {
  if (s.kind == MakePlace::Kind::parents) return "make the directories above " + inside(s.target);
  const bool file = s.kind == MakePlace::Kind::file;
  return std::string(file ? "make file " : "make directory ") + inside(s.target) +
         mode_unless(s.mode, file ? 0444 : 0755) + ", if it is missing";
}
std::string text(const WriteFile& s) {
  return "write " + of_descriptor(s.from) + " to file " + inside(s.target) +
         mode_unless(s.mode, 0666);
}
std::string text(const EnsureLink& s) {
  return "make link " + inside(s.target) + " to " + escape(s.text) + ", if it is missing";
}
std::string text(const ChangeMode& s) {
  return "change the mode of " + inside(s.target) + " to " + mode_text(s.mode);
}
std::string text(const MakeReadOnly& s) {
  return "make the mount " + inside(s.target) + " read-only";
}

std::string text(const NewUserNamespace& /*s*/) { return "make a second user namespace"; }
std::string text(const EnterUserNamespace& s) {
  return "enter the user namespace on descriptor " + std::to_string(s.fd);
}
std::string text(const CheckNoUserNamespaces& /*s*/) {
  return "see that no user namespace can be made";
}
std::string text(const SetIds& s) {
  return "become" + (s.uid ? " user " + std::to_string(*s.uid) : "") +
         (s.gid ? " group " + std::to_string(*s.gid) : "");
}
std::string text(const ChangeToFirst& s) {
  std::string line = "change directory to";
  for (const std::string& path : s.paths) {
    line += (&path == s.paths.data() ? " " : ", else ") + escape(path);
  }
  return line;
}
std::string text(const NoNewPrivileges& s) {
  if (s.bounding == ~0ULL) return "refuse new privileges";
  return "refuse new privileges, bounding set " + capabilities(s.bounding);
}

std::string text(const SealRoot& /*s*/) { return "make the root read-only"; }
std::string text(const EnterRoot& /*s*/) { return "enter the root and leave the host's"; }
std::string text(const LockMounts& /*s*/) { return "lock the mounts against CAP_SYS_ADMIN"; }
std::string text(const SetHostname& s) { return "set the host name to " + escape(s.name); }
std::string text(const SetDomainname& s) { return "set the domain name to " + escape(s.name); }
std::string text(const OpenQueues& /*s*/) { return "open the message queues of the sandbox"; }
std::string text(const DropGroups& /*s*/) { return "drop all supplementary groups"; }
std::string text(const LoopbackUp& /*s*/) { return "bring up the loopback device"; }

std::string text(const WriteProc& s) {
  std::string line = "write " + escape(s.value) + " to /proc/" + escape(s.file);
  if (s.second_wall) line += ", where it can be written (the filter refuses the calls too)";
  return line;
}

std::string text(const NewTimeNamespace& s) {
  if (s.offsets.empty()) return "make a time namespace";
  std::string offsets = s.offsets.substr(0, s.offsets.size() - 1);
  for (std::size_t end = 0; (end = offsets.find('\n', end)) != std::string::npos;) {
    offsets.replace(end, 1, ", ");
  }
  return "make a time namespace, offsets " + escape(offsets);
}

std::string text(const RedirectStdio& s) {
  constexpr std::array<std::string_view, 3> names = {
      "read standard input from ", "write standard output to ", "write standard error to "};
  return std::string(names.at(static_cast<std::size_t>(s.fd))) + escape(s.path);
}

std::string text(const ChangeDirectory& s) { return "change directory to " + escape(s.path); }
std::string text(const SetUmask& s) { return "set the umask to " + mode_text(s.mask); }
std::string text(const SetNice& s) { return "set the nice value to " + std::to_string(s.value); }
std::string text(const SetScheduler& s) {
  const std::string priority = ", priority " + std::to_string(s.priority);
  switch (s.policy) {
    case SCHED_OTHER:
      return "schedule as other";
    case SCHED_BATCH:
      return "schedule as batch";
    case SCHED_IDLE:
      return "schedule as idle";
    case SCHED_FIFO:
      return "schedule as fifo" + priority;
    default:
      return "schedule as rr" + priority;
  }
}

std::string text(const SetIoPriority& s) {
  constexpr int shift = 13;
  constexpr std::array<std::string_view, 4> names = {"none", "realtime", "best effort", "idle"};
  const auto level = static_cast<std::size_t>(s.value);
  const std::string name(names.at(level >> shift));
  const bool has_level = name == "realtime" || name == "best effort";
  return "set the I/O priority to " + name +
         (has_level ? ", level " + std::to_string(s.value & ((1 << shift) - 1)) : "");
}

std::string text(const NewCoreCookie& /*s*/) { return "share no core with processes outside"; }

std::string text(const SetOomScoreAdj& s) {
  return "set the OOM score adjustment to " + std::to_string(s.value);
}

std::string text(const SetAffinity& s) {
  std::string line = "run on processors";
  const char* separator = " ";
  for (std::size_t cpu = 0; cpu < s.mask.size() * 64; ++cpu) {
    if ((s.mask[cpu / 64] >> (cpu % 64) & 1) == 0) continue;
    line.append(separator).append(std::to_string(cpu));
    separator = ",";
  }
  return line;
}

std::string text(const SetPersonality& s) { return "set the personality to " + hex(s.persona); }

std::string text(const SetRlimit& s) {
  std::string line = "limit " + std::string(resource_word(s.resource)) + " to " + limit(s.soft);
  return s.soft == s.hard ? line : line + ", at most " + limit(s.hard);
}

std::string text(const OpenTerminal& s) {
  return "open a terminal by " + escape(s.ptmx) + ", if the caller has one";
}
std::string text(const NewSession& /*s*/) { return "start a new session"; }
std::string text(const OwnTerminal& /*s*/) {
  return "start a new session, on a terminal of its own where the caller has one";
}
std::string text(const NewKeyring& /*s*/) { return "join a new, empty session keyring"; }

std::string text(const LimitPrivileges& s) {
  std::string line = "limit privileges: capabilities " + capabilities(s.keep);
  if (s.bounding != s.keep) line += ", bounding set " + capabilities(s.bounding);
  return line + ", no new privileges";
}

std::string landlock_paths(const RestrictSelf& s) {
  std::string line;
  std::string last;
  std::vector<LandlockPath> sorted = s.paths;
  std::ranges::stable_sort(sorted, {},
                           [](const LandlockPath& rule) { return std::popcount(rule.rights); });
  for (const LandlockPath& rule : sorted) {
    const std::string words = landlock_words(rule.rights, s.files);
    if (words != last) line.append(line.empty() ? "" : "; ").append(words).append(" on");
    line.append(1, ' ').append(escape(rule.path));
    last = words;
  }
  return line.empty() ? "no path" : line;
}

std::string landlock_ports(const RestrictSelf& s, std::uint64_t right, const std::string& does) {
  std::string ports;
  for (const LandlockPort& rule : s.ports) {
    if ((rule.rights & right) != 0) ports += ' ' + std::to_string(rule.port);
  }
  return ports.empty() ? does + " no TCP port" : does + " TCP port" + ports;
}

std::string text(const RestrictSelf& s) {
  std::vector<std::string> parts;
  if (s.files != 0) {
    parts.push_back(landlock_paths(s));
    std::string open = "open files";
    for (const int fd : s.descriptors) open += ' ' + std::to_string(fd);
    parts.push_back(open + " as they are");
  }
  if ((s.tcp & landlock_bind_tcp) != 0) {
    parts.push_back(landlock_ports(s, landlock_bind_tcp, "bind"));
  }
  if ((s.tcp & landlock_connect_tcp) != 0) {
    parts.push_back(landlock_ports(s, landlock_connect_tcp, "connect to"));
  }
  if ((s.scoped & landlock_signals) != 0) parts.emplace_back("no signal outside");
  if ((s.scoped & landlock_abstract_sockets) != 0) parts.emplace_back("no abstract socket outside");
  std::string line = "restrict by Landlock: ";
  for (const std::string& part : parts) line += (&part == parts.data() ? "" : "; ") + part;
  return line;
}

// Without the length of the program: it differs from one processor to another.
std::string text(const RefuseExecGain& /*s*/) {
  return "refuse memory that is written and executed";
}
std::string text(const SetExecLabel& s) {
  return std::string("start the command with the ") +
         (s.apparmor ? "AppArmor profile " : "SELinux label ") + escape(s.label);
}
std::string text(const CloseTsc& /*s*/) { return "refuse reads of the time stamp counter"; }
std::string text(const LoadFilter& s) { return "load the system call filter: " + escape(s.name); }

}  // namespace

std::string describe(const Step& step) {
  return std::visit([](const auto& s) { return text(s); }, step);
}

}  // namespace immure
