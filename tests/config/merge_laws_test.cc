// Laws that hold for every profile, tried on many made by chance of all keys that the schema has.
// The seeds are fixed.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "config/profile_text.h"
#include "config/reader.h"
#include "config/reset_key.h"
#include "spec/merge.h"
#include "support/random_profile.h"

namespace immure {
namespace {

using testing::ProfileLine;
using testing::RandomProfile;

constexpr int kRounds = 300;
constexpr unsigned kSeed = 20260101;
constexpr unsigned kSparse = 4;  // a layer has a fourth of all keys

// Read as if one place had asked for all of it: where a value stands is none of these laws.
SandboxSpec layer_of(const std::string& text) {
  const auto file =
      std::make_shared<const SourceFile>(SourceFile{.name = "law.toml", .text = text});
  static const Circumstances someone = testing::someone();
  static const Origin nowhere{.flag = "law"};
  auto document = parse_document(file);
  if (auto* errors = std::get_if<Errors>(&document)) {
    ADD_FAILURE() << testing::printed(*errors);
    return {};
  }
  Reader reader(file, {}, "/etc/immure/profiles", someone);
  reader.set_asked_by(nowhere);
  ProfileLayer layer;
  read_keys(reader, std::get<Node>(document), layer);
  EXPECT_TRUE(reader.errors().empty()) << testing::printed(reader.errors());
  return std::move(layer.spec);
}

SandboxSpec layer_of(const std::vector<ProfileLine>& lines) { return layer_of(text_of(lines)); }

SandboxSpec laid(const std::vector<SandboxSpec>& layers) {
  SandboxSpec result;
  Errors warnings;
  for (const SandboxSpec& layer : layers) merge(result, layer, warnings);
  return result;
}

// Sets mean the same in any order.
SandboxSpec settled(SandboxSpec spec) {
  for (SetEdit* set :
       {&spec.best_effort, &spec.caps.keep, &spec.caps.bounding, &spec.seccomp.allow,
        &spec.seccomp.deny, &spec.seccomp.sockets, &spec.seccomp.arch, &spec.process.pass_fds,
        &spec.process.personality, &spec.lint.allow, &spec.landlock.tcp_bind.edit,
        &spec.landlock.tcp_connect.edit, &spec.landlock.scope.edit}) {
    std::ranges::sort(set->items, {}, &SetItem::text);
  }
  for (auto& [name, intent] : spec.allow) {
    std::ranges::sort(intent.value->items.items, {}, &SetItem::text);
  }
  return spec;
}

// All rows that a sandbox is made of, each with a name where one is needed.
struct Key {
  SchemaRow row;
  std::string_view name;
};
std::vector<Key> keys() {
  std::vector<Key> all;
  for (const SchemaRow& row : schema()) {
    if (!testing::says_something(row)) continue;
    const auto names = RandomProfile::names_for(row);
    all.push_back({row, names.empty() ? std::string_view() : names.front()});
  }
  return all;
}

TEST(MergeLaws, TheOrderOfKeysMeansNothing) {
  RandomProfile maker(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<SandboxSpec> layers;
    std::vector<SandboxSpec> others;
    for (int i = 0; i < 3; ++i) {
      const std::vector<ProfileLine> lines = maker.lines(kSparse);
      layers.push_back(layer_of(lines));
      others.push_back(layer_of(maker.reordered(lines)));
    }
    ASSERT_EQ(settled(laid(layers)), settled(laid(others))) << "round " << round;
    ASSERT_EQ(laid(layers).mounts, laid(others).mounts) << "round " << round;
  }
  // So that all of this was said of every key.
  for (const SchemaRow& row : schema()) {
    const bool is_part = row.key.starts_with("fs.*.") || row.key.starts_with("env.*.");
    if (!testing::says_something(row) && (!is_part || row.type == ValueType::table)) continue;
    EXPECT_TRUE(maker.used().contains(row.key)) << row.key;
  }
}

TEST(MergeLaws, ALayerOnItselfChangesNothing) {
  RandomProfile maker(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const SandboxSpec below = layer_of(maker.lines(kSparse));
    const SandboxSpec above = layer_of(maker.lines(kSparse));
    ASSERT_EQ(settled(laid({below, above, above})), settled(laid({below, above})))
        << "round " << round;
  }
}

// A key that merge() forgot would be lost without a word.
TEST(MergeLaws, NoKeyIsLost) {
  RandomProfile maker(kSeed);
  maker.only_add();
  for (const Key& key : keys()) {
    const ProfileLine line = maker.line(key.row, key.name);
    const SandboxSpec layer = layer_of({line});
    EXPECT_NE(layer, SandboxSpec()) << line.text();
    EXPECT_EQ(laid({layer}), layer) << line.text();
  }
}

// What an earlier layer says of the key is as if it had not been said.
TEST(MergeLaws, ALaterLayerReplacesAValueWhole) {
  RandomProfile maker(kSeed);
  const Circumstances someone = testing::someone();
  for (int round = 0; round < 30; ++round) {
    const SandboxSpec lower = laid({layer_of(maker.lines(2))});
    for (const Key& key : keys()) {
      if (key.row.key == "seccomp.rules") continue;  // are added to
      ProfileLine line = maker.line(key.row, key.name);
      if (line.is_set) line.items.emplace_back(R"("!*")");
      const SandboxSpec upper = layer_of({line});
      SandboxSpec without = lower;
      const auto reset = reset_key(without, line.key, someone, {});
      ASSERT_FALSE(std::holds_alternative<Error>(reset)) << line.key << " can't be unset";
      ASSERT_EQ(laid({without, upper}), laid({lower, upper})) << line.text();
    }
  }
}

TEST(MergeLaws, RulesOfALaterLayerComeFirst) {
  const SandboxSpec lower = layer_of(R"(seccomp.rules = [
    { syscalls = ["uname"], action = "kill" }, { syscalls = ["bpf"], action = "log" } ])");
  const SandboxSpec upper =
      layer_of(R"(seccomp.rules = [{ syscalls = ["uname"], action = "allow" }])");
  std::string order;
  for (const FilterRule& rule : laid({lower, upper}).seccomp.rules) {
    order += rule.syscalls[0].text + ' ' + rule.action.text + '\n';
  }
  EXPECT_EQ(order, "uname allow\nuname kill\nbpf log\n");
}

TEST(MergeLaws, AGroupOfALaterLayerIsAboveThoseBelow) {
  const SandboxSpec result = laid({layer_of(R"(seccomp.allow = ["@mount", "@swap", "uname"])"),
                                   layer_of(R"(seccomp.deny = ["@network-io"])"),
                                   layer_of(R"(seccomp.allow = ["@swap"])")});
  std::map<std::string, unsigned> layers;
  for (const SetEdit* set : {&result.seccomp.allow, &result.seccomp.deny}) {
    for (const SetItem& item : set->items) layers[item.text] = item.layer;
  }
  const std::map<std::string, unsigned> wanted{
      {"@mount", 0}, {"uname", 0}, {"@network-io", 1}, {"@swap", 2}};
  EXPECT_EQ(layers, wanted);
}

TEST(MergeLaws, FamiliesAreTakenFromThoseOfTheBaseWhereThereAreNoOthers) {
  const auto families = [](const std::vector<SandboxSpec>& layers) {
    std::string all;
    for (const SetItem& item : laid(layers).seccomp.sockets.items) all += item.text + ' ';
    return all;
  };
  const SandboxSpec less = layer_of(R"(seccomp.sockets = ["!inet", "!inet6"])");
  EXPECT_EQ(families({less}), "unix netlink ");
  EXPECT_EQ(families({layer_of(R"(seccomp.sockets = ["inet", "can"])"), less}), "can ");
  EXPECT_EQ(families({layer_of("seccomp.sockets = []")}), "");
  EXPECT_TRUE(layer_of("seccomp.sockets = []").seccomp.limits_sockets.is_set());
}

TEST(MergeLaws, ALaterLayerCanAlwaysTighten) {
  RandomProfile maker(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const SandboxSpec lower = laid({layer_of(maker.lines(2)), layer_of(maker.lines(2))});
    SandboxSpec strict = layer_of(R"(
root.writable = false
process.die_with_parent = true
process.keyring = "new"
process.pass_fds = ["!*"]
seccomp.base = "strict"
seccomp.deny = ["ptrace", "bpf", "uname", "keyctl"]
namespaces.net = "new"
namespaces.nested.user = 0
caps.keep = ["!*"]
limits.nofile = 1
best_effort = ["!*"]
user.groups = "drop"
)");
    for (const Mount& mount : lower.mounts) {
      strict.mounts.push_back({.target = mount.target, .what = NoMount{}});
    }
    for (const auto& [name, rule] : lower.env) {
      strict.env[name].set(EnvRule{.kind = EnvRule::Kind::unset}, {});
    }
    for (const auto& [name, intent] : lower.allow) {
      strict.allow[name].set({.kind = IntentValue::Kind::off}, {});
    }
    const SandboxSpec result = laid({lower, strict});
    EXPECT_EQ(result.root.writable, strict.root.writable);
    EXPECT_EQ(result.process.die_with_parent, strict.process.die_with_parent);
    EXPECT_EQ(result.process.keyring, strict.process.keyring);
    EXPECT_TRUE(result.process.pass_fds.items.empty());
    EXPECT_EQ(result.seccomp.base, strict.seccomp.base);
    EXPECT_TRUE(result.seccomp.allow.items.empty());
    EXPECT_EQ(result.namespaces.net, strict.namespaces.net);
    EXPECT_EQ(result.namespaces.nested.at("user"), strict.namespaces.nested["user"]);
    EXPECT_TRUE(result.caps.keep.items.empty());
    EXPECT_EQ(result.limits.rlimits.at("nofile"), strict.limits.rlimits["nofile"]);
    EXPECT_TRUE(result.best_effort.items.empty());
    EXPECT_EQ(result.user.groups, strict.user.groups);
    EXPECT_TRUE(result.mounts.empty());
    for (const auto& [name, rule] : result.env) {
      EXPECT_EQ(rule.value->kind, EnvRule::Kind::unset) << name;
    }
    for (const auto& [name, intent] : result.allow) {
      EXPECT_EQ(intent.value->kind, IntentValue::Kind::off) << name;
    }
  }
}

TEST(MergeLaws, MountsComeOutParentsFirstAndOnce) {
  RandomProfile maker(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Mount> mounts =
        laid({layer_of(maker.lines(2)), layer_of(maker.lines(2))}).mounts;
    for (std::size_t i = 1; i < mounts.size(); ++i) {
      EXPECT_NE(mounts[i - 1].target, mounts[i].target);
      EXPECT_LE(std::ranges::count(mounts[i - 1].target, '/'),
                std::ranges::count(mounts[i].target, '/'));
    }
  }
}

}  // namespace
}  // namespace immure
