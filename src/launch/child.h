// The first process inside: pid 1 of the sandbox. AFTER CLONE: no allocation, no lock, no
// exception, no knowledge of policy. Every decision stands in the printable plan, so a threaded
// parent or a vfork-like clone stays possible. tests/structure/child_symbols.py holds these files
// to it.
#pragma once

#include <csignal>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "launch/report.h"
#include "plan/step.h"

namespace immure {

// A standard descriptor that the child opens again, for reading, through a read-only copy of its
// mount.
struct ReopenedFile {
  int fd = -1;
  const char* path = nullptr;
};

// What the parent prepared for the child before clone. Borrowed, valid for the child's whole life.
struct ChildContext {
  std::span<const PlannedStep> setup;
  std::span<const PlannedStep> command_setup;

  const char* uid_map = nullptr;  // texts for /proc/self/uid_map, gid_map; null: a helper writes it
  const char* gid_map = nullptr;
  int release_fd = -1;        // waits until it can be read: for a helper's maps, or an onlooker
  int release_write_fd = -1;  // the launcher's end
  bool deny_setgroups = true;

  std::span<const char* const> candidates;  // for execve(2), tried in order
  char* const* argv = nullptr;
  char* const* envp = nullptr;

  int report_fd = -1;          // the child's end
  int lifetime_read_fd = -1;   // at its end when the launcher is gone
  int lifetime_write_fd = -1;  // the launcher's end: closed first
  int block_fd = -1;           // wait for it before the command starts
  std::span<const int> pass_fds;
  std::span<const ReopenedFile> reopened;
  int reopened_socket = -1;  // takes what was opened
  int fd_limit = 0;          // no descriptor of ours is this high (when close_range is missing)

  sigset_t caller_mask{};  // given back to the command
  bool caller_ignores_sigchld = false;

  bool reaper = true;
  bool wait_for_all = false;
  bool die_with_parent = true;
  bool own_pid_namespace = true;
  bool chroot_suffices = false;  // nothing inside can leave a chroot: no privilege, none to gain

  unsigned terminals = 0;  // bit N: descriptor N is the caller's terminal, for OwnTerminal
  bool in_front = false;   // where the command starts at its own

  // Descriptors, signals and terminal stay the caller's, and pid 1 is run_reaper(): see
  // launch/plain_launch.h. What follows is for it alone.
  bool plain = false;
  bool joined = false;                      // a user namespace that others are in already
  std::span<const int> option_fds;          // of no use to the command, nor after the set-up
  std::span<const char* const> lock_files;  // inside the sandbox
  int sync_fd = -1;                         // kept open by pid 1; -1: none
  std::span<int> kept_fds;                  // room for those of the lock files and two more
  char** working_directory = nullptr;       // the place of PWD in envp, for ChangeToFirst
  char** script_argv = nullptr;  // for a file without a known format: sh, a place, arguments
};

// Runs the whole life of pid 1. Never returns.
[[noreturn]] void run_child(const ChildContext& context);

// --- What the files of the child share. Each returns 0 or an errno. ---

// Descriptors that the mount steps keep while the new root is built.
struct Construction {
  Fd proc;     // the /proc of the caller's mount namespace, checked to be procfs
  Fd root;     // the new root
  Fd scratch;  // see MakeScratch
  Fd cover;    // a read-only mount of /dev/null, to be copied for the next file that is covered
  Fd sysctls;  // /proc/sys of the new root, under its read-only cover, checked to be procfs
  Fd queues;   // the message queues of the sandbox, for a rule of Landlock
  Fd parent;   // of the last target, so that a thousand mounts in one directory look it up once
  const char* parent_path = nullptr;  // within the step's own text
  std::size_t parent_length = 0;
  bool old_mount_calls = false;  // fsopen(2) and its family are refused: mount(2) instead
  bool no_openat2 = false;
  bool chroot_suffices = false;
  bool scratch_on_root = false;  // else beneath it
  unsigned scratch_entries = 0;
  Fd terminal;                 // the slave of the command's own; empty: the caller has none
  unsigned terminals = 0;      // as in ChildContext
  bool in_front = false;       // as in ChildContext
  bool leads_session = false;  // pid 1 does, for a command that is a process group in it
  int report_fd = -1;
  std::uint32_t step = 0;              // the running one
  int failed_part = 0;                 // FailedPart, of the step that failed
  bool unbindable = false;             // MakeRoot made it so
  unsigned below_root = 0;             // mounts that lie between the old root and the new one
  char** working_directory = nullptr;  // as in ChildContext
};

int run_setup_step(const Step& step, Construction& construction);
int run_command_step(const Step& step, const Construction& construction);
int restrict_self(const RestrictSelf& step, const Construction& construction);

// child_filter.cc. A file that tells how many filters there are, where it takes that to tell that
// one more is loaded; -1: it is not wanted. For the command's process to open, before Landlock's
// rules.
int open_filter_count(std::span<const PlannedStep> steps, const Construction& construction,
                      int& count);
int load_program(const LoadFilter& step);  // and nothing else: it is not looked at
// `failed_part`: a FailedPart.
int read_filter(LateFilter& filter, int& failed_part);
// `quiet`: a filter is in force that may refuse every question (LoadFilter::quiet).
int load_filter(const LoadFilter& step, int filter_count, bool quiet);

// child_terminal.cc. OpenTerminal; the session of pid 1; OwnTerminal in the command's process.
int open_terminal(const OpenTerminal& step, Construction& construction);
int lead_session(Construction& construction);
int enter_terminal(const Construction& construction);

// Opens /proc, makes sure that it is procfs, and writes the id maps.
int write_id_maps(const ChildContext& context, Construction& construction);
int write_proc(const Construction& construction, const char* file, const char* value,
               std::size_t length);

// Opens again what ChildContext::reopened names, while the caller's mounts are still in sight.
// child_stdio.cc
int reopen_stdio(const ChildContext& context, Construction& construction);

// By its path inside, where an earlier sandbox may have left what it likes. child_stdio.cc
int redirect_stdio(const RedirectStdio& step);

// child_operations.cc. The steps of an ordered command line that are no mounts.
int make_place(const MakePlace& step, Construction& construction);
int write_file(const WriteFile& step, Construction& construction);
int ensure_link(const EnsureLink& step, Construction& construction);
int change_mode(const ChangeMode& step, Construction& construction);

// child_users.cc
int lock_mounts();  // LockMounts: we are in another mount namespace then
int new_user_namespace(const NewUserNamespace& step, const Construction& construction);
int enter_user_namespace(const EnterUserNamespace& step);
int check_no_user_namespaces();
int set_ids(const SetIds& step);

// Forks the command's process from pid 1, and only reaps from then on: no signal is passed on, and
// nothing is ended with the command. With the command's filters in force it calls no more than
// wait4(2), write(2) and exit(2). child_reaper.cc
[[noreturn]] void run_reaper(const ChildContext& context, Construction& construction);

// init.cc. Non-dumpable, and read back; whether the command, our only child, was started from the
// mount that our own program is on.
int become_unreachable();
bool runs_from_our_mount(const Fd& proc);

// Forks the command's process from pid 1 and becomes init.
[[noreturn]] void run_init(const ChildContext& context, Construction& construction);

// Why the command's process did not become the command.
struct StartFailure {
  std::uint32_t step;
  int errnum;
};

// In the command's process: closes what must not be inherited, gives back the caller's signals,
// runs command_setup, execs. Returns only when that failed. It is the caller's to report, at best
// from a process without the filter, which may refuse to write. `about_to_exec` (may be null) is
// set when only that is left.
StartFailure become_command(const ChildContext& context, const Construction& construction,
                            volatile bool* about_to_exec = nullptr);

void report(int fd, ChildReport::Kind kind, int errnum, std::uint32_t step, int status = 0);
void report_detail(int fd, std::string_view text);

// Ends with the launcher: at once if it is gone already, by SIGKILL when it goes.
int tie_to_launcher(const ChildContext& context);

// Until the caller has written a byte, or has closed its end; also where the descriptor was opened
// not to wait. 0, or an errno.
int wait_for_caller(int fd);

// A step that failed so may be missing on this host, rather than have gone wrong.
bool is_missing_here(int errnum);

// Closes every descriptor from 3 on but `keep` (sorted); with cloexec only marks them.
int close_all_but(std::span<const int> keep, int fd_limit, bool cloexec);

}  // namespace immure
