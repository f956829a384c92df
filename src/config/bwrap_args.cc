#include "config/bwrap_args.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>
#include <utility>

#include "config/bwrap_check.h"
#include "config/bwrap_operations.h"
#include "config/bwrap_options.h"
#include "config/bwrap_values.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

using enum BwrapOption;

// As libcap reads them: names in any case, with their prefix, and numbers in the base that they
// show. cap_from_name(3)
std::optional<unsigned> capability_of(const std::string& name) {
  if (!name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) != 0) {
    constexpr long long sets_end = 64;
    const auto number = whole_number(name, 0);
    if (!number || *number >= sets_end) return std::nullopt;
    return static_cast<unsigned>(*number);
  }
  std::string upper = name;
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const std::optional<int> number = capability_number(upper);
  if (!number) return std::nullopt;
  return static_cast<unsigned>(*number);
}

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
    const bool runs = !mistake_.first && out_.asks == BwrapArguments::Asks::run;
    if (runs && operations_.are_complete()) {
      if (const char* wrong = check_bwrap(out_, seen_words_, caller_)) fail(wrong);
    }
    if (mistake_.first) return *std::move(mistake_.first);
    if (!runs) return std::move(out_);
    spec_.command.assign(words.begin() + static_cast<std::ptrdiff_t>(used), words.end());
    if (spec_.command.empty()) out_.asks = BwrapArguments::Asks::usage;
    return std::move(out_);
  }

 private:
  bool fail(std::string text, int errnum = 0) { return mistake_.fail(std::move(text), errnum); }

  // Gives how many words were options. Stops at a mistake, or when --help or --version was asked.
  std::size_t parse(std::span<const std::string> words, bool on_command_line) {
    std::size_t at = 0;
    while (at < words.size()) {
      const std::string& word = words[at];
      if (word == "--") return at + 1;
      if (!word.starts_with('-')) return at;
      const auto row = find_bwrap_option(word);
      if (!row) {
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
    if (!operations_.fits_layers(option)) return false;
    if (option == args) {
      if (!on_command_line) return fail("--args not supported in arguments file");
      return take_block(values[0]);
    }
    if (option == help || option == version) {
      out_.asks = option == help ? BwrapArguments::Asks::help : BwrapArguments::Asks::version;
      return false;
    }
    if (!operations_.fits_modifiers(option)) return false;
    warn_of_repetition(row);
    origin_ = Origin{.flag = "--" + std::string(row.name)};
    return take_namespace(option, values) || take_process(option, values) ||
           take_descriptor(option, values) || operations_.take(option, values, origin_) ||
           !mistake_.first;
  }

  bool take_block(const std::string& word) {
    int fd = -1;
    if (!mistake_.read_descriptor(word, fd)) return false;
    std::string text;
    if (!read_to_end(fd, text)) return fail("Can't read --args data", errno);
    const std::vector<std::string> words = split_words(text);
    // What follows the options in the block is dropped, as bubblewrap does.
    parse(words, false);
    if (!mistake_.first) operations_.fits_modifiers(args);  // none reaches out of its block
    return !mistake_.first && out_.asks == BwrapArguments::Asks::run;
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

  // One that only the sandbox's launcher and first process use.
  bool kept_descriptor(const std::string& word, int& fd) {
    if (!mistake_.read_descriptor(word, fd)) return false;
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
        return operations_.take(option, values, origin_);
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
        return label(values[0], spec_.exec_label);
      case file_label:
        return label(values[0], spec_.file_label);
      case level_prefix:
        return level_prefix_ = true;
      case not_a_security_boundary:
        return out_.not_a_boundary = true;
      default:
        return false;
    }
  }

  // An empty one would be none, though one was asked for.
  bool label(const std::string& word, std::string& out) {
    if (word.empty()) return fail("invalid label ");
    out = word;
    return true;
  }

  bool capability(const std::string& name, bool add_it) {
    std::uint64_t mask = 0;
    if (is_all(name)) {
      mask = add_it ? (2ULL << caller_.last_capability.get()) - 1 : ~0ULL;
    } else {
      const std::optional<unsigned> number = capability_of(name);
      // What this kernel does not have can be dropped, and cannot be had.
      if (!number || (add_it && *number > caller_.last_capability.get())) {
        return fail("unknown cap: " + name);
      }
      mask = 1ULL << *number;
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
        if (!mistake_.read_descriptor(values[0], fd)) return false;
        if (option == seccomp) spec_.filters.clear();
        spec_.filters.push_back(fd);
        return true;
      }
      default:
        return false;
    }
  }

  const BwrapCaller& caller_;
  bool& level_prefix_;
  const std::function<void(const std::string&)>& warn_;

  BwrapArguments out_;
  OrderedSpec& spec_ = out_.spec;
  BwrapMistakes mistake_;
  BwrapOperations operations_{spec_, mistake_};
  std::vector<BwrapOption> seen_;  // of those of which only the last counts
  Origin origin_;

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
