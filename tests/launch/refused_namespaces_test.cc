// Hosts whose settings refuse namespaces. The same on a real kernel: tests/vm.
#include "launch/refused_namespaces.h"

#include <gtest/gtest.h>
#include <linux/sched.h>

#include <cerrno>

#include "base/log.h"
#include "support/run.h"

namespace immure::test {
namespace {

class Host {
 public:
  Host(const std::string& name, const std::string& value) { directory_.write(name, value + "\n"); }
  std::string words(std::uint64_t namespaces, int errnum) const {
    return format_error(namespaces_refused(namespaces, errnum, directory_.path()), {});
  }
  std::string apparmor(int errnum) const {
    const std::optional<Error> refused = refused_by_apparmor(errnum, directory_.path());
    return refused ? format_error(*refused, {}) : "";
  }

 private:
  TempDir directory_;
};

TEST(RefusedNamespaces, ByTheSwitchOfDebian) {
  EXPECT_EQ(Host("sys/kernel/unprivileged_userns_clone", "0").words(CLONE_NEWUSER, EPERM),
            "immure: error[E400]: can't create the sandbox's namespaces: Operation not permitted "
            "(EPERM) (kernel.unprivileged_userns_clone is 0: users may make no user namespaces)\n"
            "  help: sudo sysctl -w kernel.unprivileged_userns_clone=1\n"
            "  more: immure doctor\n");
}

TEST(RefusedNamespaces, ByWhatNoSettingShows) {
  EXPECT_EQ(Host("sys/kernel/unprivileged_userns_clone", "1").words(CLONE_NEWUSER, EPERM),
            "immure: error[E400]: can't create the sandbox's namespaces: Operation not permitted "
            "(EPERM) (this system or an outer sandbox forbids user namespaces)\n"
            "  more: immure doctor\n");
}

TEST(RefusedNamespaces, ByALimitOfAKindThatIsAskedFor) {
  const Host net("sys/user/max_net_namespaces", "0");
  EXPECT_EQ(net.words(CLONE_NEWUSER | CLONE_NEWNET, ENOSPC),
            "immure: error[E400]: can't create the sandbox's namespaces: No space left on device "
            "(ENOSPC) (user.max_net_namespaces is 0: none may be made)\n"
            "  help: sudo sysctl -w user.max_net_namespaces=15000\n"
            "  more: immure doctor\n");
  const std::string reached =
      "immure: error[E400]: can't create the sandbox's namespaces: No space left on device "
      "(ENOSPC) (the limit of namespaces is reached, or they nest more than 32 deep)\n"
      "  help: the limits: sysctl user\n"
      "  more: immure doctor\n";
  EXPECT_EQ(net.words(CLONE_NEWUSER | CLONE_NEWIPC, ENOSPC), reached);
  EXPECT_EQ(Host("sys/user/max_user_namespaces", "07").words(CLONE_NEWUSER, ENOSPC), reached);
  const std::string mounts = Host("sys/user/max_mnt_namespaces", "0").words(CLONE_NEWNS, ENOSPC);
  EXPECT_NE(mounts.find("sysctl -w user.max_mnt_namespaces=15000"), std::string::npos) << mounts;
}

TEST(RefusedNamespaces, ByAppArmorToAll) {
  const Host host("sys/kernel/apparmor_restrict_unprivileged_userns", "1");
  const std::string words =
      "immure: error[E401]: can't create user namespaces on this system: Operation not permitted "
      "(EPERM) (AppArmor restricts them)\n"
      "  help: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\n"
      "  more: immure doctor\n";
  EXPECT_EQ(host.apparmor(EPERM), words);
  EXPECT_EQ(host.words(CLONE_NEWUSER, EPERM), words);
  EXPECT_EQ(host.apparmor(ENOSPC), "");
  EXPECT_EQ(Host("sys/kernel/apparmor_restrict_unprivileged_userns", "0").apparmor(EPERM), "");
}

TEST(RefusedNamespaces, ByAProfileOfAppArmor) {
  EXPECT_EQ(Host("self/attr/current", "of immure (enforce)").apparmor(EACCES),
            "immure: error[E401]: can't create user namespaces on this system: Permission denied "
            "(EACCES) (AppArmor confines immure by its profile \"of immure\")\n"
            "  help: let this profile have: userns, capability, mount, umount, pivot_root,\n"
            "  more: immure doctor\n");
  for (const std::string other :
       {"unconfined", "of immure (complain)", "system_u:system_r:a_t:s0"}) {
    EXPECT_EQ(Host("self/attr/current", other).apparmor(EACCES), "") << other;
  }
}

}  // namespace
}  // namespace immure::test
