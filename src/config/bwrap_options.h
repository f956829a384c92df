// The options of bubblewrap's command line: what each takes, and its words in --help. The drop-in
// `bwrap`, its manual page and the importer of profiles read this one table. Pure.
// Authority: bwrap(1) of bubblewrap 0.11.1, and --not-a-security-boundary of 0.12.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace immure {

enum class BwrapOption : std::uint8_t {
  help,
  version,
  args,
  level_prefix,
  argv0,
  not_a_security_boundary,
  unshare_all,
  share_net,
  unshare_user,
  unshare_user_try,
  unshare_ipc,
  unshare_pid,
  unshare_net,
  unshare_uts,
  unshare_cgroup,
  unshare_cgroup_try,
  userns,
  userns2,
  disable_userns,
  assert_userns_disabled,
  pidns,
  uid,
  gid,
  hostname,
  chdir,
  clearenv,
  setenv,
  unsetenv,
  lock_file,
  sync_fd,
  bind,
  bind_try,
  dev_bind,
  dev_bind_try,
  ro_bind,
  ro_bind_try,
  bind_fd,
  ro_bind_fd,
  remount_ro,
  overlay_src,
  overlay,
  tmp_overlay,
  ro_overlay,
  exec_label,
  file_label,
  proc,
  dev,
  tmpfs,
  mqueue,
  dir,
  file,
  bind_data,
  ro_bind_data,
  symlink,
  seccomp,
  add_seccomp_fd,
  block_fd,
  userns_block_fd,
  info_fd,
  json_status_fd,
  new_session,
  die_with_parent,
  as_pid_1,
  cap_add,
  cap_drop,
  perms,
  size,
  chmod,
};

struct BwrapRow {
  BwrapOption option;
  std::string_view name;    // without the dashes
  std::string_view values;  // "SRC DEST": as --help names them, a word each; empty: none
  std::string_view help;
  // What is said when values are missing: "takes an argument".
  std::string_view missing;

  int count() const;  // of values
};

std::vector<BwrapRow> bwrap_options();

// "--bind"; nothing: there is none of this name.
std::optional<BwrapRow> find_bwrap_option(std::string_view word);

// What --help prints. `program`: argv[0].
std::string bwrap_usage(std::string_view program);

}  // namespace immure
