// /proc and /sys say nothing of the host, and take nothing.
#include <unistd.h>

#include "attack/fake_host.h"

namespace immure::test {
namespace {

class P11ProcAndSys : public AttackTest {};

TEST_F(P11ProcAndSys, WhatTheySayOfTheHostIsNotThere) {
  for (const std::string file : {"keys", "key-users", "interrupts"}) {
    expect_refused(11, "read /proc/" + file, payload({"read", "/proc/" + file}),
                   {"empty", "EACCES"});
  }
  for (const std::string directory : {"/sys", "/sys/kernel", "/sys/class", "/sys/fs/cgroup"}) {
    expect_refused(11, "list " + directory, payload({"list", directory}), {"empty", "ENOENT"});
  }
}

TEST_F(P11ProcAndSys, NoProcessOfTheHostIsSeen) {
  const std::string ours = "/proc/" + std::to_string(::getpid());
  IMMURE_REQUIRE(::getpid() > 50, "this process has a low number");
  for (const std::string file : {"environ", "cmdline", "maps"}) {
    expect_refused(11, "read " + file + " of a process of the host",
                   payload({"read", ours + '/' + file}), {"ENOENT"});
  }
}

// As root of a namespace of one's own, which may change what is of that namespace.
TEST_F(P11ProcAndSys, NoSettingIsWritten) {
  for (const std::string file :
       {"/proc/sys/user/max_user_namespaces", "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/fs/mqueue/queues_max"}) {
    const Argv write = payload({"write", file, "7"});
    Argv control{"unshare", "--user", "--map-root-user", "--uts", "--net", "--ipc"};
    control.insert(control.end(), write.begin(), write.end());
    for (const Argv& options :
         {Argv{}, Argv{"--set", "user.uid=0", "--set", "user.gid=0", "--set", "caps.keep=[\"ALL\"]",
                       "--set", "seccomp.base=none"}}) {
      expect_held({.promise = 11,
                   .attack = "write " + file + (options.empty() ? "" : " as root inside"),
                   .control = outside(control),
                   .inside = inside(write, options)},
                  {"EROFS", "EACCES"});
    }
  }
}

// runc CVE-2025-52881: what is written to /proc goes into a file that somebody put there. Whoever
// believes the path runs on without the protection.
TEST_F(P11ProcAndSys, AProcThatIsNotOneIsNotWrittenTo) {
  const TempDir directory;
  const std::string fake =
      "mount -t tmpfs none /proc && mkdir /proc/self && cd /proc/self && "
      "touch uid_map gid_map setgroups && ";
  const std::string naive = fake + "echo '0 0 1' > uid_map && cat uid_map > /dev/null && echo ok";
  const Outcome outcome =
      run(on_fake_host(fake + "exec \"$@\"", {binary(), "run", "--", "echo", "ran"}));
  expect_held({.promise = 11,
               .attack = "a /proc of ordinary files",
               .control = said(on_fake_host(naive, {})),
               .inside = outcome.code == 125 ? "125" : outcome.out + outcome.err},
              {"125"});
}

}  // namespace
}  // namespace immure::test
