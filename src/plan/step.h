// The steps of a plan: each one thing the child does between clone and exec. A step is data:
// whatever may allocate or depends on policy was settled when the plan was made. describe() is both
// the line of --dry-run and the words of the error when the step fails.
//
// Targets are relative to the new root ("usr/bin", "" is the root itself), and are looked up inside
// it (openat2 RESOLVE_IN_ROOT). Sources are absolute host paths with every symlink resolved, and
// are opened with RESOLVE_NO_SYMLINKS: a link planted meanwhile is an error, never followed.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "plan/landlock.h"

namespace immure {

// --- Mount steps: run by pid 1 of the sandbox, in this order, before it enters the new root. ---

// The new root: a tmpfs of ours, or a bind of a ready root file system. Always the first.
struct MakeRoot {
  std::string directory;         // host path; empty: a tmpfs
  std::uint64_t size_bytes = 0;  // of the tmpfs
  std::uint64_t inodes = 0;      // of the tmpfs; 0: the kernel's default
  mode_t mode = 0755;
  bool read_only = false;  // of a directory: bind it read-only (a tmpfs is sealed by SealRoot)
  bool devices = false;    // of a directory: device nodes usable
  // Until EnterRoot: the new root lies on "/", and a bind of "/" must not show it.
  bool unbindable = false;
};
// Nothing that is mounted from now on appears in the mount namespace that ours is a copy of: for a
// copy within one user namespace, whose mounts may be shared. Before any other mount step.
struct LeavePeers {};
// A tmpfs outside the new root: overlay uppers, files that are bound over others, and the tmpfs
// that share its memory live in it.
struct MakeScratch {
  std::uint64_t size_bytes = 0;  // 0: the kernel's default
};
struct MakeDir {
  std::string target;
  mode_t mode = 0755;
};
// An empty file as a mount point, or one with content.
struct MakeFile {
  std::string target;
  mode_t mode = 0644;
  std::string content;
};
struct MakeLink {
  std::string target;
  std::string text;
};
struct BindMount {
  std::string source;
  std::string target;
  bool read_only = true;
  bool devices = false;
  bool executable = true;
  bool recursive = true;
  bool slave = false;  // later mounts of the host below it appear inside; else private
  bool pin = false;    // shows what is there already: a mount point cannot be renamed inside
  bool late = false;  // `source` is followed as it stands when the step runs: /proc/self is us then
  int same_as = -1;   // what is bound must be what this descriptor refers to
};
// A file with this content and mode, made in the scratch file system and bound over the target.
struct CoverFile {
  std::string target;
  std::string content;
  mode_t mode = 0;
  bool read_only = true;
  int from = -1;  // a descriptor that has the content instead: read to its end, and closed
};
struct TmpfsMount {
  std::string target;
  std::uint64_t size_bytes = 0;  // 0: the kernel's default
  std::uint64_t inodes = 0;      // 0: the kernel's default
  mode_t mode = 0755;
  bool read_only = false;
  bool executable = true;
  bool shared = false;     // a directory of the scratch file system, whose memory it shares
  std::string label = {};  // SELinux; empty: the kernel's choice
};
struct OverlayMount {
  std::string target;
  std::vector<std::string> lower;  // host paths, the first is topmost
  std::string upper, work;         // host paths; both empty: in the scratch file system
  bool read_only = false;          // no upper at all
};
struct ProcMount {
  std::string target;
  bool subset_pid = false;
  bool hidepid_invisible = false;
};
struct DevptsMount {
  std::string target;
  std::uint32_t max = 0;  // pseudo-terminals; 0: no limit of its own
};
struct MqueueMount {
  std::string target;
};
struct SysfsMount {
  std::string target;
};
struct CgroupMount {
  std::string target;
};
// A file or directory of the fresh /proc: covered by an empty one, or bound read-only over itself.
// Not there: nothing to do.
struct MaskProc {
  std::string target;      // "proc/kcore"
  bool read_only = false;  // false: covered
};
// --- Steps of an ordered command line (spec/operation.h), which act on what is there. ---

// The mount point of the next step, and the directories above it: what is missing is made, what is
// there, or is a link to it, stays as it is.
struct MakePlace {
  enum class Kind : std::uint8_t {
    parents,  // only the directories above
    directory,
    file,
  };
  std::string target;
  Kind kind = Kind::directory;
  mode_t mode = 0755;
  mode_t parents = 0755;
};
// The file is made, or emptied, and written.
struct WriteFile {
  std::string target;
  int from = -1;       // a descriptor that has the content: read to its end, and closed
  mode_t mode = 0666;  // of a new one
};
// A link with this text; one that is there already is as good.
struct EnsureLink {
  std::string target;
  std::string text;
};
struct ChangeMode {
  std::string target;
  mode_t mode = 0;
};
// The mount at the target, and none below it.
struct MakeReadOnly {
  std::string target;
};

// The tmpfs root becomes read-only.
struct SealRoot {};
// pivot_root into the new root and let go of the old one.
struct EnterRoot {};
// For a command that keeps CAP_SYS_ADMIN: it could take covers away, and make read-only mounts
// writable. In a mount namespace that a user namespace below ours owns all mounts are locked
// together, to everybody: mount_namespaces(7)
struct LockMounts {};

// --- Other steps of pid 1 ---
struct SetHostname {
  std::string name;
};
struct SetDomainname {
  std::string name;
};
struct LoopbackUp {};
// No supplementary group is left; read back. setgroups(2)
struct DropGroups {};
// The file system of mq_open(3), which takes no path: for a rule of Landlock where no mount shows
// it. Not in this kernel, or not open to us: nothing to do.
struct OpenQueues {};
// Writes a namespaced sysctl, or another file below /proc, through a descriptor checked to be
// procfs. `file` is relative to /proc: "sys/user/max_user_namespaces".
struct WriteProc {
  std::string file;
  std::string value;
  // A second wall, where the filter is the first: may be refused by a /proc that an outer container
  // covers.
  bool second_wall = false;
};
// A terminal of the sandbox's own, if one of 0 to 2 is the caller's; with its modes and its size.
// The launcher gets the master. pty(7)
struct OpenTerminal {
  std::string ptmx;  // absolute; of the host before EnterRoot, of the sandbox after it
};
// A new time namespace for the command, with these lines in /proc/self/timens_offsets.
struct NewTimeNamespace {
  std::string offsets;  // "monotonic 259200 0\n…"; see time_namespaces(7)
};

// A user namespace below the one that we are in, with these maps; no other can be made in it if
// user.max_user_namespaces was 1. user_namespaces(7)
struct NewUserNamespace {
  std::string uid_map, gid_map;
};
struct EnterUserNamespace {
  int fd = -1;
};
// Tries to make one, and fails if that works.
struct CheckNoUserNamespaces {};
// Ids in the user namespace that was joined. setresuid(2)
struct SetIds {
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
};

// --- Steps of the command's process, after it is forked from pid 1 inside the new root. ---

struct RedirectStdio {
  int fd = 0;        // 0, 1 or 2
  std::string path;  // inside the sandbox
};
struct ChangeDirectory {
  std::string path;  // absolute, inside the sandbox
};
// The first that can be entered; PWD becomes its name.
struct ChangeToFirst {
  std::vector<std::string> paths;     // inside the sandbox
  std::vector<std::string> settings;  // "PWD=…" for each
};
struct SetUmask {
  mode_t mask = 0022;
};
struct SetNice {
  int value = 0;
};
struct SetOomScoreAdj {  // runs in pid 1, before it becomes non-dumpable
  int value = 0;
};
struct SetScheduler {  // read back; sched_setscheduler(2)
  int policy = 0;
  int priority = 0;
};
struct SetIoPriority {
  int value = 0;  // class << 13 | level; ioprio_set(2)
};
// A new core scheduling cookie, so that no other process runs on the same core at the same time;
// read back. PR_SCHED_CORE of prctl(2)
struct NewCoreCookie {};
struct SetAffinity {
  std::vector<std::uint64_t> mask;  // bit n: processor n; sched_setaffinity(2)
};
struct SetPersonality {
  std::uint32_t persona = 0;  // personality(2)
};
struct SetRlimit {
  int resource = 0;  // RLIMIT_…
  rlim_t soft = 0, hard = 0;
};
struct NewSession {};  // setsid(2); also a step of pid 1
// A new session on the terminal of OpenTerminal, in place of each of 0 to 2 that is the caller's. A
// session without one where none is. Before any other step of the command's process.
struct OwnTerminal {};
struct NewKeyring {};  // a new, empty session keyring; keyctl(2)
// All five capability sets, the securebits and no_new_privs; read back. capabilities(7)
struct LimitPrivileges {
  std::uint64_t keep = 0;  // permitted, effective, inheritable, ambient
  std::uint64_t bounding = 0;
  bool securebits = true;  // uid 0 inside means nothing to the rules of capabilities
};
// No program gives more by being executed, nor a capability that is not of the bounding set.
// Read back. PR_SET_NO_NEW_PRIVS(2const)
struct NoNewPrivileges {
  std::uint64_t bounding = ~0ULL;
};
// From now on no memory can be written and executed; read back. PR_SET_MDWE(2const)
struct RefuseExecGain {};
// From now on reading the time stamp counter is SIGSEGV; read back. PR_SET_TSC(2const)
struct CloseTsc {};
// The label that the kernel gives the command at exec; read back.
struct SetExecLabel {
  bool apparmor = true;  // else SELinux
  std::string label;
  std::string request;  // what is written to the kernel's file: "exec LABEL", or the label
};
// A filter that comes from a descriptor, which is read and closed when the sandbox is set up.
struct LateFilter {
  static constexpr std::size_t most = 4096;  // BPF_MAXINSNS
  int from = -1;
  std::uint16_t length = 0;
  std::array<sock_filter, most + 1> program{};  // one more tells that it is too long
};
// A system call filter compiled before. `own` keeps the program of one that this profile changes;
// the others are constant data.
struct LoadFilter {
  std::string name;  // "standard"
  const sock_filter* program = nullptr;
  std::uint16_t length = 0;
  std::shared_ptr<const std::vector<sock_filter>> own;
  // The caller's own, which may end the process for any call but write, close and execve: nothing
  // else is asked of the kernel once it is in force.
  bool quiet = false;
  bool can_read = false;             // it and those before it let pread(2) through
  std::shared_ptr<LateFilter> late;  // the program is this, instead
};

using Step =
    std::variant<LeavePeers, MakeRoot, MakeScratch, MakeDir, MakeFile, MakeLink, BindMount,
                 CoverFile, TmpfsMount, OverlayMount, ProcMount, DevptsMount, MqueueMount,
                 SysfsMount, CgroupMount, MaskProc, MakePlace, WriteFile, EnsureLink, ChangeMode,
                 MakeReadOnly, SealRoot, EnterRoot, LockMounts, NewUserNamespace,
                 EnterUserNamespace, CheckNoUserNamespaces, SetIds, ChangeToFirst, NoNewPrivileges,
                 SetHostname, SetDomainname, LoopbackUp, DropGroups, OpenQueues, WriteProc,
                 OpenTerminal, NewTimeNamespace, RedirectStdio, ChangeDirectory, SetUmask, SetNice,
                 SetOomScoreAdj, SetScheduler, SetIoPriority, NewCoreCookie, SetAffinity,
                 SetPersonality, SetRlimit, NewSession, OwnTerminal, NewKeyring, RefuseExecGain,
                 CloseTsc, SetExecLabel, LimitPrivileges, RestrictSelf, LoadFilter>;

// A step and who asked for it.
struct PlannedStep {
  Step what;
  Origin origin;
  // The profile goes on without it where this host lacks what it takes, and a note says so. Never
  // for a call that reports success and did nothing.
  bool best_effort = false;
};

// One line, a verb phrase, escaped: "bind /srv on /data, read-only".
std::string describe(const Step& step);

}  // namespace immure
