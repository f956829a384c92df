#include "plan/lower_operations.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

constexpr mode_t kFileMode = 0444;

// As bubblewrap says it: `errnum` in words goes behind.
Error fails(std::string text, int errnum, const Origin& origin) {
  return Error{
      .code = Code::setup_step, .doing = std::move(text), .errnum = errnum, .origin = origin};
}

// "/proc/self/ns/user"
bool is_own_namespace(const std::string& path) {
  constexpr std::string_view start = "/proc/self/ns/";
  constexpr std::array<std::string_view, 10> kinds = {
      "cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time", "time_for_children",
      "user",   "uts"};
  return path.starts_with(start) &&
         std::ranges::find(kinds, path.substr(start.size())) != kinds.end();
}

// Relative to the new root, in which it is looked up. Empty and "." parts are nothing; ".." leads
// out of what is there by then, which may be a link, and never out of the root.
std::string target_of(const std::string& words) {
  std::string target = normalize('/' + words);
  while (target.starts_with("/../")) target.erase(0, 3);
  if (target == "/..") return "";
  if (target.ends_with("/..")) target += "/.";  // what is made there needs a name that stays
  return std::string(relative_to_root(target));
}

class Operations {
 public:
  Operations(const OrderedSpec& spec, const OrderedHost& host, bool own_pids, LaunchPlan& plan)
      : spec_(spec), host_(host), own_pids_(own_pids), steps_(plan.setup) {}

  std::optional<Error> lower(const Operation& operation) {
    operation_ = &operation;
    target_ = target_of(operation.target);
    return std::visit([&](const auto& what) { return lay(what); }, operation.what);
  }

 private:
  using Kind = MakePlace::Kind;
  using Outcome = std::optional<Error>;

  void add(Step step) { steps_.push_back({std::move(step), operation_->origin}); }
  void add_place(Kind kind, mode_t mode) {
    if (target_.empty()) return;  // the root is there
    add(MakePlace{.target = target_, .kind = kind, .mode = mode, .parents = operation_->parents});
  }
  std::string below(std::string_view name) const {
    return target_.empty() ? std::string(name) : target_ + '/' + std::string(name);
  }

  // Where a source leads; an Error, or nothing where it may be missing and is.
  std::variant<std::monostate, ResolvedPath, Error> find(const std::string& source,
                                                         bool optional = false) {
    const std::string words = "Can't find source path " + source;
    // What is no file has no path to find: as realpath(3) says it.
    if (source.empty() || is_own_namespace(source) || (!is_absolute(source) && host_.cwd.empty())) {
      if (optional) return std::monostate{};
      return fails(words, ENOENT, operation_->origin);
    }
    const std::string path = is_absolute(source) ? source : join(host_.cwd, source);
    Result<ResolvedPath> found = host_.files->resolve(path);
    if (!found.ok()) return fails(words, found.error().errnum ? found.error().errnum : EIO, {});
    ResolvedPath& there = found.value();
    if (there.kind != FileKind::missing) {
      const bool is_entered = source.ends_with('/') || source.ends_with("/.");
      if (!is_entered || there.kind == FileKind::directory) return std::move(there);
      return fails(words, ENOTDIR, operation_->origin);
    }
    if (optional && there.errnum == ENOENT) return std::monostate{};
    return fails(words, there.errnum != 0 ? there.errnum : ENOENT, operation_->origin);
  }

  Outcome bind(std::string source, bool directory, const BindOperation& wanted) {
    // What is bound on the root before anything else becomes the root.
    auto* root = std::get_if<MakeRoot>(&steps_.back().what);
    if (root != nullptr && target_.empty() && directory && wanted.source_fd < 0) {
      *root = {
          .directory = std::move(source), .read_only = wanted.read_only, .devices = wanted.devices};
      steps_.back().origin = operation_->origin;
      return {};
    }
    add_place(directory ? Kind::directory : Kind::file, directory ? 0755 : kFileMode);
    add(BindMount{.source = std::move(source),
                  .target = target_,
                  .read_only = wanted.read_only,
                  .devices = wanted.devices,
                  .same_as = wanted.source_fd});
    return {};
  }

  // flatpak keeps the sandbox's user namespace so, for others to join: by the time of the mount
  // /proc/self is the sandbox's first process.
  Outcome bind_namespace(const std::string& source, const BindOperation& wanted) {
    add_place(Kind::file, kFileMode);
    add(BindMount{
        .source = source, .target = target_, .read_only = wanted.read_only, .late = true});
    return {};
  }

  Outcome lay(const BindOperation& wanted) {
    std::string source = wanted.source;
    if (wanted.source_fd >= 0) {
      source = host_.place_of(wanted.source_fd);
      if (source.empty()) {
        return fails("Can't find source path /proc/self/fd/" + std::to_string(wanted.source_fd),
                     errno, operation_->origin);
      }
    }
    if (wanted.optional && is_own_namespace(source)) return bind_namespace(source, wanted);
    auto found = find(source, wanted.optional);
    if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
    auto* there = std::get_if<ResolvedPath>(&found);
    if (there == nullptr) return {};
    return bind(std::move(there->canonical), there->kind == FileKind::directory, wanted);
  }

  Outcome lay(const TmpfsOperation& tmpfs) {
    add_place(Kind::directory, 0755);
    add(TmpfsMount{.target = target_,
                   .size_bytes = tmpfs.size_bytes,
                   .mode = tmpfs.mode,
                   .label = spec_.file_label});
    return {};
  }

  Outcome lay(const DirOperation& dir) {
    add_place(Kind::directory, dir.mode);
    return {};
  }

  // A number that nobody has open, or no longer, could be one of ours by then.
  Outcome take(int fd) {
    const bool once = std::ranges::find(taken_, fd) == taken_.end();
    taken_.push_back(fd);
    if (once && host_.is_open(fd)) return {};
    return fails("Can't write data to file " + operation_->target, EBADF, operation_->origin);
  }

  Outcome lay(const FileOperation& file) {
    if (Outcome failed = take(file.fd)) return failed;
    add_place(Kind::parents, 0);
    add(WriteFile{.target = target_, .from = file.fd, .mode = file.mode});
    return {};
  }

  Outcome lay(const DataOperation& data) {
    if (Outcome failed = take(data.fd)) return failed;
    add_place(Kind::file, kFileMode);
    add(CoverFile{.target = target_,
                  .content = {},
                  .mode = data.mode,
                  .read_only = data.read_only,
                  .from = data.fd});
    return {};
  }

  Outcome lay(const SymlinkOperation& link) {
    add_place(Kind::parents, 0);
    add(EnsureLink{.target = target_, .text = link.text});
    return {};
  }

  Outcome lay(const ChmodOperation& change) {
    add(ChangeMode{.target = target_, .mode = change.mode});
    return {};
  }

  Outcome lay(const RemountOperation& /*remount*/) {
    add(MakeReadOnly{.target = target_});
    return {};
  }

  Outcome lay(const ProcOperation& /*proc*/) {
    add_place(Kind::directory, 0755);
    if (own_pids_) {
      add(ProcMount{.target = target_});
    } else {
      add(BindMount{.source = "/proc", .target = target_, .read_only = false});
    }
    // Root of the host could write to these, in a user namespace, too: his id is enough. Nobody
    // else can.
    if (host_.uid != 0) return {};
    for (const std::string_view name : {"sys", "sysrq-trigger", "irq", "bus"}) {
      add(MaskProc{.target = below(name), .read_only = true});
    }
    return {};
  }

  Outcome lay(const DevOperation& /*dev*/) {
    add_place(Kind::directory, 0755);
    add(TmpfsMount{.target = target_, .label = spec_.file_label});
    for (const std::string_view name : {"null", "zero", "full", "random", "urandom", "tty"}) {
      if (Outcome failed = add_device("/dev/" + std::string(name), name)) return failed;
    }
    for (const auto& [name, text] :
         {std::pair("stdin", "/proc/self/fd/0"), std::pair("stdout", "/proc/self/fd/1"),
          std::pair("stderr", "/proc/self/fd/2"), std::pair("fd", "/proc/self/fd"),
          std::pair("core", "/proc/kcore")}) {
      add(MakeLink{.target = below(name), .text = text});
    }
    add(MakeDir{.target = below("shm")});
    add(MakeDir{.target = below("pts")});
    add(DevptsMount{.target = below("pts")});
    add(MakeLink{.target = below("ptmx"), .text = "pts/ptmx"});
    if (!host_.terminal.empty()) return add_device(host_.terminal, "console");
    return {};
  }

  Outcome add_device(const std::string& source, std::string_view name) {
    auto found = find(source);
    if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
    const std::string place = below(name);
    add(MakePlace{.target = place, .kind = Kind::file, .mode = kFileMode});
    add(BindMount{.source = std::get<ResolvedPath>(found).canonical,
                  .target = place,
                  .read_only = false,
                  .devices = true});
    return {};
  }

  Outcome lay(const MqueueOperation& /*mqueue*/) {
    add_place(Kind::directory, 0755);
    add(MqueueMount{.target = target_});
    return {};
  }

  Outcome lay(const OverlayOperation& overlay) {
    OverlayMount step{.target = target_, .read_only = overlay.read_only};
    const auto resolve = [&](const std::string& source, std::string& out) -> Outcome {
      auto found = find(source);
      if (auto* error = std::get_if<Error>(&found)) return std::move(*error);
      out = std::get<ResolvedPath>(found).canonical;
      return {};
    };
    const std::vector<std::string> downwards(overlay.lower.rbegin(), overlay.lower.rend());
    for (const std::string& lower : downwards) {
      step.lower.emplace_back();
      if (Outcome failed = resolve(lower, step.lower.back())) return failed;
    }
    if (!overlay.upper.empty()) {
      if (Outcome failed = resolve(overlay.upper, step.upper)) return failed;
      if (Outcome failed = resolve(overlay.work, step.work)) return failed;
    }
    add_place(Kind::directory, 0755);
    add(std::move(step));
    return {};
  }

  Outcome lay(const HostnameOperation& hostname) {
    add(SetHostname{hostname.name});
    return {};
  }

  const OrderedSpec& spec_;
  const OrderedHost& host_;
  bool own_pids_;
  std::vector<PlannedStep>& steps_;
  const Operation* operation_ = nullptr;
  std::string target_;      // of it, relative to the root
  std::vector<int> taken_;  // descriptors that a step reads
};

bool needs_scratch(const Operation& operation) {
  const auto* overlay = std::get_if<OverlayOperation>(&operation.what);
  return std::holds_alternative<DataOperation>(operation.what) ||
         (overlay != nullptr && (overlay->read_only || overlay->upper.empty()));
}

}  // namespace

std::optional<Error> lower_operations(const OrderedSpec& spec, const OrderedHost& host,
                                      bool own_pids, LaunchPlan& plan) {
  plan.setup.reserve(2 * spec.operations.size() + 32);
  // Below the root, so that the root can be covered, too.
  if (std::ranges::any_of(spec.operations, needs_scratch))
    plan.setup.push_back({MakeScratch{}, {}});
  const std::size_t root = plan.setup.size();
  plan.setup.push_back({MakeRoot{}, {}});
  Operations operations(spec, host, own_pids, plan);
  for (const Operation& operation : spec.operations) {
    if (std::optional<Error> failed = operations.lower(operation)) return failed;
  }
  const bool binds_all = std::ranges::any_of(plan.setup, [](const PlannedStep& planned) {
    const auto* bind = std::get_if<BindMount>(&planned.what);
    return bind != nullptr && bind->source == "/";
  });
  std::get<MakeRoot>(plan.setup[root].what).unbindable = binds_all;
  return {};
}

}  // namespace immure
