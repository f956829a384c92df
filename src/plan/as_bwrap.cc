#include "plan/as_bwrap.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/shell.h"
#include "base/text.h"
#include "plan/bwrap_dev.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

constexpr mode_t kDirMode = 0755;
constexpr mode_t kParentBits = 0055;  // that --perms takes from directories above, if it lacks them

std::string absolute(std::string_view target) { return '/' + std::string(target); }

// The mode that an option for the step would give as --perms.
mode_t mode_of(const Step& step) {
  if (const auto* tmpfs = std::get_if<TmpfsMount>(&step)) return tmpfs->mode;
  if (const auto* file = std::get_if<MakeFile>(&step)) return file->mode;
  if (const auto* cover = std::get_if<CoverFile>(&step)) return cover->mode;
  if (const auto* directory = std::get_if<MakeDir>(&step)) return directory->mode;
  return kDirMode;
}

// A mount that no option makes.
bool is_left_out(const Step& step) {
  return std::holds_alternative<MaskProc>(step) || std::holds_alternative<SysfsMount>(step) ||
         std::holds_alternative<CgroupMount>(step) || std::holds_alternative<DevptsMount>(step);
}

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::ranges::all_of(name, is_letter);
}

class Translator {
 public:
  explicit Translator(const LaunchPlan& plan) : plan_(plan), dev_(find_bwrap_dev(plan)) {}

  BwrapCommand run() {
    add_namespaces();
    for (at_ = 0; at_ < plan_.setup.size(); ++at_) {
      step_ = &plan_.setup[at_];
      if (is_dev()) continue;
      std::visit([this](const auto& step) { lay(step); }, step_->what);
    }
    lose_masks();
    if (shared_tmpfs_) lose("the one limit that all tmpfs share", shared_origin_);
    for (const PlannedStep& planned : plan_.command_setup) {
      step_ = &planned;
      std::visit([this](const auto& step) { lay(step); }, planned.what);
    }
    add_environment();
    add_command();
    return std::move(out_);
  }

 private:
  void add(std::vector<std::string> words, std::string shell = {}) {
    out_.options.push_back({std::move(words), std::move(shell)});
  }
  void lose(std::string what, const Origin& origin) {
    out_.losses.push_back({std::move(what), origin});
  }
  bool has(std::uint64_t flag) const { return (plan_.namespaces & flag) != 0; }

  void add_namespaces() {
    std::uint64_t fresh = plan_.namespaces;
    // A new one shows less than one that another made.
    for (const JoinedNamespace& joined : plan_.join) {
      fresh |= joined.flag;
      lose("the " + joined.kind + " namespace " + shown_source(joined) + ": a new one instead",
           joined.origin);
    }
    for (const auto& [flag, name] :
         {std::pair(CLONE_NEWUSER, "user"), std::pair(CLONE_NEWPID, "pid"),
          std::pair(CLONE_NEWIPC, "ipc"), std::pair(CLONE_NEWUTS, "uts"),
          std::pair(CLONE_NEWCGROUP, "cgroup"), std::pair(CLONE_NEWNET, "net")}) {
      if ((fresh & static_cast<std::uint64_t>(flag)) != 0) add({std::string("--unshare-") + name});
    }
    add_id("--uid", plan_.uid_map, plan_.uid_map_origin);
    add_id("--gid", plan_.gid_map, plan_.gid_map_origin);
    if (plan_.die_with_parent) add({"--die-with-parent"});
    if (!plan_.reaper) add({"--as-pid-1"});
  }

  // One id can be another inside; bubblewrap has no map of more.
  void add_id(const std::string& option, const std::string& map, const Origin& origin) {
    if (map.empty()) return;
    const std::string one = " 1\n";
    const std::size_t space = map.find(' ');
    if (map.find('\n') + 1 != map.size() || !map.ends_with(one)) {
      lose("the map of more than one " + option.substr(2), origin);
      return;
    }
    const std::string inside = map.substr(0, space);
    const std::string outside = map.substr(space + 1, map.size() - one.size() - space - 1);
    if (inside != outside) add({option, inside});
  }

  // What --dev stands for, which is put in the place of the first step that makes a part of it.
  bool is_dev() {
    if (!dev_ || !is_part_of(*dev_, step_->what)) return false;
    if (!dev_added_) add({"--dev", absolute(dev_->place)});
    dev_added_ = true;
    return does(*dev_, step_->what);
  }

  // --- Files and mounts ---

  // bubblewrap makes the mount point of what follows, and the directories above it.
  bool next_makes(std::string_view target) const {
    if (at_ + 1 == plan_.setup.size()) return false;
    const Step& next = plan_.setup[at_ + 1].what;
    const std::optional<std::string_view> place = place_of(next);
    if (!place || is_left_out(next)) return false;
    return *place == target ||
           (is_below(*place, target) && (mode_of(next) & kParentBits) == kParentBits);
  }

  void add_perms(std::vector<std::string> words, mode_t mode, mode_t usual,
                 std::string shell = {}) {
    if (mode != usual) words.insert(words.begin(), {"--perms", octal(mode, 4)});
    add(std::move(words), std::move(shell));
  }

  // `words` with a descriptor in their second place, that gives `content`.
  void add_content(std::vector<std::string> words, mode_t mode, mode_t usual,
                   const std::string& content) {
    while (std::ranges::find(plan_.pass_fds, next_fd_) != plan_.pass_fds.end()) ++next_fd_;
    const std::string number = std::to_string(next_fd_++);
    words.insert(words.begin() + 1, number);
    const std::string source =
        content.empty() ? "</dev/null" : "< <(printf " + shell_format(content) + ")";
    add_perms(std::move(words), mode, usual, number + source);
  }

  void lay(const MakeRoot& root) {
    if (!root.directory.empty()) {
      add({root.read_only ? "--ro-bind" : "--bind", root.directory, "/"});
      return;
    }
    std::vector<std::string> words = {"--tmpfs", "/"};
    if (root.size_bytes != 0) {
      words.insert(words.begin(), {"--size", std::to_string(root.size_bytes)});
    }
    add_perms(std::move(words), root.mode, kDirMode);
  }
  void lay(const MakeScratch& /*scratch*/) { shared_origin_ = step_->origin; }
  void lay(const MakeDir& directory) {
    if (directory.mode == kDirMode && next_makes(directory.target)) return;
    add_perms({"--dir", absolute(directory.target)}, directory.mode, kDirMode);
  }
  void lay(const MakeFile& file) {
    if (file.content.empty() && next_makes(file.target)) return;
    constexpr mode_t usual = 0666;
    add_content({"--file", absolute(file.target)}, file.mode, usual, file.content);
  }
  void lay(const CoverFile& cover) {
    constexpr mode_t usual = 0600;
    add_content({cover.read_only ? "--ro-bind-data" : "--bind-data", absolute(cover.target)},
                cover.mode, usual, cover.content);
  }
  void lay(const MakeLink& link) { add({"--symlink", link.text, absolute(link.target)}); }
  void lay(const EnsureLink& link) { add({"--symlink", link.text, absolute(link.target)}); }
  void lay(const BindMount& bind) {
    const std::string target = absolute(bind.target);
    const bool locked = bind.read_only && bind.devices;
    add({bind.devices ? "--dev-bind" : (bind.read_only ? "--ro-bind" : "--bind"), bind.source,
         target});
    if (locked) {
      add({"--remount-ro", target});
      lose("devices on " + escape(target) + ": what is read-only has none that can be used",
           step_->origin);
      lose("read-only for the mounts below " + escape(target), step_->origin);
    }
    if (!bind.executable) lose("noexec on " + escape(target), step_->origin);
    if (!bind.recursive) {
      lose("the mounts below " + escape(bind.source) + " left out of " + escape(target),
           step_->origin);
    }
  }
  void lay(const TmpfsMount& tmpfs) {
    const std::string target = absolute(tmpfs.target);
    std::vector<std::string> words = {"--tmpfs", target};
    if (tmpfs.size_bytes != 0) {
      words.insert(words.begin(), {"--size", std::to_string(tmpfs.size_bytes)});
    }
    add_perms(std::move(words), tmpfs.mode, kDirMode);
    if (tmpfs.read_only) add({"--remount-ro", target});
    if (tmpfs.shared) shared_tmpfs_ = true;
    if (!tmpfs.executable) lose("noexec on " + escape(target), step_->origin);
    if (tmpfs.inodes != 0) {
      lose("at most " + std::to_string(tmpfs.inodes) + " files on " + escape(target),
           step_->origin);
    }
  }
  void lay(const OverlayMount& overlay) {
    const std::string target = absolute(overlay.target);
    if (overlay.read_only && overlay.lower.size() == 1) {
      add({"--ro-bind", overlay.lower.front(), target});
      return;
    }
    const std::vector<std::string> upwards(overlay.lower.rbegin(), overlay.lower.rend());
    for (const std::string& lower : upwards) {
      add({"--overlay-src", lower});
    }
    if (overlay.read_only) {
      add({"--ro-overlay", target});
    } else if (overlay.upper.empty()) {
      add({"--tmp-overlay", target});
    } else {
      add({"--overlay", overlay.upper, overlay.work, target});
    }
  }
  void lay(const ProcMount& proc) {
    add({"--proc", absolute(proc.target)});
    if (proc.subset_pid || proc.hidepid_invisible) lose(describe(step_->what), step_->origin);
  }
  void lay(const MqueueMount& mqueue) { add({"--mqueue", absolute(mqueue.target)}); }
  void lay(const MaskProc& mask) {
    masks_ += (masks_.empty() ? "" : " ") + escape(absolute(mask.target));
    masks_origin_ = step_->origin;
  }
  void lay(const MakeReadOnly& made) { add({"--remount-ro", absolute(made.target)}); }
  void lay(const SealRoot& /*seal*/) {
    if (dev_added_ && !dev_->writable) add({"--remount-ro", absolute(dev_->place)});
    add({"--remount-ro", "/"});
  }
  void lay(const EnterRoot& /*enter*/) {}
  void lay(const LockMounts& /*lock*/) { lose(describe(step_->what), step_->origin); }
  void lay(const OpenQueues& /*queues*/) {}
  void lay(const LoopbackUp& /*loopback*/) {}  // --unshare-net does it

  void lose_masks() {
    if (!masks_.empty()) lose("the covers and locks of " + masks_, masks_origin_);
  }

  // --- The rest ---

  void lay(const SetHostname& host) { add({"--hostname", host.name}); }
  void lay(const WriteProc& write) {
    constexpr std::string_view maxima = "sys/user/max_";
    if (write.file.starts_with(maxima) && write.file.ends_with("_namespaces") &&
        write.value == "0") {
      // Without a user namespace, no other kind can be made.
      if (write.file == "sys/user/max_user_namespaces") add({"--disable-userns"});
      return;
    }
    lose(describe(step_->what), step_->origin);
  }
  void lay(const ChangeDirectory& change) { add({"--chdir", change.path}); }
  void lay(const NewSession& /*session*/) { add({"--new-session"}); }
  // Without a terminal of its own, the caller's at least can't be typed into.
  void lay(const OwnTerminal& /*own*/) { add({"--new-session"}); }
  void lay(const OpenTerminal& /*open*/) { lose("a terminal of its own", step_->origin); }
  void lay(const NoNewPrivileges& /*none*/) {}  // always
  void lay(const LimitPrivileges& limit) {
    const auto names = capability_names();
    for (std::size_t number = 0; number < names.size(); ++number) {
      if ((limit.keep >> number & 1U) != 0) add({"--cap-add", std::string(names[number])});
    }
    if (limit.bounding != limit.keep) lose("a bounding set of its own", step_->origin);
  }
  void lay(const RestrictSelf& /*rules*/) { lose("Landlock's rules", step_->origin); }
  void lay(const LoadFilter& filter) {
    lose("the system call filter: " + escape(filter.name), step_->origin);
  }
  // No option is like it.
  template <class Other>
  void lay(const Other& /*step*/) {
    lose(describe(step_->what), step_->origin);
  }

  void add_environment() {
    add({"--clearenv"});
    const std::vector<std::string>& secrets = plan_.command.secrets;
    for (const std::string& variable : plan_.command.environment) {
      const std::size_t equals = variable.find('=');
      const std::string name = variable.substr(0, equals);
      if (std::ranges::find(secrets, name) == secrets.end()) {
        add({"--setenv", name, variable.substr(equals + 1)});
      } else if (is_variable_name(name)) {
        add({"--setenv", name}, "\"$" + name + '"');
        lose("the value of " + name + ": the shell's own is passed", {});
      } else {
        lose("the variable " + escape(name), {});
      }
    }
  }

  void add_command() {
    const CommandPlan& command = plan_.command;
    for (const HostDirectory& made : plan_.host_directories) {
      lose(escape(made.path) + " on the host, which is not made", made.origin);
    }
    if (!plan_.state.path.empty()) {
      lose("the lock of " + escape(plan_.state.path), plan_.state.origin);
    }
    if (plan_.wall_ns != 0) lose("limits.wall", {});
    if (plan_.output_bytes) lose("limits.output", {});
    if (plan_.wait_for_all) lose("the wait for the last process of the sandbox", {});
    std::string kept;
    for (const int fd : plan_.pass_fds) kept += (kept.empty() ? "" : " ") + std::to_string(fd);
    lose("the caller's other open descriptors are closed" + (kept.empty() ? "" : ", but " + kept),
         {});
    if (command.argv.empty()) return;
    out_.command = command.argv;
    // A path is looked up from the caller's directory, and not from that of the command.
    std::string& program = out_.command.front();
    program = command.shown.contains('/') && !command.candidates.empty()
                  ? command.candidates.front()
                  : command.shown;
    if (program != command.argv.front()) add({"--argv0", command.argv.front()});
  }

  const LaunchPlan& plan_;
  BwrapCommand out_;
  const PlannedStep* step_ = nullptr;
  std::size_t at_ = 0;  // of it in plan_.setup
  int next_fd_ = STDERR_FILENO + 1;

  std::optional<BwrapDev> dev_;
  bool dev_added_ = false;
  bool shared_tmpfs_ = false;
  Origin shared_origin_;
  std::string masks_;
  Origin masks_origin_;
};

}  // namespace

BwrapCommand as_bwrap(const LaunchPlan& plan) { return Translator(plan).run(); }

}  // namespace immure
