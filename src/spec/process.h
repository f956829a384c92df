// How the command is started and ended, and its environment. Pure values.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "spec/setting.h"

namespace immure {

enum class TtyMode : std::uint8_t { share, pty, detach };
enum class InitMode : std::uint8_t { reaper, target };
enum class WaitFor : std::uint8_t { command, all };
enum class KeyringMode : std::uint8_t { fresh, inherit };

struct Process {
  Setting<std::vector<std::string>> command;  // run when the command line gives none
  Setting<std::vector<std::string>> args;     // put before the command line's arguments
  Setting<std::string> argv0;
  Setting<std::string> cwd;    // unset: the caller's if visible, else the home if visible, else /
  Setting<mode_t> umask;       // unset: 0022
  Setting<std::int64_t> nice;  // -20 to 19; unset: ours
  Setting<std::int64_t> oom_score_adj;                    // -1000 to 1000; unset: ours
  Setting<TtyMode> tty;                                   // unset: share
  Setting<InitMode> init;                                 // unset: reaper
  Setting<bool> die_with_parent;                          // unset: true
  Setting<WaitFor> wait;                                  // unset: command
  Setting<int> stop_signal;                               // unset: SIGTERM
  Setting<std::int64_t> grace_ns;                         // unset: 5 s
  SetEdit pass_fds;                                       // decimal numbers
  Setting<std::string> stdin_from, stdout_to, stderr_to;  // "inherit", "null" or a host path
  SetEdit personality;         // addr-no-randomize, read-implies-exec, linux32 …; personality(2)
  Setting<std::string> cpus;   // "0-3,5"; unset: ours
  Setting<std::string> sched;  // as parse_scheduling() takes it; unset: ours
  Setting<std::string> io_priority;  // as parse_io_priority() takes it; unset: ours
  Setting<bool> core_sched;  // shares no core with others; PR_SCHED_CORE of prctl(2); unset: false
  Setting<bool> tsc;  // the time stamp counter can be read; PR_SET_TSC of prctl(2); unset: true
  Setting<KeyringMode> keyring;  // unset: fresh
  // Labels for the command, applied by the kernel at exec; unset: ours. selinux(8), apparmor(7)
  Setting<std::string> selinux, apparmor;
  bool operator==(const Process&) const = default;
};

// One variable of [env]: a text, the caller's value, or nothing.
struct EnvRule {
  enum class Kind : std::uint8_t { text, pass, unset };
  Kind kind = Kind::text;
  std::string text;      // Kind::text
  std::string fallback;  // Kind::pass: used when the caller has none and has_fallback
  bool has_fallback = false;
  bool secret = false;  // masked in explain
  bool operator==(const EnvRule&) const = default;
};

// Keyed by name; a key may hold '*' (passes all matching names).
using Environment = KeyedSettings<EnvRule>;

}  // namespace immure
