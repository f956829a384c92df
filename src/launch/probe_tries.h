// The single tries of launch/probe. Each changes the process that runs it for good, so each runs in
// a child process of its own. They return 0 or an errno, and leave nothing behind.
#pragma once

#include <sched.h>

namespace immure::tries {

inline constexpr int clone_newtime = 0x00000080;  // CLONE_NEWTIME; glibc's header has it in C only

int user_namespace();
int id_map();
int fresh_namespace(int kind);  // with a mapped user namespace around it; CLONE_NEW…
template <int Kind>
int fresh_namespace() {
  return fresh_namespace(Kind);
}
int loopback();
int fresh_proc();
int new_mount_api();
int recursive_read_only();
int tmpfs();
int enter_root();
int overlay();
int open_inside();  // openat2(2) with RESOLVE_IN_ROOT
int session_keyring();
int filter();
int notify();
int notify_killable();
int notify_wake_up();

int landlock_abi();  // 0: no Landlock. Changes nothing.

}  // namespace immure::tries
