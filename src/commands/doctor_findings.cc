#include "commands/doctor_findings.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "launch/refused_namespaces.h"

namespace immure {
namespace {

using State = Finding::State;

// Something `default` cannot do without.
Finding needed(std::string what, int errnum, std::string mend) {
  if (errnum == 0) return {.what = std::move(what)};
  if (errnum == ECANCELED) {
    return {.state = State::missing,
            .what = std::move(what),
            .found = "not tried: it needs what is missing above",
            .stops_default = true};
  }
  return {.state = State::missing,
          .what = std::move(what),
          .found = errno_words(errnum),
          .cost = "no sandbox can start",
          .mend = std::move(mend),
          .stops_default = true};
}

Finding wanted(std::string what, int errnum, std::string cost, std::string mend = {}) {
  if (errnum == 0) return {.what = std::move(what)};
  return {.state = State::limited,
          .what = std::move(what),
          .found = errnum == ECANCELED ? "not tried: it needs what is missing above"
                                       : errno_words(errnum),
          .cost = std::move(cost),
          .mend = std::move(mend)};
}

bool at_least(const HostProbe& probe, unsigned major, unsigned minor) {
  return probe.kernel_major > major || (probe.kernel_major == major && probe.kernel_minor >= minor);
}

Finding kernel(const HostProbe& probe) {
  Finding finding{.what = "kernel", .found = probe.kernel};
  if (at_least(probe, 5, 12)) return finding;
  finding.state = State::limited;
  finding.cost = "overlays need 5.11, recursive read-only binds in one call 5.12";
  finding.mend = "sudo apt-get install linux-image-amd64";
  return finding;
}

Finding set_id(const HostProbe& probe) {
  Finding finding{.what = "immure has no set-id bit"};
  if (!probe.set_id) return finding;
  finding.state = State::missing;
  finding.what = "immure is set-id";
  finding.cost = "immure refuses to start so: it needs no privilege";
  finding.mend = "sudo chmod u-s,g-s \"$(command -v immure)\"";
  finding.stops_default = true;
  return finding;
}

// The command that lets an ordinary user make user namespaces, as far as the sysctls show.
std::string mend_user_namespaces(const HostProbe& probe) {
  if (probe.unprivileged_userns_clone == "0") {
    return "sudo sysctl -w kernel.unprivileged_userns_clone=1";
  }
  if (probe.max_user_namespaces == "0") return "sudo sysctl -w user.max_user_namespaces=15000";
  if (probe.apparmor_restrict_userns == "1") {
    return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
  }
  if (!probe.apparmor_profile.empty()) {
    return "let the AppArmor profile \"" + probe.apparmor_profile +
           "\" have: " + std::string(rules_for_a_sandbox);
  }
  return "run immure outside of this container, or let the container make user namespaces";
}

std::vector<Finding> namespaces(const HostProbe& probe) {
  std::vector<Finding> findings;
  const std::string mend = mend_user_namespaces(probe);
  findings.push_back(needed("user namespaces", probe.user_namespace_errno, mend));
  findings.push_back(needed("id maps in a user namespace", probe.id_map_errno, mend));
  findings.push_back(needed("mount namespaces", probe.mount_namespace_errno,
                            "sudo sysctl -w user.max_mnt_namespaces=15000"));
  using Kind = std::pair<std::string, int>;
  const std::array switchable{
      Kind{"pid", probe.pid_namespace_errno}, Kind{"ipc", probe.ipc_namespace_errno},
      Kind{"uts", probe.uts_namespace_errno}, Kind{"net", probe.net_namespace_errno},
      Kind{"cgroup", probe.cgroup_namespace_errno}};
  for (const auto& [kind, errnum] : switchable) {
    findings.push_back(needed(kind + " namespaces", errnum,
                              "sudo sysctl -w user.max_" + kind + "_namespaces=15000"));
  }
  findings.push_back(needed("loopback in a network namespace", probe.loopback_errno, {}));
  findings.push_back(wanted("time namespaces", probe.time_namespace_errno,
                            "[time] offsets are refused",
                            "sudo sysctl -w user.max_time_namespaces=15000"));
  return findings;
}

std::vector<Finding> mounts(const HostProbe& probe) {
  std::vector<Finding> findings;
  Finding proc =
      needed("a fresh /proc", probe.fresh_proc_errno, "immure run --set root.proc=none -- COMMAND");
  if (probe.fresh_proc_errno == EPERM) {
    proc.found += ": a part of the /proc around us is covered, as in a container";
    proc.cost = R"(`default` cannot start here without root.proc = "none" or "host")";
  }
  findings.push_back(std::move(proc));
  findings.push_back(needed("tmpfs", probe.tmpfs_errno, {}));
  findings.push_back(wanted("new mount calls (open_tree, fsopen)", probe.new_mount_api_errno,
                            "the old mount calls are used: slower starts"));
  findings.push_back(wanted("mount_setattr", probe.mount_setattr_errno,
                            "mounts are made read-only one by one: slower starts"));
  findings.push_back(wanted("pivot_root", probe.pivot_root_errno,
                            "the new root is entered by a moved mount and chroot"));
  findings.push_back(
      wanted("openat2", probe.openat2_errno, "paths are walked by immure itself: slower starts"));
  findings.push_back(wanted("overlay mounts", probe.overlay_errno,
                            R"(the access word "overlay" is refused)", "sudo modprobe overlay"));
  return findings;
}

// What each ABI of Landlock brought, and the kernel that did.
struct LandlockStep {
  const char* adds;
  const char* kernel;
};
constexpr std::array<LandlockStep, 7> landlock_steps{{{"files", "5.13"},
                                                      {"renames", "5.19"},
                                                      {"truncation", "6.2"},
                                                      {"TCP ports", "6.7"},
                                                      {"device ioctls", "6.10"},
                                                      {"abstract sockets and signals", "6.12"},
                                                      {"audit flags", "6.15"}}};
constexpr int landlock_whole = 6;  // the last that holds something back

Finding landlock_finding(int abi) {
  Finding finding{.what = "Landlock"};
  if (abi <= 0) {
    finding.state = State::limited;
    finding.found = "not in this kernel, or not enabled";
    finding.cost = "no second wall behind the mounts";
    finding.mend = "add landlock to the lsm= list of the kernel's command line";
    return finding;
  }
  finding.found = "ABI " + std::to_string(abi) + ":";
  std::string missing;
  int number = 0;
  for (const auto& [adds, kernel] : landlock_steps) {
    ++number;
    if (number <= abi) {
      finding.found += std::string(number == 1 ? " " : ", ") + adds;
    } else if (number <= landlock_whole) {
      missing += std::string(missing.empty() ? "" : ", ") + adds + " (Linux " + kernel + ")";
    }
  }
  if (missing.empty()) return finding;
  finding.state = State::limited;
  finding.cost = "it does not hold back: " + missing;
  return finding;
}

std::vector<Finding> kernel_fences(const HostProbe& probe) {
  std::vector<Finding> findings;
  findings.push_back(
      needed("seccomp filters", probe.filter_errno, "build a kernel with CONFIG_SECCOMP_FILTER=y"));
  findings.push_back(wanted("seccomp notification", probe.notify_errno,
                            "refused calls cannot be reported",
                            "stop the tracer or supervisor around this shell"));
  findings.push_back(wanted("seccomp WAIT_KILLABLE (5.19)", probe.notify_killable_errno,
                            "a signal can interrupt a reported call"));
  findings.push_back(wanted("seccomp SYNC_WAKE_UP (6.6)", probe.notify_wake_up_errno,
                            "reported calls are slower"));
  findings.push_back(wanted("an own session keyring", probe.keyring_errno,
                            R"(process.keyring = "inherit" is needed where keyrings are refused)"));
  findings.push_back(landlock_finding(probe.landlock_abi));
  if (probe.legacy_tiocsti == "1") {
    findings.push_back({.state = State::limited,
                        .what = "dev.tty.legacy_tiocsti is 1",
                        .cost = "only the filter stops typing into a shared terminal",
                        .mend = "sudo sysctl -w dev.tty.legacy_tiocsti=0"});
  }
  if (probe.yama_scope.empty() || probe.yama_scope == "0") {
    findings.push_back({.state = State::limited,
                        .what = "ptrace between processes of one user is open",
                        .cost = "nothing inside; outside, your programs can read each other",
                        .mend = probe.yama_scope.empty()
                                    ? std::string{}
                                    : "sudo sysctl -w kernel.yama.ptrace_scope=1"});
  }
  return findings;
}

Finding cgroup(const HostProbe& probe) {
  Finding finding{.what = "cgroup v2", .found = "delegated to you: " + probe.cgroup.controllers};
  if (probe.cgroup.delegated && !probe.cgroup.controllers.empty()) return finding;
  finding.state = probe.cgroup.unified ? State::limited : State::missing;
  finding.cost = "limits.memory, tasks and cpu_quota cannot be set";
  if (!probe.cgroup.unified) {
    finding.found = "not mounted";
    finding.mend = "boot with systemd.unified_cgroup_hierarchy=1";
  } else if (probe.cgroup.delegated) {
    finding.found = "your group has no controllers";
    finding.mend =
        "sudo systemctl set-property user@" + std::to_string(probe.uid) + ".service Delegate=yes";
  } else {
    finding.found = "your group belongs to somebody else";
    finding.mend = "systemd-run --user --scope -p Delegate=yes -- immure run -- COMMAND";
  }
  return finding;
}

std::vector<Finding> helpers(const HostProbe& probe) {
  std::vector<Finding> findings;
  struct Known {
    const char* name;
    const char* cost;
    const char* package;
  };
  static constexpr std::array known{
      Known{"newuidmap", "more than one id inside cannot be mapped", "uidmap"},
      Known{"newgidmap", "more than one group inside cannot be mapped", "uidmap"},
      Known{"pasta", R"(network.mode = "user" needs it or slirp4netns)", "passt"},
      Known{"slirp4netns", R"(network.mode = "user" needs it or pasta)", "slirp4netns"},
      Known{"xdg-dbus-proxy", "the session bus stays out of reach", "xdg-dbus-proxy"},
  };
  for (const auto& [name, cost, package] : known) {
    const auto found = std::ranges::find(probe.helpers, name, &HelperProbe::name);
    Finding finding{.what = name};
    if (found != probe.helpers.end() && !found->path.empty()) {
      finding.found = found->path;
    } else {
      finding.state = State::missing;
      finding.found = "not installed";
      finding.cost = cost;
      finding.mend = std::string("sudo apt-get install ") + package;
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

Finding subids(const HostProbe& probe) {
  Finding finding{.what = "subordinate ids"};
  const std::uint64_t count = std::min(probe.subuid.count, probe.subgid.count);
  if (count > 0) {
    finding.found = std::to_string(count) + " from " + std::to_string(probe.subuid.first);
    return finding;
  }
  const std::string user = probe.user.empty() ? std::to_string(probe.uid) : probe.user;
  finding.state = State::missing;
  finding.found = "no range of " + user + " in /etc/subuid and /etc/subgid";
  finding.cost = "only your own id can be mapped";
  finding.mend = "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 " + user;
  return finding;
}

Finding session(const HostProbe& probe) {
  Finding finding{.what = "session"};
  for (const std::string& socket : probe.session) {
    finding.found += (finding.found.empty() ? "" : ", ") + socket;
  }
  if (finding.found.empty()) finding.found = "no desktop sockets here";
  return finding;
}

}  // namespace

std::vector<Finding> judge(const HostProbe& probe) {
  std::vector<Finding> all;
  const auto add = [&](std::vector<Finding> findings) {
    std::ranges::move(findings, std::back_inserter(all));
  };
  add({kernel(probe), set_id(probe)});
  add(namespaces(probe));
  add(mounts(probe));
  add(kernel_fences(probe));
  add({cgroup(probe), subids(probe)});
  add(helpers(probe));
  add({session(probe)});
  return all;
}

}  // namespace immure
