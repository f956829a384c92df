#include "spec/merge.h"

#include <gtest/gtest.h>

#include "base/log.h"

namespace immure {
namespace {

SetEdit set(std::initializer_list<std::string_view> items) {
  SetEdit result;
  for (std::string_view item : items) {
    const bool remove = item.starts_with('!');
    if (remove) item.remove_prefix(1);
    result.items.push_back(SetItem{.text = std::string(item), .remove = remove});
  }
  return result;
}

std::string text(const SetEdit& edit) {
  std::string result;
  for (const SetItem& item : edit.items) result += (item.remove ? "!" : "") + item.text + " ";
  return result;
}

Mount bind(std::string target, bool read_only = true) {
  return Mount{.target = std::move(target), .what = Bind{.read_only = read_only}};
}
Mount none(std::string target) { return Mount{.target = std::move(target), .what = NoMount{}}; }

std::string text(const std::vector<Mount>& mounts) {
  std::string result;
  for (const Mount& mount : mounts) {
    const auto* found = std::get_if<Bind>(&mount.what);
    result += mount.target + (found != nullptr && found->read_only ? "=ro " : "=rw ");
  }
  return result;
}

// The layers on top of each other, the first one lowest.
struct Merged {
  SandboxSpec spec;
  std::string warnings;
};
Merged merged(const std::vector<SandboxSpec>& layers) {
  Merged result;
  Errors warnings;
  for (const SandboxSpec& layer : layers) merge(result.spec, layer, warnings);
  for (const Error& warning : warnings) result.warnings += format_warning(warning, LogStyle{});
  return result;
}

Merged merged_sets(const std::vector<SetEdit>& edits) {
  std::vector<SandboxSpec> layers;
  layers.reserve(edits.size());
  for (const SetEdit& edit : edits) layers.push_back(SandboxSpec{.caps = {.keep = edit}});
  return merged(layers);
}

Merged merged_mounts(const std::vector<std::vector<Mount>>& lists) {
  std::vector<SandboxSpec> layers;
  layers.reserve(lists.size());
  for (const auto& list : lists) layers.push_back(SandboxSpec{.mounts = list});
  return merged(layers);
}

TEST(Merge, ALaterScalarReplacesAnEarlierOneAndSilenceDoesNot) {
  SandboxSpec low;
  low.hostname.set("low", {});
  low.process.nice.set(1, {});
  SandboxSpec high;
  high.process.nice.set(2, {});
  const SandboxSpec spec = merged({low, high}).spec;
  EXPECT_EQ(spec.hostname.value, "low");
  EXPECT_EQ(spec.process.nice.value, 2);
}

TEST(Merge, BooleansAreLastWinsSoThatALaterLayerCanTighten) {
  SandboxSpec low;
  low.root.writable.set(true, {});
  SandboxSpec high;
  high.root.writable.set(false, {});
  EXPECT_EQ(merged({low, high}).spec.root.writable.value, false);
}

TEST(Merge, ListsAreReplacedWhole) {
  SandboxSpec low;
  low.process.args.set({"a", "b"}, {});
  SandboxSpec high;
  high.process.args.set({"c"}, {});
  EXPECT_EQ(merged({low, high}).spec.process.args.value, std::vector<std::string>{"c"});
}

TEST(Merge, SetsAreUnited) {
  EXPECT_EQ(text(merged_sets({set({"A", "B"}), set({"B", "C"})}).spec.caps.keep), "A B C ");
}

TEST(Merge, AnItemWithAnExclamationMarkRemovesAnInheritedOne) {
  const Merged result = merged_sets({set({"A", "B"}), set({"!A", "C"})});
  EXPECT_EQ(text(result.spec.caps.keep), "B C ");
  EXPECT_EQ(result.warnings, "");
}

TEST(Merge, ARemovalIsOfInheritedItemsWhereverItStandsInTheArray) {
  EXPECT_EQ(text(merged_sets({set({"A"}), set({"B", "!B"})}).spec.caps.keep), "A B ");
  EXPECT_EQ(text(merged_sets({set({"A", "B"}), set({"C", "!*"})}).spec.caps.keep), "C ");
}

TEST(Merge, RemovingWhatIsNotThereIsAWarning) {
  const Merged result = merged_sets({set({"A"}), set({"!B"})});
  EXPECT_EQ(text(result.spec.caps.keep), "A ");
  EXPECT_EQ(
      result.warnings,
      "immure: warning[W751]: \"!B\" is removed from caps.keep, but no earlier layer has it\n");
}

TEST(Merge, TheLowestLayerKeepsNoRemovals) {
  EXPECT_EQ(text(merged_sets({set({"!A", "!*", "B"})}).spec.caps.keep), "B ");
}

TEST(Merge, MountsAreReplacedByTheirTarget) {
  EXPECT_EQ(text(merged_mounts({{bind("/a"), bind("/b")}, {bind("/a", false)}}).spec.mounts),
            "/a=rw /b=ro ");
}

TEST(Merge, NoneTakesAnInheritedMountAwayAndIsGoneItself) {
  const Merged result = merged_mounts({{bind("/a"), bind("/b")}, {none("/a")}});
  EXPECT_EQ(text(result.spec.mounts), "/b=ro ");
  EXPECT_EQ(result.warnings, "");
}

TEST(Merge, NoneForWhatIsNotThereIsAWarningUnlessItIsOptional) {
  EXPECT_EQ(merged_mounts({{bind("/a")}, {none("/b")}}).warnings,
            "immure: warning[W751]: \"/b\" is removed from [fs], but no earlier layer has it\n");
  Mount maybe = none("/b");
  maybe.optional = true;
  EXPECT_EQ(merged_mounts({{bind("/a")}, {maybe}}).warnings, "");
}

TEST(Merge, AMountThatWasTakenAwayCanComeBack) {
  EXPECT_EQ(text(merged_mounts({{bind("/a")}, {none("/a")}, {bind("/a", false)}}).spec.mounts),
            "/a=rw ");
}

TEST(Merge, OfTwoMountsAtOnePlaceInOneLayerTheLastWins) {
  EXPECT_EQ(text(merged_mounts({{}, {bind("/a"), bind("/a", false)}}).spec.mounts), "/a=rw ");
  EXPECT_EQ(text(merged_mounts({{}, {bind("/a"), none("/a")}}).spec.mounts), "");
  EXPECT_EQ(text(merged_mounts({{bind("/a")}, {none("/a"), bind("/a", false)}}).spec.mounts),
            "/a=rw ");
}

TEST(Merge, MountsComeOutParentsFirstThenBytewise) {
  EXPECT_EQ(
      text(merged_mounts({{bind("/b/c/d"), bind("/b")}, {bind("/a/z"), bind("/a"), bind("/")}})
               .spec.mounts),
      "/=ro /a=ro /b=ro /a/z=ro /b/c/d=ro ");
}

TEST(Merge, VariablesSysctlsAndLimitsAreReplacedByName) {
  SandboxSpec low;
  low.env["A"].set(EnvRule{.text = "1"}, {});
  low.env["B"].set(EnvRule{.text = "1"}, {});
  low.sysctl["net.x"].set("1", {});
  low.limits.rlimits["nofile"].set(LimitValue{.soft = 1, .hard = 1}, {});
  SandboxSpec high;
  high.env["A"].set(EnvRule{.kind = EnvRule::Kind::unset}, {});
  high.sysctl["net.x"].set("2", {});
  high.limits.rlimits["nofile"].set(LimitValue{.soft = 2, .hard = 3}, {});
  const SandboxSpec spec = merged({low, high}).spec;
  EXPECT_EQ(spec.env.at("A").value->kind, EnvRule::Kind::unset);
  EXPECT_EQ(spec.env.at("B").value->text, "1");
  EXPECT_EQ(spec.sysctl.at("net.x").value, "2");
  EXPECT_EQ(spec.limits.rlimits.at("nofile").value->hard, 3U);
}

// A field that merge() forgets would keep its default.
TEST(Merge, EveryFieldOfALayerReachesTheResult) {
  SandboxSpec all;
  all.description.set("x", {});
  all.why.set("x", {});
  all.best_effort = set({"proc"});
  all.root.dir.set("/r", {});
  all.root.size_bytes.set(1, {});
  all.root.mode.set(0700, {});
  all.root.writable.set(true, {});
  all.root.proc.set(ProcMode::none, {});
  all.root.dev.set(false, {});
  all.mounts = {bind("/a")};
  all.allow["cwd"].set({.kind = IntentValue::Kind::word, .word = "rw"}, {});
  for (auto* choice :
       {&all.namespaces.user, &all.namespaces.mount, &all.namespaces.pid, &all.namespaces.ipc,
        &all.namespaces.uts, &all.namespaces.cgroup, &all.namespaces.net, &all.namespaces.time}) {
    choice->set(NamespaceChoice::fresh, {});
  }
  all.namespaces.nested["user"].set(1, {});
  all.user.uid.set(1, {});
  all.user.gid.set(1, {});
  all.time.monotonic_ns.set(1, {});
  all.time.boottime_ns.set(1, {});
  all.hostname.set("x", {});
  all.domainname.set("x", {});
  all.sysctl["net.x"].set("1", {});
  all.caps = {.keep = set({"CAP_KILL"}), .bounding = set({"CAP_KILL"}), .bounding_set = true};
  all.seccomp.base.set(FilterBase::none, {});
  all.limits.rlimits["cpu"].set(LimitValue{}, {});
  all.limits.wall_ns.set(1, {});
  Process& process = all.process;
  process.command.set({"x"}, {});
  process.args.set({"x"}, {});
  for (auto* one : {&process.argv0, &process.cwd, &process.stdin_from, &process.stdout_to,
                    &process.stderr_to, &process.cpus}) {
    one->set("x", {});
  }
  process.umask.set(1, {});
  process.nice.set(1, {});
  process.oom_score_adj.set(1, {});
  process.tty.set(TtyMode::detach, {});
  process.init.set(InitMode::target, {});
  process.die_with_parent.set(false, {});
  process.wait.set(WaitFor::all, {});
  process.stop_signal.set(1, {});
  process.grace_ns.set(1, {});
  process.pass_fds = set({"3"});
  process.personality = set({"linux32"});
  process.keyring.set(KeyringMode::inherit, {});
  all.env["A"].set(EnvRule{.text = "x"}, {});
  EXPECT_EQ(merged({all}).spec, all);
  EXPECT_EQ(merged({all, SandboxSpec{}}).spec, all);
}

}  // namespace
}  // namespace immure
