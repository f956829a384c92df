// All that pid 1 and the command's process say to the monitor, over one SOCK_SEQPACKET socket.
#pragma once

#include <sys/wait.h>

#include <cstdint>
#include <type_traits>

namespace immure {

struct ChildReport {
  enum class Kind : std::uint32_t {
    waiting,   // step may block on a slow file system; nothing is wrong yet
    ready,     // the command's process is about to exec
    failed,    // step failed with errnum; nothing of the command ran
    exited,    // the command ended by itself: status is its wait status; what it left may live
    lost,      // a best-effort step failed with errnum; the start goes on without it
    terminal,  // the command's terminal is open: master and slave come as SCM_RIGHTS
    stopped,   // the command, in a session of pid 1's, is stopped: status is its wait status
    detail,    // more about the failure that comes next: text behind this struct
  };
  Kind kind;
  std::int32_t errnum;
  // Index into setup followed by command_setup; their sum stands for exec. See also Stage.
  std::uint32_t step;
  std::int32_t status;  // of `failed`: see FailedPart
};
static_assert(std::is_trivially_copyable_v<ChildReport>);

// From the monitor to an init without a pid namespace of its own: end everything, then yourself.
// (SIGKILL would end init only.)
constexpr int end_signal = 64;  // the last real-time one; signal(7)

// From the monitor to an init that leads the command's session: the command goes on, in front of
// its terminal or behind it.
constexpr int foreground_signal = 63;
constexpr int background_signal = 62;

// The value that comes with a signal that was typed at the caller's terminal: it is for the whole
// process group of a command that has a session of its own.
constexpr int typed_at_terminal = 1;

// Of a wait status, as the shell has it: the exit status, 128 + signal, or 255.
inline int exit_code_of(int status) {
  constexpr int unknown = 255;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : unknown;
}

// Which part of a step failed, where its words tell that.
enum FailedPart : std::int32_t {
  part_whole,
  part_parents,     // the directories above
  part_identity,    // something else is there now
  part_not_link,    // no link is there
  part_other_link,  // another one is, its text comes as `detail`
  part_content,     // what a descriptor gives could not be read, or not be copied
  part_length       // of it: no number of instructions
};

// Values of ChildReport::step for what is not a step of the plan.
enum Stage : std::uint32_t {
  stage_id_maps = 0xffff0000U,
  stage_lifetime,   // PR_SET_PDEATHSIG, PR_SET_DUMPABLE
  stage_fork,       // the command's process
  stage_close_fds,  // before exec
  stage_signals,
  stage_stdio,   // standard descriptors that are opened again
  stage_killed,  // the command's process, before exec
  stage_wait,    // for the end of the command
  stage_lock,    // lock file number status / 2: odd: taking the lock, else opening it
  stage_block,   // the caller's word to go on
};

}  // namespace immure
