#include "config/bwrap_options.h"

#include <algorithm>
#include <array>

#include "base/text_pool.h"

namespace immure {
namespace {

using enum BwrapOption;

constexpr std::string_view kOne = "takes an argument";
constexpr std::string_view kTwo = "takes two arguments";

// Sorted as --help prints them.
constexpr auto kWritten = std::to_array<BwrapRow>({
    {help, "help", "", "Print this help", ""},
    {version, "version", "", "Print version", ""},
    {args, "args", "FD", "Parse NUL-separated args from FD", kOne},
    {argv0, "argv0", "VALUE", "Set argv[0] to the value VALUE before running the program",
     "takes one argument"},
    {level_prefix, "level-prefix", "", "Prepend e.g. <3> to diagnostic messages", ""},
    {unshare_all, "unshare-all", "", "Unshare every namespace we support by default", ""},
    {share_net, "share-net", "",
     "Retain the network namespace (can only combine with --unshare-all)", ""},
    {unshare_user, "unshare-user", "",
     "Create new user namespace (implied, but for root and with --userns)", ""},
    {unshare_user_try, "unshare-user-try", "",
     "Create new user namespace if possible else continue by skipping it", ""},
    {unshare_ipc, "unshare-ipc", "", "Create new ipc namespace", ""},
    {unshare_pid, "unshare-pid", "", "Create new pid namespace", ""},
    {unshare_net, "unshare-net", "", "Create new network namespace", ""},
    {unshare_uts, "unshare-uts", "", "Create new uts namespace", ""},
    {unshare_cgroup, "unshare-cgroup", "", "Create new cgroup namespace", ""},
    {unshare_cgroup_try, "unshare-cgroup-try", "",
     "Create new cgroup namespace if possible else continue by skipping it", ""},
    {userns, "userns", "FD", "Use this user namespace (cannot combine with --unshare-user)", kOne},
    {userns2, "userns2", "FD",
     "After setup switch to this user namespace, only useful with --userns", kOne},
    {disable_userns, "disable-userns", "", "Disable further use of user namespaces inside sandbox",
     ""},
    {assert_userns_disabled, "assert-userns-disabled", "",
     "Fail unless further use of user namespace inside sandbox is disabled", ""},
    {pidns, "pidns", "FD", "Use this pid namespace (as parent namespace if using --unshare-pid)",
     kOne},
    {uid, "uid", "UID", "Custom uid in the sandbox (requires --unshare-user or --userns)", kOne},
    {gid, "gid", "GID", "Custom gid in the sandbox (requires --unshare-user or --userns)", kOne},
    {hostname, "hostname", "NAME", "Custom hostname in the sandbox (requires --unshare-uts)", kOne},
    {chdir, "chdir", "DIR", "Change directory to DIR", "takes one argument"},
    {clearenv, "clearenv", "", "Unset all environment variables", ""},
    {setenv, "setenv", "VAR VALUE", "Set an environment variable", kTwo},
    {unsetenv, "unsetenv", "VAR", "Unset an environment variable", kOne},
    {lock_file, "lock-file", "DEST", "Take a lock on DEST while sandbox is running", kOne},
    {sync_fd, "sync-fd", "FD", "Keep this fd open while sandbox is running", kOne},
    {bind, "bind", "SRC DEST", "Bind mount the host path SRC on DEST", kTwo},
    {bind_try, "bind-try", "SRC DEST", "Equal to --bind but ignores non-existent SRC", kTwo},
    {dev_bind, "dev-bind", "SRC DEST",
     "Bind mount the host path SRC on DEST, allowing device access", kTwo},
    {dev_bind_try, "dev-bind-try", "SRC DEST", "Equal to --dev-bind but ignores non-existent SRC",
     kTwo},
    {ro_bind, "ro-bind", "SRC DEST", "Bind mount the host path SRC readonly on DEST", kTwo},
    {ro_bind_try, "ro-bind-try", "SRC DEST", "Equal to --ro-bind but ignores non-existent SRC",
     kTwo},
    {bind_fd, "bind-fd", "FD DEST", "Bind open directory or path fd on DEST", kTwo},
    {ro_bind_fd, "ro-bind-fd", "FD DEST", "Bind open directory or path fd read-only on DEST", kTwo},
    {remount_ro, "remount-ro", "DEST", "Remount DEST as readonly; does not recursively remount",
     "takes one argument"},
    {overlay_src, "overlay-src", "SRC", "Read files from SRC in the following overlay", kOne},
    {overlay, "overlay", "RWSRC WORKDIR DEST",
     "Mount overlayfs on DEST, with RWSRC as the host path for writes and WORKDIR an empty "
     "directory on the same filesystem as RWSRC",
     "takes three arguments"},
    {tmp_overlay, "tmp-overlay", "DEST",
     "Mount overlayfs on DEST, with writes going to an invisible tmpfs", kOne},
    {ro_overlay, "ro-overlay", "DEST", "Mount overlayfs read-only on DEST", kOne},
    {exec_label, "exec-label", "LABEL", "Exec label for the sandbox", kOne},
    {file_label, "file-label", "LABEL", "File label for temporary sandbox content", kOne},
    {proc, "proc", "DEST", "Mount new procfs on DEST", kOne},
    {dev, "dev", "DEST", "Mount new dev on DEST", kOne},
    {tmpfs, "tmpfs", "DEST", "Mount new tmpfs on DEST", kOne},
    {mqueue, "mqueue", "DEST", "Mount new mqueue on DEST", kOne},
    {dir, "dir", "DEST", "Create dir at DEST", kOne},
    {file, "file", "FD DEST", "Copy from FD to destination DEST", kTwo},
    {bind_data, "bind-data", "FD DEST", "Copy from FD to file which is bind-mounted on DEST", kTwo},
    {ro_bind_data, "ro-bind-data", "FD DEST",
     "Copy from FD to file which is readonly bind-mounted on DEST", kTwo},
    {symlink, "symlink", "SRC DEST", "Create symlink at DEST with target SRC", kTwo},
    {seccomp, "seccomp", "FD", "Load and use seccomp rules from FD (not repeatable)", kOne},
    {add_seccomp_fd, "add-seccomp-fd", "FD", "Load and use seccomp rules from FD (repeatable)",
     kOne},
    {block_fd, "block-fd", "FD", "Block on FD until some data to read is available", kOne},
    {userns_block_fd, "userns-block-fd", "FD", "Block on FD until the user namespace is ready",
     kOne},
    {info_fd, "info-fd", "FD", "Write information about the running container to FD", kOne},
    {json_status_fd, "json-status-fd", "FD",
     "Write container status to FD as multiple JSON documents", kOne},
    {new_session, "new-session", "", "Create a new terminal session", ""},
    {die_with_parent, "die-with-parent", "",
     "Kills with SIGKILL child process (COMMAND) when bwrap or bwrap's parent dies.", ""},
    {as_pid_1, "as-pid-1", "", "Do not install a reaper process with PID=1", ""},
    {cap_add, "cap-add", "CAP", "Add cap CAP when running as privileged user", kOne},
    {cap_drop, "cap-drop", "CAP", "Drop cap CAP when running as privileged user", kOne},
    {perms, "perms", "OCTAL", "Set permissions of next argument (--bind-data, --file, etc.)", kOne},
    {size, "size", "BYTES", "Set size of next argument (only for --tmpfs)", kOne},
    {chmod, "chmod", "OCTAL PATH", "Change permissions of PATH (must already exist)", kTwo},
    {not_a_security_boundary, "not-a-security-boundary", "",
     "Accepted and without effect: this sandbox always is one", ""},
});

// What a start needs of it, without pointers: see base/text_pool.h.
constexpr std::size_t kTextBytes = [] {
  std::size_t bytes = 0;
  for (const BwrapRow& row : kWritten) {
    bytes += row.name.size() + row.values.size() + row.help.size() + row.missing.size();
  }
  return bytes;
}();
struct StoredRow {
  BwrapOption option = BwrapOption::help;
  PooledText name, values, help, missing;
};
struct StoredRows {
  TextPool<kTextBytes> texts;
  std::array<StoredRow, kWritten.size()> rows{};
};
constexpr StoredRows kStored = [] {
  StoredRows stored;
  for (std::size_t i = 0; i < kWritten.size(); ++i) {
    const BwrapRow& row = kWritten[i];
    stored.rows[i] = {row.option, stored.texts.add(row.name), stored.texts.add(row.values),
                      stored.texts.add(row.help), stored.texts.add(row.missing)};
  }
  return stored;
}();

BwrapRow row_of(const StoredRow& row) {
  return {row.option, kStored.texts[row.name], kStored.texts[row.values], kStored.texts[row.help],
          kStored.texts[row.missing]};
}

}  // namespace

int BwrapRow::count() const {
  if (values.empty()) return 0;
  return 1 + static_cast<int>(std::count(values.begin(), values.end(), ' '));
}

std::vector<BwrapRow> bwrap_options() {
  std::vector<BwrapRow> rows;
  for (const StoredRow& row : kStored.rows) rows.push_back(row_of(row));
  return rows;
}

std::optional<BwrapRow> find_bwrap_option(std::string_view word) {
  if (!word.starts_with("--")) return std::nullopt;
  for (const StoredRow& row : kStored.rows) {
    if (kStored.texts[row.name] == word.substr(2)) return row_of(row);
  }
  return std::nullopt;
}

std::string bwrap_usage(std::string_view program) {
  constexpr std::size_t column = 33;
  std::string out = "usage: " + std::string(program) + " [OPTIONS...] [--] COMMAND [ARGS...]\n\n";
  for (const BwrapRow& row : bwrap_options()) {
    std::string line = "    --" + std::string(row.name);
    if (!row.values.empty()) line += ' ' + std::string(row.values);
    line += std::string(line.size() < column - 1 ? column - line.size() : 1, ' ');
    out += line + std::string(row.help) + '\n';
  }
  return out;
}

}  // namespace immure
