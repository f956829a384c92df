#include "config/flag_layer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/reset_key.h"
#include "config/schema.h"

namespace immure {
namespace {

const Circumstances here{.home = "/home/u", .cwd = "/home/u/work"};

std::vector<FlagLayer> layers(const std::vector<GivenOption>& options) {
  auto result = flag_layers(options, here);
  if (const auto* errors = std::get_if<Errors>(&result)) {
    ADD_FAILURE() << errors->front().reason;
    return {};
  }
  return std::move(std::get<std::vector<FlagLayer>>(result));
}

SandboxSpec only_layer(const std::vector<GivenOption>& options) {
  auto all = layers(options);
  if (all.size() != 1) {
    ADD_FAILURE() << all.size() << " layers";
    return {};
  }
  return all.front().spec;
}

Error refused(const GivenOption& option) {
  auto result = flag_layers({option}, here);
  const auto* errors = std::get_if<Errors>(&result);
  if (errors == nullptr) {
    ADD_FAILURE() << option.value << " was accepted";
    return {};
  }
  return errors->front();
}

Mount mount_of(OptionId id, const std::string& value) {
  const SandboxSpec spec = only_layer({{id, "--x", value}});
  if (spec.mounts.size() != 1) {
    ADD_FAILURE() << spec.mounts.size() << " mounts";
    return {};
  }
  return spec.mounts.front();
}

const Origin origin_x{.flag = "--x"};

TEST(MountFlags, BindTheSamePathOrAnother) {
  EXPECT_EQ(mount_of(OptionId::ro, "/a"),
            (Mount{.target = "/a", .what = Bind{}, .origin = origin_x}));
  EXPECT_EQ(
      mount_of(OptionId::rw, "/a:/b/"),
      (Mount{
          .target = "/b", .what = Bind{.source = "/a", .read_only = false}, .origin = origin_x}));
  EXPECT_EQ(mount_of(OptionId::dev, "/dev/fuse"),
            (Mount{.target = "/dev/fuse",
                   .what = Bind{.read_only = false, .devices = true},
                   .origin = origin_x}));
}

TEST(MountFlags, MakeTheOtherKinds) {
  EXPECT_EQ(mount_of(OptionId::tmpfs, "/t").what, decltype(Mount::what)(Tmpfs{}));
  EXPECT_EQ(mount_of(OptionId::hide, "/h").what, decltype(Mount::what)(Hide{}));
  EXPECT_EQ(mount_of(OptionId::overlay, "/o").what, decltype(Mount::what)(Overlay{}));
  const Mount moved = mount_of(OptionId::overlay, "/o:/p");
  EXPECT_EQ(moved.target, "/p");
  EXPECT_EQ(moved.what, decltype(Mount::what)(Overlay{.lower = {"/o"}}));
}

TEST(MountFlags, TakeAQuestionMarkAsOptional) {
  const Mount mount = mount_of(OptionId::ro, "/a:/b?");
  EXPECT_EQ(mount.target, "/b");
  EXPECT_TRUE(mount.optional);
  EXPECT_FALSE(mount_of(OptionId::ro, "/a?b").optional);
}

TEST(MountFlags, LeaveCharactersAfterABackslashPlain) {
  EXPECT_EQ(mount_of(OptionId::ro, R"(/a\:b)").target, "/a:b");
  const Mount mount = mount_of(OptionId::ro, R"(/a\?)");
  EXPECT_EQ(mount.target, "/a?");
  EXPECT_FALSE(mount.optional);
  EXPECT_EQ(mount_of(OptionId::ro, R"(/a\b)").target, R"(/a\b)");
}

TEST(MountFlags, AreNoPatterns) {
  const Mount mount = mount_of(OptionId::ro, "/a/*");
  EXPECT_EQ(mount.target, "/a/*");
  EXPECT_FALSE(mount.glob);
}

TEST(MountFlags, AreRelativeToTheCurrentDirectory) {
  EXPECT_EQ(mount_of(OptionId::ro, "lib").target, "/home/u/work/lib");
  EXPECT_EQ(mount_of(OptionId::ro, ".").target, "/home/u/work");
  EXPECT_EQ(mount_of(OptionId::ro, "./../x").target, "/home/u/x");
  EXPECT_EQ(mount_of(OptionId::ro, "../..").target, "/home");
  EXPECT_EQ(mount_of(OptionId::ro, "~/x").target, "/home/u/x");
  EXPECT_EQ(mount_of(OptionId::ro, "~").target, "/home/u");
  EXPECT_EQ(mount_of(OptionId::ro, "~x").target, "/home/u/work/~x");
}

TEST(MountFlags, RefuseDotDotWhereASymlinkMayStandBeforeIt) {
  EXPECT_EQ(refused({OptionId::ro, "--ro", "a/../b"}).code, Code::relative_path);
  EXPECT_EQ(refused({OptionId::ro, "--ro", "/a/.."}).code, Code::relative_path);
}

TEST(MountFlags, RefuseEmptyPathsAndASecondPathOfATmpfs) {
  EXPECT_EQ(refused({OptionId::ro, "--ro", ""}).reason, "an empty path");
  EXPECT_EQ(refused({OptionId::ro, "--ro", "/a:"}).reason, "an empty path");
  EXPECT_EQ(refused({OptionId::tmpfs, "--tmpfs", "/a:/b"}).reason,
            "--tmpfs takes one path: \"/a:/b\"");
}

TEST(MountFlags, LeadNowhereFromADeletedDirectory) {
  auto result = flag_layers({{OptionId::ro, "--ro", "x"}}, Circumstances{});
  ASSERT_TRUE(std::holds_alternative<Errors>(result));
  EXPECT_EQ(std::get<Errors>(result).front().code, Code::relative_path);
}

TEST(FlagLayers, LetTheLastFlagForATargetWin) {
  const SandboxSpec spec = only_layer(
      {{OptionId::ro, "--ro", "/a"}, {OptionId::ro, "--ro", "/b"}, {OptionId::rw, "--rw", "/a"}});
  ASSERT_EQ(spec.mounts.size(), 2U);
  EXPECT_EQ(spec.mounts[0].origin.flag, "--rw");
  EXPECT_EQ(spec.mounts[1].target, "/b");
}

TEST(FlagLayers, SetPassAndUnsetVariables) {
  const SandboxSpec spec = only_layer({{OptionId::env, "-e", "A=1=2"},
                                       {OptionId::env, "-e", "B"},
                                       {OptionId::unset_env, "--unset-env", "C"}});
  EXPECT_EQ(spec.env.at("A").value, (EnvRule{.text = "1=2"}));
  EXPECT_EQ(spec.env.at("B").value, (EnvRule{.kind = EnvRule::Kind::pass}));
  EXPECT_EQ(spec.env.at("C").value, (EnvRule{.kind = EnvRule::Kind::unset}));
  EXPECT_EQ(spec.env.at("C").origin.flag, "--unset-env");
  EXPECT_EQ(refused({OptionId::env, "-e", "=x"}).reason, "\"=x\" is not the name of a variable");
  EXPECT_EQ(refused({OptionId::unset_env, "--unset-env", "A=1"}).code, Code::usage);
}

TEST(FlagLayers, SetTheDirectoryAndItsAccess) {
  const SandboxSpec spec =
      only_layer({{OptionId::chdir, "-C", "sub"}, {OptionId::writable_cwd, "-w", ""}});
  EXPECT_EQ(spec.process.cwd.value, "/home/u/work/sub");
  EXPECT_EQ(spec.allow.at("cwd").value->word, "rw");
}

TEST(FlagLayers, KeepTheOrderOfSetAndUnset) {
  const auto all = layers({{OptionId::writable_cwd, "-w", ""},
                           {OptionId::set, "--set", "hostname=a"},
                           {OptionId::unset, "--unset", "allow.cwd"},
                           {OptionId::ro, "--ro", "/a"}});
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].spec.allow.at("cwd").value->word, "rw");
  EXPECT_EQ(all[1].spec.hostname.value, "a");
  ASSERT_TRUE(all[2].reset.has_value());
  EXPECT_EQ(all[2].reset->key, "allow.cwd");
  EXPECT_EQ(all[3].spec.mounts.size(), 1U);
}

TEST(FlagLayers, ReportEveryProblem) {
  auto result = flag_layers({{OptionId::ro, "--ro", ""}, {OptionId::env, "-e", ""}}, here);
  ASSERT_TRUE(std::holds_alternative<Errors>(result));
  EXPECT_EQ(std::get<Errors>(result).size(), 2U);
}

std::string reset(SandboxSpec& spec, const std::string& key) {
  auto result = reset_key(spec, key, here, {.flag = "--unset"});
  const auto* error = std::get_if<Error>(&result);
  return error == nullptr ? "" : error->reason + "; " + error->hint;
}

TEST(ResetKey, PutsAKeyBackToUnset) {
  SandboxSpec spec;
  spec.hostname.set("x", {});
  spec.limits.rlimits["nofile"].set({.soft = 1, .hard = 1}, {});
  spec.env["A.B"].set({.text = "1"}, {});
  spec.sysctl["net.ipv4.x"].set("1", {});
  spec.namespaces.nested["user"].set(3, {});
  spec.mounts.push_back({.target = "/home/u/.cache"});
  for (const char* key : {"hostname", "limits.nofile", "env.\"A.B\"", "sysctl.net.ipv4.x",
                          "namespaces.nested.user", "fs.\"~/.cache\""}) {
    EXPECT_EQ(reset(spec, key), "");
  }
  EXPECT_EQ(spec.mounts.size(), 0U);
  EXPECT_FALSE(spec.hostname.is_set());
  EXPECT_TRUE(spec.limits.rlimits.empty());
  EXPECT_TRUE(spec.env.empty());
  EXPECT_TRUE(spec.sysctl.empty());
  EXPECT_TRUE(spec.namespaces.nested.empty());
}

TEST(FlagLayers, RefuseKeysThatAreOfAFile) {
  for (const char* setting : {"extends=['build']", "match=['sh']"}) {
    EXPECT_EQ(refused({OptionId::set, "--set", setting}).hint, "-p adds a profile to this run");
  }
}

TEST(ResetKey, IsFineWithAKeyThatWasNotSet) {
  SandboxSpec spec;
  EXPECT_EQ(reset(spec, "process.nice"), "");
  EXPECT_EQ(spec, SandboxSpec{});
}

TEST(ResetKey, KnowsEveryKeyThatAProfileMaySet) {
  for (const SchemaRow& row : schema()) {
    const bool of_an_entry = row.key.starts_with("fs.*.") || row.key.starts_with("env.*.");
    if (row.put == nullptr || of_an_entry || row.key == "version") continue;
    if (row.key == "extends" || row.key == "match") continue;  // of files, not of a run
    std::string key(row.key);
    if (const std::size_t star = key.find('*'); star != std::string::npos) key[star] = 'x';
    if (key == "fs.x") key = "fs.\"/x\"";
    SandboxSpec spec;
    EXPECT_EQ(reset(spec, key), "") << key;
  }
}

TEST(ResetKey, SaysWhichKeysThisVersionDoesNotHave) {
  SandboxSpec spec;
  EXPECT_EQ(reset(spec, "network.mode"), "\"network.mode\" is not supported by this version; ");
}

TEST(ResetKey, RefusesAnUnknownKeyAndNamesTheLikelyOne) {
  SandboxSpec spec;
  EXPECT_EQ(reset(spec, "hostnam"), "unknown key \"hostnam\"; did you mean hostname?");
  EXPECT_EQ(reset(spec, "limits.bogus"), "unknown key \"limits.bogus\"; ");
  EXPECT_EQ(reset(spec, "limits."), "unknown key \"limits.\"; ");
  EXPECT_EQ(reset(spec, "\""), "unknown key \"\\\"\"; ");
}

}  // namespace
}  // namespace immure
