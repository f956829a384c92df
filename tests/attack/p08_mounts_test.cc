// A mount shows what the plan says, and nothing later; no link inside leads a mount elsewhere.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <thread>

#include "attack/fake_host.h"

namespace immure::test {
namespace {

class P08Mounts : public AttackTest {
 protected:
  void SetUp() override {
    AttackTest::SetUp();
    directory_.write("project/.git/HEAD", "");
    directory_.write("project/sub/file", "mine\n");
    directory_.write("other/file", "secret\n");
    ASSERT_EQ(::symlink("../other", (project() + "/evil").c_str()), 0);
  }
  std::string project() const { return directory_.path() + "/project"; }
  std::string other() const { return directory_.path() + "/other"; }

  TempDir directory_;
};

// The command waits until the host has mounted something below the directory that it was given.
TEST_F(P08Mounts, AMountMadeLaterOnTheHostDoesNotAppear) {
  directory_.write("given/sub/.keep", "");
  const std::string given = directory_.path() + "/given";
  const std::string host =
      "mount --make-rshared / && mount --bind \"$1\" \"$1\" && cd \"$1\" && shift && { "
      "\"$@\" sh -c 'touch ready; until test -e go; do sleep 0.05; done; "
      "test -e sub/late && echo ok || echo absent' & "
      "until test -e ready; do sleep 0.05; done; "
      "mount -t tmpfs none sub && touch sub/late && touch go && wait; }";
  const auto with = [&](const Argv& launcher) {
    Argv arguments{given};
    arguments.insert(arguments.end(), launcher.begin(), launcher.end());
    const std::string result = said(on_fake_host(host, arguments));
    (void)run({.argv = {"rm", "-f", given + "/ready", given + "/go"}});
    return result;
  };
  const Argv control{"unshare", "--mount", "--propagation", "slave"};
  for (const std::string access : {"rw", "dev"}) {
    expect_held({.promise = 8,
                 .attack = "see a later mount below a bind, " + access,
                 .control = with(control),
                 .inside = with({binary(), "run", "--" + access, given, "-C", given, "--"})},
                {"absent"});
  }
}

// Exchanges a directory and a link for as long as it lives.
class Swapper {
 public:
  Swapper(std::string one, std::string other)
      : thread_([this, a = std::move(one), b = std::move(other)] {
          while (!stop_) {
            (void)::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(),
                            RENAME_EXCHANGE);
          }
        }) {}
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;
  ~Swapper() {
    stop_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// runc CVE-2021-30465, flatpak CVE-2024-42472: what another sandbox may write is exchanged for a
// link between the look at a path and its use. The control is a launcher that looks, and then
// mounts.
TEST_F(P08Mounts, ASourceIsNotExchangedWhileASandboxStarts) {
  directory_.write("project/mnt/.keep", "");
  directory_.write("other/only-there", "");
  std::string control;
  std::string inside = "refused, or its own";
  {
    const Swapper swapper(project() + "/sub", project() + "/evil");
    control = said(on_fake_host(
        "exec \"$@\"", payload({"bind-after-look", "sub", "mnt", "only-there"}), project()));
    for (int round = 0; round < 150; ++round) {
      const Outcome outcome = run(immure_run(
          {"--ro", project() + "/sub:/seen", "--set", "allow.cwd=false"}, {"cat", "/seen/file"}));
      if (contains(outcome.out, "secret")) inside = "secret in round " + std::to_string(round);
    }
  }
  expect_held({.promise = 8,
               .attack = "exchange a source and a link during the start",
               .control = control,
               .inside = inside},
              {"refused, or its own"});
}

// runc CVE-2024-45310: the same with a mount point below a directory that is given to be written.
TEST_F(P08Mounts, AMountPointIsNotExchangedWhileASandboxStarts) {
  const std::string naive =
      "i=0; while [ $i -lt 400 ]; do i=$((i+1)); "
      "if test -d sub && ! test -L sub && mount -t tmpfs none sub/new 2>/dev/null || "
      "{ ! test -L sub && mkdir -p sub/new/deep 2>/dev/null; }; then "
      "test -e ../other/new && { echo ok; exit; }; fi; rm -rf sub/new; done; echo held";
  std::string control;
  std::string inside = "refused, or its own";
  {
    const Swapper swapper(project() + "/sub", project() + "/evil");
    control = said(on_fake_host(naive, {}, project()));
    (void)run({.argv = {"rm", "-rf", other() + "/new", project() + "/sub/new"}});
    for (int round = 0; round < 100; ++round) {
      const Outcome outcome = run(immure_run(
          {"--rw", project() + ":/x", "--tmpfs", "/x/sub/new", "--set", "allow.cwd=false"},
          {"touch", "/x/sub/new/made"}));
      if (exists(other() + "/new")) inside = "made on the host, round " + std::to_string(round);
    }
  }
  expect_held({.promise = 8,
               .attack = "exchange a mount point's parent and a link during the start",
               .control = control,
               .inside = inside},
              {"refused, or its own"});
}

// bubblewrap CVE-2026-87766: a link inside the new root is followed there, never on the host.
TEST_F(P08Mounts, ALinkBelowABindDoesNotLeadAMountToTheHost) {
  for (const auto& [name, target] :
       std::vector<std::pair<std::string, std::string>>{{"absolute", other()},
                                                        {"relative", "../other"},
                                                        {"many", "../../../../../.." + other()}}) {
    directory_.write("planted-" + name + "/.keep", "");
    const std::string planted = directory_.path() + "/planted-" + name;
    ASSERT_EQ(::symlink(target.c_str(), (planted + "/link").c_str()), 0);
    const std::string naive =
        "mount -t tmpfs none \"$1/link\" && test -z \"$(ls \"$2\")\" && echo ok";
    const Outcome outcome =
        run(immure_run({"--rw", planted, "--tmpfs", planted + "/link/new"}, {"true"}));
    const std::string mine = "mine";
    expect_held({.promise = 8,
                 .attack = "a mount point through a link, " + name,
                 .control = said(on_fake_host(naive, {planted, other()})),
                 .inside = exists(other() + "/new") ? "made on the host"
                           : outcome.code == 125    ? "125"
                           : outcome.code == 0      ? "inside"
                                                    : outcome.err},
                {"125", "inside"});
  }
}

TEST_F(P08Mounts, NothingIsMountedUnmountedOrLeftByTheCommand) {
  const auto as_root = [](const Argv& command) {
    Argv argv{"unshare", "--user", "--map-root-user", "--mount"};
    argv.insert(argv.end(), command.begin(), command.end());
    return outside(argv);
  };
  const Argv powerful{"--set", "caps.keep=[\"ALL\"]"};
  const auto refused = [&](const Argv& act, std::initializer_list<std::string> refusals) {
    Argv command{IMMURE_ATTACK_PAYLOAD};
    command.insert(command.end(), act.begin(), act.end());
    for (const Argv& options : {Argv{}, powerful}) {
      std::string name;
      for (const std::string& word : act) name += word + ' ';
      expect_held({.promise = 8,
                   .attack = name + (options.empty() ? "" : "with all capabilities"),
                   .control = as_root(command),
                   .inside = inside(command, options)},
                  refusals);
    }
  };
  refused({"mount", "/tmp"}, {"EPERM"});
  refused({"clone-mount", "/tmp"}, {"ENOSYS"});
  refused({"make-writable-anew", "/"}, {"ENOSYS"});
  refused({"leave-root"}, {"EPERM"});
  refused({"pivot"}, {"EPERM"});
  refused({"name-handle", "/etc/passwd"}, {"EPERM"});
}

// What was mounted read-only, or over something, by the launcher: the control undoes its own. A
// command that may mount finds these mounts locked (EINVAL).
TEST_F(P08Mounts, NoProtectionIsUndone) {
  const Argv powerful{"--set", "caps.keep=[\"ALL\"]"};
  const Argv unfiltered{"--set", "caps.keep=[\"ALL\"]", "--set", "seccomp.base=none"};
  const Argv nested{"--set", "caps.keep=[\"CAP_SYS_ADMIN\"]", "--allow", "nested"};
  for (const auto& [act, place, protect] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"make-writable", "/usr", "mount --bind /usr /usr && mount -o remount,bind,ro /usr"},
           {"unmount", "/proc/keys", "mount --bind /dev/null /proc/keys"},
           {"unmount", "/opt", "mount -t tmpfs none /opt"}}) {
    const Argv undo = payload({act, place});
    const std::string control = said(on_fake_host(protect + " && exec \"$@\"", undo, "/"));
    for (const auto& [who, options] :
         std::map<std::string, Argv>{{"", {}},
                                     {" with all capabilities", powerful},
                                     {" with all capabilities and no filter", unfiltered},
                                     {" with CAP_SYS_ADMIN and nested sandboxes", nested}}) {
      if (place == "/proc/keys" && options == nested) continue;  // not covered there
      const bool may_mount = options == unfiltered || options == nested;
      expect_held({.promise = 8,
                   .attack = act + ' ' + place + who,
                   .control = control,
                   .inside = inside(undo, options)},
                  {"EPERM", may_mount ? "EINVAL" : "EPERM"});
    }
  }
}

// It may still mount what it likes, elsewhere.
TEST_F(P08Mounts, ACommandThatKeepsCapSysAdminMounts) {
  EXPECT_EQ(inside(payload({"mount", "/tmp"}),
                   {"--set", "caps.keep=[\"CAP_SYS_ADMIN\"]", "--set", "seccomp.base=none"}),
            "ok");
}

}  // namespace
}  // namespace immure::test
