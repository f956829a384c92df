// What this machine really allows: each thing is tried, in a child process of its own that ends
// with the try, because a sysctl can say yes where a security module says no. Before clone only;
// changes nothing that outlives it. Authority: namespaces(7), user_namespaces(7), seccomp(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace immure {

// A range of /etc/subuid or /etc/subgid that is ours; count 0: none.
struct SubidRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// The control group this process is in.
struct CgroupProbe {
  bool unified = false;     // a v2 hierarchy is mounted
  bool delegated = false;   // we may make groups below our own
  std::string controllers;  // those enabled in it: "cpu memory pids"; empty: none
};

// A program immure would start, and where it was found in PATH and the system directories.
struct HelperProbe {
  std::string name;
  std::string path;  // empty: not installed
};

// Fields ending in `_errno` are tries: 0 if it worked, else why not. ECANCELED: not tried, since
// what it needs had failed before.
struct HostProbe {
  std::string kernel;  // "6.1.0-18-amd64"
  unsigned kernel_major = 0, kernel_minor = 0;
  bool set_id = false;  // immure's file has a set-id bit, or this start gained privileges by it
  uid_t uid = 0;
  std::string user;  // empty: no passwd entry

  int user_namespace_errno = 0;  // unshare(CLONE_NEWUSER)
  int id_map_errno = 0;          // writing uid_map, setgroups and gid_map
  int mount_namespace_errno = 0, pid_namespace_errno = 0, ipc_namespace_errno = 0;
  int uts_namespace_errno = 0, net_namespace_errno = 0, cgroup_namespace_errno = 0;
  int time_namespace_errno = 0;
  int fresh_proc_errno = 0;     // EPERM: a part of the /proc around us is covered
  int new_mount_api_errno = 0;  // fsopen, fsmount, open_tree, move_mount
  int mount_setattr_errno = 0;  // recursive read-only on a copy of /
  int tmpfs_errno = 0;          // mount(2) of a tmpfs
  int pivot_root_errno = 0;
  int openat2_errno = 0;
  int overlay_errno = 0;
  int loopback_errno = 0;         // lo up in an own network namespace
  int keyring_errno = 0;          // a session keyring of our own
  int filter_errno = 0;           // a seccomp filter
  int notify_errno = 0;           // … that asks a supervisor
  int notify_killable_errno = 0;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
  int notify_wake_up_errno = 0;   // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
  int landlock_abi = 0;           // 0: none

  CgroupProbe cgroup;
  SubidRange subuid, subgid;
  std::vector<HelperProbe> helpers;

  // Contents of files below /proc/sys, without the newline; empty: no such file.
  std::string max_user_namespaces, unprivileged_userns_clone, apparmor_restrict_userns;
  std::string legacy_tiocsti, yama_scope;
  std::string apparmor_profile;  // by which we are confined; empty: by none

  std::vector<std::string> session;  // sockets that are there: "wayland", "x11", "session bus" …
};

HostProbe probe_host();

}  // namespace immure
