#include "commands/doctor.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace immure {
namespace {

// A machine on which everything works.
HostProbe good_host() {
  HostProbe probe;
  probe.kernel = "6.12.1";
  probe.kernel_major = 6;
  probe.kernel_minor = 12;
  probe.uid = 1000;
  probe.user = "ada";
  probe.landlock_abi = 6;
  probe.cgroup = {.unified = true, .delegated = true, .controllers = "cpu memory pids"};
  probe.subuid = {.first = 100000, .count = 65536};
  probe.subgid = {.first = 100000, .count = 65536};
  for (const char* name : {"newuidmap", "newgidmap", "pasta", "slirp4netns", "xdg-dbus-proxy"}) {
    probe.helpers.push_back({.name = name, .path = std::string("/usr/bin/") + name});
  }
  probe.max_user_namespaces = "63000";
  probe.legacy_tiocsti = "0";
  probe.yama_scope = "1";
  return probe;
}

Finding find(const std::vector<Finding>& findings, const std::string& what) {
  for (const Finding& finding : findings) {
    if (finding.what == what) return finding;
  }
  ADD_FAILURE() << "no line about " << what;
  return {};
}

TEST(Doctor, FindsNothingOnAMachineThatAllowsAll) {
  for (const Finding& finding : judge(good_host())) {
    EXPECT_EQ(finding.state, Finding::State::ok) << finding.what << ": " << finding.found;
    EXPECT_EQ(finding.mend, "") << finding.what;
  }
}

TEST(Doctor, NamesTheSysctlThatForbidsUserNamespaces) {
  HostProbe probe = good_host();
  probe.user_namespace_errno = EPERM;
  probe.unprivileged_userns_clone = "0";
  const Finding finding = find(judge(probe), "user namespaces");
  EXPECT_EQ(finding.state, Finding::State::missing);
  EXPECT_EQ(finding.mend, "sudo sysctl -w kernel.unprivileged_userns_clone=1");
  EXPECT_TRUE(finding.stops_default);
}

TEST(Doctor, BlamesAppArmorWhenTheNamespaceExistsButItsMapIsRefused) {
  HostProbe probe = good_host();
  probe.id_map_errno = EACCES;
  probe.apparmor_restrict_userns = "1";
  const Finding finding = find(judge(probe), "id maps in a user namespace");
  EXPECT_EQ(finding.mend, "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
  EXPECT_TRUE(finding.stops_default);
}

TEST(Doctor, BlamesTheProfileOfAppArmorThatConfinesImmure) {
  HostProbe probe = good_host();
  probe.id_map_errno = EPERM;
  probe.apparmor_profile = "of immure";
  EXPECT_EQ(find(judge(probe), "id maps in a user namespace").mend,
            "let the AppArmor profile \"of immure\" have: userns, capability, mount, umount, "
            "pivot_root,");
}

TEST(Doctor, SaysThatACoveredProcStopsDefaultAndHowToRunWithoutIt) {
  HostProbe probe = good_host();
  probe.fresh_proc_errno = EPERM;
  const Finding finding = find(judge(probe), "a fresh /proc");
  EXPECT_TRUE(finding.stops_default);
  EXPECT_EQ(finding.mend, "immure run --set root.proc=none -- COMMAND");
}

TEST(Doctor, LacksOfWhatHasAFallbackDoNotStopDefault) {
  HostProbe probe = good_host();
  probe.new_mount_api_errno = ENOSYS;
  probe.mount_setattr_errno = ENOSYS;
  probe.openat2_errno = ENOSYS;
  probe.pivot_root_errno = EPERM;
  probe.overlay_errno = EPERM;
  probe.landlock_abi = 0;
  probe.cgroup = {};
  probe.helpers.clear();
  probe.subuid = {};
  for (const Finding& finding : judge(probe)) {
    EXPECT_FALSE(finding.stops_default) << finding.what;
  }
  EXPECT_EQ(find(judge(probe), "openat2").state, Finding::State::limited);
  EXPECT_EQ(find(judge(probe), "cgroup v2").state, Finding::State::missing);
  EXPECT_EQ(find(judge(probe), "pasta").mend, "sudo apt-get install passt");
}

TEST(Doctor, SaysWhatEachAbiOfLandlockHoldsBackAndWhatItLacks) {
  HostProbe probe = good_host();
  EXPECT_EQ(find(judge(probe), "Landlock").found,
            "ABI 6: files, renames, truncation, TCP ports, device ioctls, abstract sockets and "
            "signals");
  probe.landlock_abi = 2;
  EXPECT_EQ(find(judge(probe), "Landlock").found, "ABI 2: files, renames");
  EXPECT_EQ(find(judge(probe), "Landlock").cost,
            "it does not hold back: truncation (Linux 6.2), TCP ports (Linux 6.7), device ioctls "
            "(Linux 6.10), abstract sockets and signals (Linux 6.12)");
  EXPECT_EQ(find(judge(probe), "Landlock").state, Finding::State::limited);
}

TEST(Doctor, RefusesASetIdBinary) {
  HostProbe probe = good_host();
  probe.set_id = true;
  EXPECT_TRUE(find(judge(probe), "immure is set-id").stops_default);
}

TEST(DoctorReport, PutsCostAndRemedyBelowTheLineAndTheVerdictLast) {
  EXPECT_EQ(report({{.what = "kernel", .found = "6.12.1"},
                    {.state = Finding::State::limited,
                     .what = "openat2",
                     .found = "ENOSYS",
                     .cost = "slower starts"},
                    {.state = Finding::State::missing,
                     .what = "user namespaces",
                     .cost = "no sandbox can start",
                     .mend = "sudo sysctl -w a=1",
                     .stops_default = true}}),
            "ok       kernel: 6.12.1\n"
            "limited  openat2: ENOSYS\n"
            "           costs: slower starts\n"
            "missing  user namespaces\n"
            "           costs: no sandbox can start\n"
            "           mend:  sudo sysctl -w a=1\n"
            "The profile `default` cannot run here.\n");
}

TEST(DoctorReport, EscapesWhatTheMachineSays) {
  EXPECT_EQ(report({{.what = "kernel", .found = "6\x1b[2J"}}),
            "ok       kernel: 6\\x1b[2J\nThe profile `default` can run here.\n");
}

}  // namespace
}  // namespace immure
