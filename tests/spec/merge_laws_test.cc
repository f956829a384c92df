// Laws that hold for every profile, tried on many made by chance. The seed is fixed.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "spec/check.h"
#include "spec/merge.h"

namespace immure {
namespace {

constexpr int kRounds = 300;

class Maker {
 public:
  SandboxSpec layer() {
    SandboxSpec spec;
    for (const char* target : {"/a", "/a/b", "/c", "/c/d/e", "/f"}) {
      if (chance()) spec.mounts.push_back(mount(target));
    }
    std::shuffle(spec.mounts.begin(), spec.mounts.end(), random_);
    if (chance()) spec.hostname.set(word(), {});
    if (chance()) spec.root.writable.set(chance(), {});
    if (chance()) spec.process.die_with_parent.set(chance(), {});
    if (chance()) spec.process.command.set({word(), word()}, {});
    if (chance()) spec.seccomp.base.set(static_cast<FilterBase>(number(3)), {});
    if (chance()) spec.namespaces.net.set(static_cast<NamespaceChoice>(number(2)), {});
    for (const char* name : {"A", "B", "LC_*"}) {
      if (chance()) spec.env[name].set(EnvRule{.text = word()}, {});
    }
    for (const char* name : {"nofile", "as"}) {
      if (chance()) spec.limits.rlimits[name].set(LimitValue{.soft = 1, .hard = number(9) + 1}, {});
    }
    spec.caps.keep = set({"CAP_KILL", "CAP_CHOWN", "CAP_NET_RAW"});
    spec.process.personality = set({"linux32", "uname26"});
    return spec;
  }

  bool chance() { return number(2) == 0; }

  // The same layer with everything that is a map, or a set, written in another order.
  SandboxSpec reordered(SandboxSpec spec) {
    std::shuffle(spec.mounts.begin(), spec.mounts.end(), random_);
    std::shuffle(spec.caps.keep.items.begin(), spec.caps.keep.items.end(), random_);
    std::shuffle(spec.process.personality.items.begin(), spec.process.personality.items.end(),
                 random_);
    return spec;
  }

 private:
  unsigned number(unsigned below) {
    return std::uniform_int_distribution<unsigned>(0, below - 1)(random_);
  }
  std::string word() { return std::string(1, static_cast<char>('a' + number(26))); }
  Mount mount(const char* target) {
    Mount made{.target = target, .optional = chance()};
    switch (number(5)) {
      case 0:
        made.what = Bind{.read_only = chance()};
        break;
      case 1:
        made.what = Tmpfs{.size_bytes = number(100)};
        break;
      case 2:
        made.what = Hide{};
        break;
      case 3:
        made.what = NoMount{};
        break;
      default:
        made.what = Dir{};
    }
    return made;
  }
  SetEdit set(std::initializer_list<const char*> words) {
    SetEdit edit;
    for (const char* text : words) {
      if (chance()) edit.items.push_back({.text = text, .remove = number(3) == 0});
    }
    if (number(8) == 0) edit.items.push_back({.text = "*", .remove = true});
    return edit;
  }

  std::mt19937 random_{20260101};  // NOLINT(cert-msc51-cpp): the same rounds every time
};

SandboxSpec laid(const std::vector<SandboxSpec>& layers) {
  SandboxSpec result;
  Errors warnings;
  for (const SandboxSpec& layer : layers) merge(result, layer, warnings);
  return result;
}

// Sets mean the same in any order.
SandboxSpec settled(SandboxSpec spec) {
  const auto by_text = [](const SetItem& a, const SetItem& b) { return a.text < b.text; };
  std::ranges::sort(spec.caps.keep.items, by_text);
  std::ranges::sort(spec.process.personality.items, by_text);
  return spec;
}

TEST(MergeLaws, TheOrderOfKeysMeansNothing) {
  Maker maker;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<SandboxSpec> layers = {maker.layer(), maker.layer(), maker.layer()};
    std::vector<SandboxSpec> others;
    for (const SandboxSpec& layer : layers) others.push_back(maker.reordered(layer));
    EXPECT_EQ(settled(laid(layers)), settled(laid(others))) << "round " << round;
    EXPECT_EQ(laid(layers).mounts, laid(others).mounts) << "round " << round;
  }
}

TEST(MergeLaws, ALayerOnItselfChangesNothing) {
  Maker maker;
  for (int round = 0; round < kRounds; ++round) {
    const SandboxSpec below = maker.layer();
    const SandboxSpec above = maker.layer();
    EXPECT_EQ(settled(laid({below, above, above})), settled(laid({below, above})))
        << "round " << round;
  }
}

TEST(MergeLaws, WhatALaterLayerSaysHolds) {
  Maker maker;
  for (int round = 0; round < kRounds; ++round) {
    const SandboxSpec lower = laid({maker.layer(), maker.layer()});
    SandboxSpec strict;
    strict.root.writable.set(false, {});
    strict.process.die_with_parent.set(true, {});
    strict.seccomp.base.set(FilterBase::strict, {});
    strict.namespaces.net.set(NamespaceChoice::fresh, {});
    strict.caps.keep.items = {{.text = "*", .remove = true}};
    strict.limits.rlimits["nofile"].set(LimitValue{.soft = 1, .hard = 1}, {});
    for (const Mount& mount : lower.mounts) {
      strict.mounts.push_back({.target = mount.target, .what = NoMount{}});
    }
    for (const auto& [name, rule] : lower.env) {
      strict.env[name].set(EnvRule{.kind = EnvRule::Kind::unset}, {});
    }
    const SandboxSpec result = laid({lower, strict});
    EXPECT_EQ(result.root.writable, strict.root.writable);
    EXPECT_EQ(result.process.die_with_parent, strict.process.die_with_parent);
    EXPECT_EQ(result.seccomp, strict.seccomp);
    EXPECT_EQ(result.namespaces.net, strict.namespaces.net);
    EXPECT_TRUE(result.caps.keep.items.empty());
    EXPECT_EQ(result.limits.rlimits.at("nofile"), strict.limits.rlimits["nofile"]);
    EXPECT_TRUE(result.mounts.empty());
    for (const auto& [name, rule] : result.env) {
      EXPECT_EQ(rule.value->kind, EnvRule::Kind::unset) << name;
    }
  }
}

TEST(MergeLaws, MountsComeOutParentsFirstAndOnce) {
  Maker maker;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Mount> mounts = laid({maker.layer(), maker.layer()}).mounts;
    for (std::size_t i = 1; i < mounts.size(); ++i) {
      EXPECT_NE(mounts[i - 1].target, mounts[i].target);
      EXPECT_LE(std::ranges::count(mounts[i - 1].target, '/'),
                std::ranges::count(mounts[i].target, '/'));
    }
  }
}

}  // namespace
}  // namespace immure
