// Landlock's rules only add up: what a rule gives at a path holds for all below it, and nothing
// takes it away again. So "/" gives reading and executing, and each place that a mount makes
// writable gives all rights; what a mount keeps read-only below a writable one, the mount alone
// keeps. A rule belongs to the file (the inode), by whatever path it is reached: that is what makes
// it a wall for descriptors that lead out of the sandbox.
#include "plan/lower_landlock.h"

#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "base/text_order.h"
#include "plan/best_effort.h"
#include "plan/lower_kernel_fs.h"

namespace immure {
namespace {

namespace files = landlock_files;

constexpr int kFilesAbi = 2;
constexpr int kTruncateAbi = 3;
constexpr int kTcpAbi = 4;
constexpr int kIoctlAbi = 5;
constexpr int kScopeAbi = 6;

using Rules = std::map<std::string, std::uint64_t, TextOrder>;

std::string inside(const std::string& target) { return "/" + target; }

// What the mount steps make writable, by where it is.
class MountRules {
 public:
  explicit MountRules(const RootTree& tree) : tree_(tree) {}

  void add(const Step& step) {
    std::visit([this](const auto& s) { note(s); }, step);
  }
  Rules take() { return std::move(rules_); }

  // The file system outside shows through a rule: nothing there proves that a ruleset holds.
  bool covers_outside() const { return covers_outside_; }

 private:
  void give(const std::string& target, std::uint64_t rights) {
    if (rights == 0) {
      rules_.erase(inside(target));
    } else {
      rules_[inside(target)] = rights;
    }
  }

  void note(const MakeRoot& s) {
    const bool writable = s.directory.empty() || !s.read_only;
    give("", writable ? files::all : files::look);
    covers_outside_ = s.directory == "/";
  }
  void note(const SealRoot& /*s*/) { give("", files::look); }
  void note(const BindMount& s) {
    if (s.pin) return;
    const TreeNode* node = tree_.node(inside(s.target));
    const bool directory = node == nullptr || node->shows == FileKind::directory;
    std::uint64_t rights = s.read_only ? 0 : files::all;
    if (is_plain_device(s.source)) rights = files::of_devices;
    if (s.read_only && s.devices) rights = files::of_devices;
    give(s.target, directory ? rights : rights & files::of_files);
    if (rights != 0 && is_within("/proc", s.source)) covers_outside_ = true;
  }
  void note(const CoverFile& s) { give(s.target, s.read_only ? 0 : files::of_files); }
  void note(const TmpfsMount& s) { give(s.target, s.read_only ? 0 : files::all); }
  void note(const OverlayMount& s) { give(s.target, s.read_only ? 0 : files::all); }
  void note(const ProcMount& s) { give(s.target, files::all); }
  void note(const MqueueMount& s) { give(s.target, files::all); }
  // The directory around it holds the device nodes.
  void note(const DevptsMount& s) {
    give(s.target, files::of_devices);
    const std::string devices(parent_of(inside(s.target)));
    rules_[devices] |= files::of_devices;
  }
  template <class Other>
  void note(const Other& /*s*/) {}

  const RootTree& tree_;
  Rules rules_;
  bool covers_outside_ = false;
};

// What the rules above a path give there.
std::uint64_t inherited(const Rules& rules, std::string_view path) {
  std::uint64_t rights = 0;
  while (path != "/") {
    path = parent_of(path);
    const auto rule = rules.find(path);
    if (rule != rules.end()) rights |= rule->second;
  }
  return rights;
}

// The nearest directory above that gives one of these rights.
std::string_view giver_of(const Rules& rules, std::string_view path, std::uint64_t rights) {
  while (path != "/") {
    path = parent_of(path);
    const auto rule = rules.find(path);
    if (rule != rules.end() && (rule->second & rights) != 0) break;
  }
  return path;
}

void drop_needless(Rules& rules) {
  std::vector<Rules::const_iterator> needless;  // seen before any goes
  for (auto rule = rules.cbegin(); rule != rules.cend(); ++rule) {
    if ((rule->second & ~inherited(rules, rule->first)) == 0) needless.push_back(rule);
  }
  for (const auto& rule : needless) rules.erase(rule);
}

class LandlockLayer {
 public:
  LandlockLayer(const SandboxSpec& spec, const Host& host, const RootTree& tree, LaunchPlan& plan,
                Errors& errors)
      : spec_(spec),
        landlock_(spec.landlock),
        tree_(tree),
        plan_(plan),
        errors_(errors),
        optional_(is_best_effort(spec, "landlock")),
        mode_(landlock_.mode.get_or(LandlockMode::automatic)),
        abi_(mode_ == LandlockMode::off ? 0 : host.landlock_abi.get()) {}

  void run() {
    if (mode_ == LandlockMode::off) return without("Landlock: it is off", landlock_.mode.origin);
    if (abi_ == 0) without("Landlock: not in this kernel (Linux 5.13 has it), or not enabled", {});
    step_.abi = abi_;
    add_files();
    add_ports(landlock_.tcp_bind, "tcp_bind", landlock_bind_tcp);
    add_ports(landlock_.tcp_connect, "tcp_connect", landlock_connect_tcp);
    add_scopes();
    if (step_.files == 0 && step_.tcp == 0 && step_.scoped == 0) return;
    choose_proof();
    plan_.command_setup.push_back({std::move(step_), landlock_.mode.origin, optional_});
  }

 private:
  void without(std::string what, const Origin& origin) {
    plan_.without.push_back({std::move(what), origin});
  }

  // What the profile asks for by name and this kernel lacks.
  void unavailable(const std::string& what, int abi, const Origin& origin) {
    if (optional_) {
      plan_.notes.push_back("goes on without what this host lacks (best_effort): " + what);
      return;
    }
    errors_.push_back({.code = Code::landlock_unavailable,
                       .doing = what + " can't be kept",
                       .reason = abi_ == 0
                                     ? "this kernel has no Landlock, or it is not enabled"
                                     : "this kernel has ABI " + std::to_string(abi_) +
                                           " of Landlock, and it takes ABI " + std::to_string(abi),
                       .origin = origin,
                       .hint = "immure doctor says what is missing\nto go on without: best_effort "
                               "= [\"landlock\"]"});
  }

  void rule_error(std::string what, std::string reason, const Origin& origin, std::string hint) {
    errors_.push_back({.code = Code::landlock_rules,
                       .doing = std::move(what),
                       .reason = std::move(reason),
                       .origin = origin,
                       .hint = std::move(hint)});
  }

  void add_files();
  void open_queues();
  void add_entry(const std::string& path, const Setting<std::vector<std::string>>& words,
                 Rules& rules);
  void check_entries(const Rules& rules);
  void add_ports(const LandlockSet& ports, const std::string& key, std::uint64_t right);
  void add_scopes();
  void choose_proof();

  const SandboxSpec& spec_;
  const Landlock& landlock_;
  const RootTree& tree_;
  LaunchPlan& plan_;
  Errors& errors_;
  bool optional_;
  LandlockMode mode_;
  int abi_;
  RestrictSelf step_;
  Rules entries_;  // of [landlock.fs], by their paths without links
  bool covers_outside_ = false;
};

void LandlockLayer::add_files() {
  const bool required = mode_ == LandlockMode::require;
  if (mode_ == LandlockMode::scope) return;
  const Origin& asked = required || landlock_.fs.empty() ? landlock_.mode.origin
                                                         : landlock_.fs.begin()->second.origin;
  const bool wished = required || !landlock_.fs.empty();
  if (mounts_inside(spec_)) {
    if (wished && !optional_) {
      return rule_error(required ? "landlock.mode = \"require\" excludes mounts inside"
                                 : "[landlock.fs] excludes mounts inside",
                        "Landlock refuses every mount where it has rules for files", asked,
                        "take allow.nested (namespaces.nested.user, CAP_SYS_ADMIN) away, or the "
                        "rules");
    }
    return without("Landlock rules for files: they would refuse the mounts of sandboxes inside",
                   landlock_.mode.origin);
  }
  const int needed = landlock_.fs.empty() ? kFilesAbi : kTruncateAbi;
  if (wished && abi_ < needed) {
    return unavailable(required ? "landlock.mode = \"require\"" : "[landlock.fs]", needed, asked);
  }
  if (abi_ != 0 && abi_ < kFilesAbi) {
    return without("Landlock rules for files: ABI 1 refuses too much; Linux 5.19 has ABI 2", {});
  }
  if (abi_ == 0) return;
  if (abi_ < kTruncateAbi) without("Landlock for truncating files (Linux 6.2 has it)", {});
  if (abi_ < kIoctlAbi) without("Landlock for ioctls of devices (Linux 6.10 has it)", {});

  MountRules mounts(tree_);
  for (const PlannedStep& planned : plan_.setup) mounts.add(planned.what);
  Rules rules = mounts.take();
  covers_outside_ = mounts.covers_outside();
  for (const auto& [path, words] : landlock_.fs) add_entry(path, words, rules);
  check_entries(rules);
  drop_needless(rules);

  step_.files = landlock_file_rights(abi_);
  for (const auto& [path, rights] : rules) {
    if ((rights & step_.files) != 0) step_.paths.push_back({path, rights & step_.files});
  }
  open_queues();
  step_.descriptors = {0, 1, 2};
  step_.descriptors.insert(step_.descriptors.end(), plan_.pass_fds.begin(), plan_.pass_fds.end());
}

// mq_open(3) takes no path: its queues lie in a file system of their own, which takes a rule of its
// own where no mount shows it. That of the host's queues cannot be opened without privilege.
void LandlockLayer::open_queues() {
  const bool mounted = std::ranges::any_of(plan_.setup, [](const PlannedStep& planned) {
    return std::holds_alternative<MqueueMount>(planned.what);
  });
  const bool own =
      (plan_.namespaces & CLONE_NEWIPC) != 0 ||
      std::ranges::any_of(plan_.join, [](const auto& one) { return one.flag == CLONE_NEWIPC; });
  if (mounted || !own) return;
  const auto enter = std::ranges::find_if(plan_.setup, [](const PlannedStep& planned) {
    return std::holds_alternative<EnterRoot>(planned.what);
  });
  plan_.setup.insert(enter, {OpenQueues{}, {}});
}

void LandlockLayer::add_entry(const std::string& path,
                              const Setting<std::vector<std::string>>& words, Rules& rules) {
  Result<Seen> looked = tree_.look(path);
  if (!looked.ok()) {
    errors_.push_back(looked.error());
    errors_.back().origin = words.origin;
    return;
  }
  const Seen& seen = looked.value();
  if (!seen.exists() && seen.sure) {
    return rule_error(quote(path) + " can't have rights", "it isn't there in the sandbox",
                      words.origin, "show it first, in [fs], or take the line away");
  }
  std::uint64_t rights = 0;
  for (const std::string& word : *words.value) rights |= landlock_rights_of(word);
  if (seen.exists() && seen.kind != FileKind::directory) rights &= files::of_files;
  rules[seen.path] = rights;
  entries_[seen.path] = rights;
}

// A right that is not given here but above is there all the same.
void LandlockLayer::check_entries(const Rules& rules) {
  for (const auto& [path, words] : landlock_.fs) {
    const Result<Seen> seen = tree_.look(path);
    const auto entry = seen.ok() ? entries_.find(seen.value().path) : entries_.end();
    if (entry == entries_.end()) continue;
    std::uint64_t above = inherited(rules, entry->first);
    if (seen.value().kind != FileKind::directory) above &= files::of_files;
    const std::uint64_t more = above & ~entry->second;
    if (more == 0) continue;
    const std::string giver = quote(giver_of(rules, entry->first, more));
    rule_error(quote(path) + " can't be held to " + landlock_words(entry->second, files::all),
               giver + " above it gives " + landlock_words(more, files::all) +
                   " besides, and rights add up",
               words.origin,
               "give less there, in [landlock.fs]: " + giver + " = \"none\"\n" +
                   "or write what it has then: " + quote(path) + " = " +
                   quote(landlock_words(entry->second | above, files::all)));
  }
}

void LandlockLayer::add_ports(const LandlockSet& ports, const std::string& key,
                              std::uint64_t right) {
  if (!ports.given) return;
  const Origin origin = ports.edit.items.empty() ? Origin{} : ports.edit.items[0].origin;
  if (abi_ < kTcpAbi) return unavailable("landlock." + key, kTcpAbi, origin);
  step_.tcp |= right;
  for (const SetItem& item : ports.edit.items) {
    const auto number = static_cast<std::uint16_t>(std::strtoul(item.text.c_str(), nullptr, 10));
    const auto same = std::ranges::find(step_.ports, number, &LandlockPort::port);
    if (same != step_.ports.end()) {
      same->rights |= right;
    } else {
      step_.ports.push_back({number, right});
    }
  }
}

void LandlockLayer::add_scopes() {
  const auto wants = [&](std::string_view word) {
    return !landlock_.scope.given ||
           std::ranges::find(landlock_.scope.edit.items, word, &SetItem::text) !=
               landlock_.scope.edit.items.end();
  };
  std::uint64_t scoped = 0;
  if (wants("abstract-unix-socket")) scoped |= landlock_abstract_sockets;
  if (wants("signal")) scoped |= landlock_signals;
  if (scoped == 0) return;
  if (abi_ >= kScopeAbi) {
    step_.scoped = scoped;
    return;
  }
  if (landlock_.scope.given) {
    return unavailable("landlock.scope", kScopeAbi, landlock_.scope.edit.items[0].origin);
  }
  if (mode_ == LandlockMode::scope) {
    return unavailable("landlock.mode = \"scope\"", kScopeAbi, landlock_.mode.origin);
  }
  if (abi_ != 0) {
    without(
        "Landlock for signals and abstract sockets across the sandbox's edge (Linux 6.12 has it)",
        {});
  }
}

void LandlockLayer::choose_proof() {
  if (step_.files != 0 && !covers_outside_) {
    step_.proof = LandlockProof::directory;
  } else if ((step_.scoped & landlock_signals) != 0 && plan_.reaper) {
    step_.proof = LandlockProof::signal;
  } else if ((step_.scoped & landlock_abstract_sockets) != 0) {
    step_.proof = LandlockProof::socket;
  } else if (step_.tcp != 0) {
    const std::uint64_t right =
        step_.tcp & landlock_bind_tcp ? landlock_bind_tcp : landlock_connect_tcp;
    const auto gives = [&](std::uint16_t port) {
      return std::ranges::any_of(step_.ports, [&](const LandlockPort& rule) {
        return rule.port == port && (rule.rights & right) != 0;
      });
    };
    step_.refused_port = 65535;
    while (step_.refused_port > 1024 && gives(step_.refused_port)) --step_.refused_port;
    step_.proof = right == landlock_bind_tcp ? LandlockProof::bind : LandlockProof::connect;
  }
}

}  // namespace

bool mounts_inside(const SandboxSpec& spec) {
  const auto user = spec.namespaces.nested.find("user");
  if (user != spec.namespaces.nested.end() && user->second.get_or(0) > 0) return true;
  return keeps_sys_admin(spec);
}

bool keeps_sys_admin(const SandboxSpec& spec) {
  return std::ranges::any_of(spec.caps.keep.items, [](const SetItem& item) {
    return item.text == "CAP_SYS_ADMIN" || item.text == "ALL";
  });
}

void lower_landlock(const SandboxSpec& spec, const Host& host, const RootTree& tree,
                    LaunchPlan& plan, Errors& errors) {
  LandlockLayer(spec, host, tree, plan, errors).run();
}

}  // namespace immure
