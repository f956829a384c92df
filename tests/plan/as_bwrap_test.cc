#include "plan/as_bwrap.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "config/bwrap_args.h"
#include "fake_host.h"
#include "profile_plan.h"
#include "spec/check.h"

namespace immure {
namespace {

class AsBwrap : public ::testing::Test {
 protected:
  AsBwrap() {
    add_usual_files(files_);
    host_ = usual_host(files_);
  }

  // The plan of a profile with nothing below it.
  LaunchPlan plan(const std::string& text) const {
    const auto source = std::make_shared<const SourceFile>(
        SourceFile{.name = "t.toml", .text = "extends = []\n" + text});
    const Circumstances here{.home = host_.home, .cwd = host_.cwd, .uid = host_.uid};
    auto parsed = parse_profile(source, "/home/u/profiles", here);
    std::vector<std::string> notes;
    auto spec = spec_of_layers({std::move(std::get<ProfileLayer>(parsed))}, here, notes);
    auto checked = check(std::move(std::get<SandboxSpec>(spec)), {.home = host_.home});
    const Request request{.command = {"true", "it's"}};
    auto lowered = lower(std::get<CheckedSpec>(checked), request, host_);
    if (const auto* errors = std::get_if<Errors>(&lowered)) {
      ADD_FAILURE() << show_errors(*errors);
      return {};
    }
    return std::get<LaunchPlan>(std::move(lowered));
  }

  BwrapCommand translated(const std::string& text) const { return as_bwrap(plan(kGround + text)); }

  static std::vector<std::string> lost(const BwrapCommand& command) {
    std::vector<std::string> out;
    for (const auto& [what, origin] : command.losses) {
      out.push_back(what + (origin == Origin{} ? "" : " (" + show(origin) + ')'));
    }
    return out;
  }

  static bool has_line(const BwrapCommand& command, const std::string& line) {
    return shell_text(command).find("  " + line + " \\\n") != std::string::npos;
  }

  static constexpr const char* kGround =
      "hostname = \"jail\"\n[fs]\n\"/usr\" = \"ro\"\n\"/bin\" = \"ro\"\n\"/lib\" = \"ro\"\n"
      "\"/lib64\" = \"ro\"\n";
  FakeFiles files_;
  Host host_;
};

TEST_F(AsBwrap, AProfileBecomesOneOptionALine) {
  EXPECT_EQ(shell_text(translated("\"/tmp\" = \"tmpfs,mode=0o1777\"\n[env]\nPATH = \"/usr/bin\"\n"
                                  "A = \"two words\"\n")),
            "bwrap \\\n"
            "  --unshare-user \\\n"
            "  --unshare-pid \\\n"
            "  --unshare-ipc \\\n"
            "  --unshare-uts \\\n"
            "  --unshare-cgroup \\\n"
            "  --unshare-net \\\n"
            "  --die-with-parent \\\n"
            "  --size 16777216 --tmpfs / \\\n"
            "  --dev /dev \\\n"
            "  --perms 1777 --tmpfs /dev/shm \\\n"
            "  --proc /proc \\\n"
            "  --symlink usr/bin /bin \\\n"
            "  --symlink usr/lib /lib \\\n"
            "  --symlink usr/lib64 /lib64 \\\n"
            "  --perms 1777 --tmpfs /tmp \\\n"
            "  --ro-bind /usr /usr \\\n"
            "  --remount-ro /dev \\\n"
            "  --remount-ro / \\\n"
            "  --disable-userns \\\n"
            "  --hostname jail \\\n"
            "  --chdir / \\\n"
            "  --clearenv \\\n"
            "  --setenv A 'two words' \\\n"
            "  --setenv HOME /home/u \\\n"
            "  --setenv IMMURE_SANDBOX immure \\\n"
            "  --setenv LOGNAME u \\\n"
            "  --setenv PATH /usr/bin \\\n"
            "  --setenv SHELL /bin/bash \\\n"
            "  --setenv TERM xterm \\\n"
            "  --setenv USER u \\\n"
            "  -- true 'it'\\''s'\n");
}

TEST_F(AsBwrap, WhatIsWrittenIsWhatBubblewrapReads) {
  const BwrapCommand command = translated(
      "\"/srv\" = \"rw\"\n\"/home/u/proj\" = \"overlay\"\n\"/mq\" = \"mqueue\"\n"
      "\"/there\" = { src = \"/srv\", dev = true, access = \"ro\" }\n"
      "\"/home/u/.bashrc\" = \"hide\"\n[process]\ntty = \"detach\"\ninit = \"target\"\n"
      "argv0 = \"other\"\n[user]\nuid = 0\ngid = 0\n[caps]\nkeep = [\"CAP_NET_RAW\"]\n");
  std::vector<std::string> words;
  for (const BwrapLine& line : command.options) {
    words.insert(words.end(), line.words.begin(), line.words.end());
  }
  words.emplace_back("--");
  words.insert(words.end(), command.command.begin(), command.command.end());
  bool prefix = false;
  const auto read =
      parse_bwrap(words, {}, prefix, [](const std::string& warning) { ADD_FAILURE() << warning; });
  const auto* mistake = std::get_if<BwrapMistake>(&read);
  ASSERT_EQ(mistake, nullptr) << mistake->text;
  const OrderedSpec& spec = std::get<BwrapArguments>(read).spec;
  EXPECT_TRUE(spec.new_user && spec.new_pid && spec.new_ipc && spec.new_net && spec.new_uts &&
              spec.new_cgroup && spec.refuse_user_namespaces && spec.clear_environment);
  EXPECT_TRUE(spec.new_session && spec.as_pid_1 && spec.die_with_parent);
  EXPECT_EQ(spec.uid, 0U);
  EXPECT_EQ(spec.gid, 0U);
  constexpr std::uint64_t net_raw = 1U << 13U;
  EXPECT_EQ(spec.capabilities, net_raw);
  EXPECT_EQ(spec.argv0, "other");
  EXPECT_EQ(spec.command, command.command);
  for (const char* line :
       {"--bind /srv /srv", "--dev-bind /srv /there", "--remount-ro /there", "--mqueue /mq",
        "--overlay-src /home/u/proj", "--tmp-overlay /home/u/proj"}) {
    EXPECT_TRUE(has_line(command, line)) << line << '\n' << shell_text(command);
  }
}

TEST_F(AsBwrap, ContentComesByADescriptorOfTheShell) {
  const BwrapCommand command =
      translated("\"/f\" = { content = \"50% of it's\\n\\u0001\" }\n\"/g\" = { content = \"\" }\n");
  EXPECT_TRUE(has_line(command, "--perms 0644 --file 3 /f 3< <(printf '50%% of it\\047s\\n\\001')"))
      << shell_text(command);
  EXPECT_TRUE(has_line(command, "--perms 0644 --file 4 /g 4</dev/null")) << shell_text(command);
}

TEST_F(AsBwrap, WhatIsLeftOutIsSaidWithItsPlace) {
  const std::vector<std::string> all = lost(translated(
      "\"/tmp\" = \"tmpfs,noexec\"\n\"/sys\" = \"sysfs\"\n[process]\nnice = 5\ntty = \"pty\"\n"
      "[limits]\nnofile = 64\nwall = \"5s\"\n[landlock]\nmode = \"require\"\n"));
  for (const char* line :
       {"noexec on /tmp (t.toml:8:1)", "mount sysfs on /sys (t.toml:9:1)",
        "a terminal of its own (t.toml:12:1)", "set the nice value to 5 (t.toml:11:1)",
        "limit nofile to 64 (t.toml:14:1)", "limits.wall", "Landlock's rules (t.toml:17:1)",
        "the system call filter: standard", "the caller's other open descriptors are closed"}) {
    EXPECT_NE(std::ranges::find(all, line), all.end()) << line << " in\n"
                                                       << ::testing::PrintToString(all);
  }
}

// What is not to be had is never made up for by something of the host's.
TEST_F(AsBwrap, WhatThePlanTakesFromElsewhereIsLeftOut) {
  LaunchPlan made = plan(kGround);
  made.namespaces &= ~std::uint64_t{CLONE_NEWNET};
  made.join = {{.flag = CLONE_NEWNET, .kind = "net", .path = "/run/netns/x"}};
  made.uid_map = "0 1000 1\n1 100000 65536\n";
  made.host_directories = {{.path = "/home/u/made"}};
  made.state = {.path = "/home/u/state"};
  made.wait_for_all = true;
  made.pass_fds = {3, 5};
  const BwrapCommand command = as_bwrap(made);
  EXPECT_TRUE(has_line(command, "--unshare-net")) << shell_text(command);
  EXPECT_EQ(shell_text(command).find("--uid"), std::string::npos);
  const std::vector<std::string> all = lost(command);
  for (const char* line :
       {"the net namespace /run/netns/x: a new one instead", "the map of more than one uid",
        "/home/u/made on the host, which is not made", "the lock of /home/u/state",
        "the wait for the last process of the sandbox",
        "the caller's other open descriptors are closed, but 3 5"}) {
    EXPECT_NE(std::ranges::find(all, line), all.end()) << line << " in\n"
                                                       << ::testing::PrintToString(all);
  }
}

TEST_F(AsBwrap, ASecretIsPassedAndNotShown) {
  LaunchPlan made = plan(std::string(kGround) + "[env]\nTOKEN = \"x\"\n");
  made.command.secrets = {"TOKEN"};
  const BwrapCommand command = as_bwrap(made);
  EXPECT_TRUE(has_line(command, "--setenv TOKEN \"$TOKEN\"")) << shell_text(command);
}

}  // namespace
}  // namespace immure
