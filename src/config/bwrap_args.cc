#include "config/bwrap_args.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>
#include <utility>

#include "config/bwrap_check.h"
#include "config/bwrap_options.h"
#include "config/bwrap_values.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

using enum BwrapOption;

class Parser {
 public:
  Parser(const BwrapCaller& caller, bool& level_prefix,
         const std::function<void(const std::string&)>& warn)
      : caller_(caller), level_prefix_(level_prefix), warn_(warn) {}

  std::variant<BwrapArguments, BwrapMistake> run(std::span<const std::string> words) {
    if (words.empty()) {
      out_.asks = BwrapArguments::Asks::usage;
      return std::move(out_);
    }
    const std::size_t used = parse(words, true);
    if (mistake_) return *std::move(mistake_);
    if (out_.asks != BwrapArguments::Asks::run) return std::move(out_);
    if (!layers_.empty()) return fail_here(kLayersAlone);
    if (const char* wrong = check_bwrap(out_, seen_words_, caller_)) return fail_here(wrong);
    spec_.command.assign(words.begin() + static_cast<std::ptrdiff_t>(used), words.end());
    if (spec_.command.empty()) out_.asks = BwrapArguments::Asks::usage;
    return std::move(out_);
  }

 private:
  static constexpr const char* kLayersAlone =
      "--overlay-src must be followed by another --overlay-src or one of --overlay, "
      "--tmp-overlay, or --ro-overlay";

  bool fail(std::string text, int errnum = 0) {
    if (!mistake_) mistake_ = BwrapMistake{std::move(text), errnum};
    return false;
  }
  BwrapMistake fail_here(std::string text) {
    fail(std::move(text));
    return *std::move(mistake_);
  }

  // Gives how many words were options. Stops at a mistake, or when --help or --version was asked.
  std::size_t parse(std::span<const std::string> words, bool on_command_line) {
    std::size_t at = 0;
    while (at < words.size()) {
      const std::string& word = words[at];
      if (word == "--") return at + 1;
      if (!word.starts_with('-')) return at;
      const BwrapRow* row = find_bwrap_option(word);
      if (row == nullptr) {
        fail("Unknown option " + word);
        return at;
      }
      const auto count = static_cast<std::size_t>(row->count());
      if (words.size() - at - 1 < count) {
        // As bubblewrap has it, for both.
        const std::string name = row->option == ro_bind_fd ? "--bind-fd" : word;
        fail(name + ' ' + std::string(row->missing));
        return at;
      }
      if (!take(*row, words.subspan(at + 1, count), on_command_line)) return at;
      at += count + 1;
    }
    return at;
  }

  bool take(const BwrapRow& row, std::span<const std::string> values, bool on_command_line) {
    const BwrapOption option = row.option;
    if (!layers_.empty() && option != overlay_src && option != overlay && option != tmp_overlay &&
        option != ro_overlay) {
      return fail(kLayersAlone);
    }
    if (option == args) {
      if (!on_command_line) return fail("--args not supported in arguments file");
      return take_block(values[0]);
    }
    if (option == help || option == version) {
      out_.asks = option == help ? BwrapArguments::Asks::help : BwrapArguments::Asks::version;
      return false;
    }
    if (!is_modified(option)) return false;
    warn_of_repetition(row);
    origin_ = Origin{.flag = "--" + std::string(row.name)};
    return take_namespace(option, values) || take_process(option, values) ||
           take_descriptor(option, values) || take_modifier(option, values) ||
           take_operation(option, values) || !mistake_;
  }

  bool take_block(const std::string& word) {
    int fd = -1;
    if (!descriptor(word, fd)) return false;
    std::string text;
    if (!read_to_end(fd, text)) return fail("Can't read --args data", errno);
    const std::vector<std::string> words = split_words(text);
    // What follows the options in the block is dropped, as bubblewrap does.
    parse(words, false);
    if (!mistake_) is_modified(args);  // a modifier does not reach out of its block
    return !mistake_ && out_.asks == BwrapArguments::Asks::run;
  }

  void warn_of_repetition(const BwrapRow& row) {
    constexpr std::array single = {chdir,      exec_label,
                                   file_label, sync_fd,
                                   block_fd,   userns_block_fd,
                                   info_fd,    json_status_fd,
                                   seccomp,    userns,
                                   userns2,    pidns,
                                   uid,        gid,
                                   hostname};
    if (std::ranges::find(single, row.option) == single.end()) return;
    if (std::ranges::find(seen_, row.option) == seen_.end()) {
      seen_.push_back(row.option);
      return;
    }
    warn_("Only the last --" + std::string(row.name) + " option will take effect");
  }

  bool descriptor(const std::string& word, int& fd) {
    const auto number = small_number(word);
    if (!number) return fail("Invalid fd: " + word);
    fd = *number;
    return true;
  }

  // One that only the sandbox's launcher and first process use.
  bool kept_descriptor(const std::string& word, int& fd) {
    if (!descriptor(word, fd)) return false;
    out_.descriptors.push_back(fd);
    return true;
  }

  // Each take_… gives true when the option is one of its own and was understood.
  bool take_namespace(BwrapOption option, std::span<const std::string> values) {
    switch (option) {
      case unshare_all:
        seen_words_.try_user = spec_.new_ipc = spec_.new_pid = spec_.new_net = spec_.new_uts = true;
        spec_.new_cgroup = spec_.new_cgroup || caller_.cgroup_namespaces;
        return true;
      case share_net:
        spec_.new_net = false;
        return true;
      case unshare_user:
        return spec_.new_user = true;
      case unshare_user_try:
        return seen_words_.try_user = true;
      case unshare_ipc:
        return spec_.new_ipc = true;
      case unshare_pid:
        return spec_.new_pid = true;
      case unshare_net:
        return spec_.new_net = true;
      case unshare_uts:
        return spec_.new_uts = true;
      case unshare_cgroup:
        return seen_words_.need_cgroup = spec_.new_cgroup = true;
      case unshare_cgroup_try:
        spec_.new_cgroup = spec_.new_cgroup || caller_.cgroup_namespaces;
        return true;
      case userns:
        return kept_descriptor(values[0], spec_.join_user);
      case userns2:
        return kept_descriptor(values[0], spec_.join_user_after);
      case pidns:
        return kept_descriptor(values[0], spec_.join_pid);
      case disable_userns:
        return spec_.refuse_user_namespaces = true;
      case assert_userns_disabled:
        return spec_.assert_refused = true;
      case uid:
        return id(values[0], "uid", spec_.uid);
      case gid:
        return id(values[0], "gid", spec_.gid);
      case hostname:
        seen_words_.hostname = true;
        return add(HostnameOperation{values[0]}, "");
      default:
        return false;
    }
  }

  bool id(const std::string& word, const char* kind, std::optional<uid_t>& out) {
    const auto number = small_number(word);
    if (!number) return fail(std::string("Invalid ") + kind + ": " + word);
    out = static_cast<uid_t>(*number);
    return true;
  }

  bool take_process(BwrapOption option, std::span<const std::string> values) {
    switch (option) {
      case chdir:
        spec_.directory = values[0];
        return true;
      case clearenv:
        spec_.environment.clear();
        return spec_.clear_environment = true;
      case setenv:
        if (values[0].empty() || values[0].contains('=')) return fail("setenv failed");
        spec_.environment.emplace_back(values[0], values[1]);
        return true;
      case unsetenv:
        if (values[0].empty() || values[0].contains('=')) return fail("unsetenv failed");
        spec_.environment.emplace_back(values[0], std::nullopt);
        return true;
      case argv0:
        if (spec_.argv0) return fail("--argv0 used multiple times");
        spec_.argv0 = values[0];
        return true;
      case new_session:
        return spec_.new_session = true;
      case die_with_parent:
        return spec_.die_with_parent = true;
      case as_pid_1:
        return spec_.as_pid_1 = true;
      case lock_file:
        spec_.lock_files.push_back(values[0]);
        return true;
      case cap_add:
      case cap_drop:
        return capability(values[0], option == cap_add);
      case exec_label:
        spec_.exec_label = values[0];
        return true;
      case file_label:
        spec_.file_label = values[0];
        return true;
      case level_prefix:
        return level_prefix_ = true;
      case not_a_security_boundary:
        return out_.not_a_boundary = true;
      default:
        return false;
    }
  }

  bool capability(const std::string& name, bool add_it) {
    std::uint64_t mask = 0;
    if (is_all(name)) {
      mask = add_it ? (2ULL << caller_.last_capability.get()) - 1 : ~0ULL;
    } else {
      // As libcap reads names: in any case, and with their prefix.
      std::string upper = name;
      std::ranges::transform(upper, upper.begin(),
                             [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      const std::optional<int> number = capability_number(upper);
      if (!number) return fail("unknown cap: " + name);
      mask = 1ULL << static_cast<unsigned>(*number);
    }
    if (!spec_.capabilities) spec_.capabilities = caller_.root ? caller_.capabilities : 0;
    if (add_it) {
      *spec_.capabilities |= mask;
    } else {
      *spec_.capabilities &= ~mask;
    }
    return true;
  }

  bool take_descriptor(BwrapOption option, std::span<const std::string> values) {
    switch (option) {
      case sync_fd:
        return kept_descriptor(values[0], spec_.sync_fd);
      case block_fd:
        return kept_descriptor(values[0], out_.block_fd);
      case userns_block_fd:
        return kept_descriptor(values[0], out_.userns_block_fd);
      case info_fd:
        return kept_descriptor(values[0], out_.info_fd);
      case json_status_fd:
        return kept_descriptor(values[0], out_.json_status_fd);
      case seccomp:
      case add_seccomp_fd: {
        if (option == seccomp && out_.filters_added) {
          return fail("--seccomp cannot be combined with --add-seccomp-fd");
        }
        if (option == add_seccomp_fd && one_filter_) {
          return fail("--add-seccomp-fd cannot be combined with --seccomp");
        }
        (option == seccomp ? one_filter_ : out_.filters_added) = true;
        int fd = -1;
        if (!descriptor(values[0], fd)) return false;
        if (option == seccomp) spec_.filters.clear();
        spec_.filters.push_back(fd);
        return true;
      }
      default:
        return false;
    }
  }

  bool octal(const std::string& word, const char* name, mode_t& mode) {
    const auto value = whole_number(word, 8);
    if (!value || *value < 0 || *value > 07777) {
      return fail(std::string(name) + " takes an octal argument <= 07777");
    }
    mode = static_cast<mode_t>(*value);
    return true;
  }

  bool take_modifier(BwrapOption option, std::span<const std::string> values) {
    if (option == perms) {
      if (perms_) return fail("--perms given twice for the same action");
      mode_t mode = 0;
      if (!octal(values[0], "--perms", mode)) return false;
      perms_ = mode;
      return true;
    }
    if (option == size) {
      if (size_) return fail("--size given twice for the same action");
      size_ = byte_count(values[0]);
      if (!size_) return fail("--size takes a non-zero number of bytes");
      if (*size_ <= kLargestTmpfs) return true;
      return fail("--size (for tmpfs) is limited to " + std::to_string(kLargestTmpfs));
    }
    return false;
  }

  // Nothing comes between a modifier and what it modifies but the other one.
  bool is_modified(BwrapOption option) {
    if (option == perms || option == size) return true;
    const bool has_mode = option == tmpfs || option == dir || option == file ||
                          option == bind_data || option == ro_bind_data;
    if (size_ && option != tmpfs) return fail("--size must be followed by --tmpfs");
    if (perms_ && !has_mode) {
      return fail("--perms must be followed by an option that creates a file");
    }
    return true;
  }

  // `has_mode`: it is one that --perms is for, which is used up then.
  bool add(decltype(Operation::what) what, const std::string& target, bool has_mode = false) {
    Operation operation{
        .what = std::move(what), .target = target, .parents = 0755, .origin = origin_};
    if (perms_ && has_mode) {
      constexpr mode_t group = 0050;
      constexpr mode_t others = 0005;
      if ((*perms_ & 0070) == 0) operation.parents &= ~group;
      if ((*perms_ & 0007) == 0) operation.parents &= ~others;
      perms_.reset();
    }
    spec_.operations.push_back(std::move(operation));
    return true;
  }

  bool take_operation(BwrapOption option, std::span<const std::string> values) {
    constexpr bool has_mode = true;
    const mode_t directory_mode = perms_.value_or(0755);
    int fd = -1;
    switch (option) {
      case bind:
      case bind_try:
      case dev_bind:
      case dev_bind_try:
      case ro_bind:
      case ro_bind_try:
        return add(BindOperation{.source = values[0],
                                 .read_only = option == ro_bind || option == ro_bind_try,
                                 .devices = option == dev_bind || option == dev_bind_try,
                                 .optional = option == bind_try || option == dev_bind_try ||
                                             option == ro_bind_try},
                   values[1]);
      case bind_fd:
      case ro_bind_fd:
        return descriptor(values[0], fd) &&
               add(BindOperation{.source = {}, .source_fd = fd, .read_only = option == ro_bind_fd},
                   values[1]);
      case remount_ro:
        return add(RemountOperation{}, values[0]);
      case proc:
        return add(ProcOperation{}, values[0]);
      case dev:
        return add(DevOperation{}, values[0]);
      case mqueue:
        return add(MqueueOperation{}, values[0]);
      case symlink:
        return add(SymlinkOperation{values[0]}, values[1]);
      case tmpfs: {
        const TmpfsOperation made{.size_bytes = size_.value_or(0), .mode = directory_mode};
        size_.reset();
        return add(made, values[0], has_mode);
      }
      case dir:
        return add(DirOperation{directory_mode}, values[0], has_mode);
      case file:
        return descriptor(values[0], fd) &&
               add(FileOperation{fd, perms_.value_or(0666)}, values[1], has_mode);
      case bind_data:
      case ro_bind_data:
        return descriptor(values[0], fd) &&
               add(DataOperation{fd, perms_.value_or(0600), option == ro_bind_data}, values[1],
                   has_mode);
      case chmod: {
        ChmodOperation change;
        return octal(values[0], "--chmod", change.mode) && add(change, values[1]);
      }
      case overlay_src:
        layers_.push_back(values[0]);
        return true;
      case overlay:
      case tmp_overlay:
      case ro_overlay:
        return add_overlay(option, values);
      default:
        return false;
    }
  }

  bool add_overlay(BwrapOption option, std::span<const std::string> values) {
    if (option == ro_overlay && layers_.size() < 2) {
      return fail("--ro-overlay requires at least two --overlay-src");
    }
    if (layers_.empty()) {
      return fail(std::string(option == overlay ? "--overlay" : "--tmp-overlay") +
                  " requires at least one --overlay-src");
    }
    OverlayOperation made{.lower = std::move(layers_)};
    layers_.clear();
    made.read_only = option == ro_overlay;
    if (option == overlay) {
      made.upper = values[0];
      made.work = values[1];
    }
    return add(std::move(made), values.back());
  }

  const BwrapCaller& caller_;
  bool& level_prefix_;
  const std::function<void(const std::string&)>& warn_;

  BwrapArguments out_;
  OrderedSpec& spec_ = out_.spec;
  std::optional<BwrapMistake> mistake_;
  std::vector<BwrapOption> seen_;  // of those of which only the last counts
  Origin origin_;

  std::optional<mode_t> perms_;
  std::optional<std::uint64_t> size_;
  std::vector<std::string> layers_;
  BwrapWords seen_words_;
  bool one_filter_ = false;
};

}  // namespace

std::variant<BwrapArguments, BwrapMistake> parse_bwrap(
    std::span<const std::string> words, const BwrapCaller& caller, bool& level_prefix,
    const std::function<void(const std::string&)>& warn) {
  return Parser(caller, level_prefix, warn).run(words);
}

}  // namespace immure
