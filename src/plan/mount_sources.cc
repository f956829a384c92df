#include "plan/mount_sources.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/alias_covers.h"
#include "plan/host_directories.h"
#include "plan/planted_links.h"
#include "plan/root_tree.h"

namespace immure {
namespace {

// Binds and overlays without a source of their own show the host's path at the same path.
bool is_identity(const Mount& mount) {
  if (const auto* bind = std::get_if<Bind>(&mount.what)) return bind->source.empty();
  if (const auto* overlay = std::get_if<Overlay>(&mount.what)) return overlay->lower.empty();
  return false;
}

bool follows(const Mount& mount) {
  const auto* bind = std::get_if<Bind>(&mount.what);
  return bind != nullptr && bind->follow;
}

bool creates(const Mount& mount) {
  const auto* bind = std::get_if<Bind>(&mount.what);
  return bind != nullptr && bind->create;
}

LinkUse use_of(const Mount& mount) {
  const auto* bind = std::get_if<Bind>(&mount.what);
  if (bind == nullptr) return LinkUse::read;  // the layers of an overlay
  if (!bind->read_only) return LinkUse::write;
  return mount.by_intent ? LinkUse::program : LinkUse::read;
}

class SourceFinder {
 public:
  SourceFinder(const SandboxSpec& spec, const Host& host, Errors& errors)
      : spec_(spec), host_(host), errors_(errors), planted_(host) {}

  MountSources find() {
    for (const Mount& mount : spec_.mounts) entries_.insert(mount.target);
    add_floor();
    find_writable();
    find_planted_directories();
    out_.items.reserve(out_.own.size() + spec_.mounts.size());
    for (const Mount& mount : out_.own) add(mount);
    for (const Mount& mount : spec_.mounts) add(mount);
    drop_doubles();
    cover_aliases(out_.items, *host_.files, errors_);
    const auto is_above = [](const MountItem& a, const MountItem& b) {
      return depth(a.target) < depth(b.target);
    };
    if (!std::ranges::is_sorted(out_.items, is_above)) {
      std::stable_sort(out_.items.begin(), out_.items.end(), is_above);
    }
    return std::move(out_);
  }

 private:
  void add_floor();
  void find_writable();
  void find_planted_directories();
  void add(const Mount& mount);
  void add_pattern(const Mount& mount);
  void add_identity(const Mount& mount, const std::string& path);
  void add_bind(const Mount& mount, const std::string& source);
  void add_overlay(const Mount& mount, const std::vector<std::string>& lower);
  void refuse_layer(const Mount& mount, const std::string& path);
  void drop_doubles();
  // False: an error was noted, or the entry is to be skipped.
  bool resolve(const Mount& mount, const std::string& path, ResolvedPath& resolved,
               bool& will_exist);
  bool is_reached(const Origin& origin, const std::string& path, const ResolvedPath& resolved,
                  LinkUse use);

  const SandboxSpec& spec_;
  const Host& host_;
  Errors& errors_;
  std::set<std::string_view> entries_;  // targets of the profile, as written
  PlantedLinks planted_;
  MountSources out_;
};

void SourceFinder::add_floor() {
  const auto keyed = [&](std::string_view target) { return entries_.contains(target); };
  if (spec_.root.dev.get_or(true) && !keyed("/dev")) {
    out_.own.push_back({.target = "/dev", .what = KernelMount{.kind = KernelFs::devfs}});
  }
  if (keyed("/proc")) return;
  switch (spec_.root.proc.get_or(ProcMode::fresh)) {
    case ProcMode::fresh:
      out_.own.push_back({.target = "/proc", .what = KernelMount{.kind = KernelFs::proc}});
      break;
    case ProcMode::host:
      out_.own.push_back({.target = "/proc",
                          .what = Bind{.source = "/proc", .executable = false},
                          .origin = spec_.root.proc.origin});
      break;
    case ProcMode::none:
      break;
  }
}

void SourceFinder::find_writable() {
  const auto note = [&](const std::string& path) {
    Result<ResolvedPath> resolved = host_.files->resolve(path);
    if (resolved.ok() && !resolved.value().canonical.empty()) {
      planted_.add_writable(std::move(resolved.value().canonical));
    }
  };
  const auto look_at = [&](const Mount& mount) {
    if (const auto* bind = std::get_if<Bind>(&mount.what); bind != nullptr && !bind->read_only) {
      if (mount.glob) {
        const Result<std::vector<std::string>> matches = host_.files->glob(mount.target);
        if (!matches.ok()) return;  // add_pattern() says so
        for (const std::string& match : matches.value()) note(match);
      } else {
        note(bind->source.empty() ? mount.target : bind->source);
      }
    }
    if (const auto* overlay = std::get_if<Overlay>(&mount.what)) {
      if (!overlay->upper.empty()) note(overlay->upper);
    }
  };
  for (const Mount& mount : out_.own) look_at(mount);
  for (const Mount& mount : spec_.mounts) look_at(mount);
  if (spec_.root.dir.is_set() && spec_.root.writable.get_or(false)) note(*spec_.root.dir.value);
}

// False: an error was noted.
bool SourceFinder::is_reached(const Origin& origin, const std::string& path,
                              const ResolvedPath& resolved, LinkUse use) {
  if (resolved.links.empty()) return true;
  std::optional<Error> refused = planted_.refuse(path, resolved, use);
  if (!refused) return true;
  refused->origin = origin;
  errors_.push_back(std::move(*refused));
  return false;
}

// The root and the uppers of overlays are sources too.
void SourceFinder::find_planted_directories() {
  const auto look_at = [&](const std::string& path, const Origin& origin, LinkUse use) {
    const Result<ResolvedPath> resolved = host_.files->resolve(path);
    if (resolved.ok()) (void)is_reached(origin, path, resolved.value(), use);
  };
  if (spec_.root.dir.is_set()) {
    const bool writes = spec_.root.writable.get_or(false);
    look_at(*spec_.root.dir.value, spec_.root.dir.origin, writes ? LinkUse::write : LinkUse::read);
  }
  for (const Mount& mount : spec_.mounts) {
    const auto* overlay = std::get_if<Overlay>(&mount.what);
    if (overlay == nullptr || overlay->upper.empty()) continue;
    look_at(overlay->upper, mount.origin, LinkUse::write);
  }
}

bool SourceFinder::resolve(const Mount& mount, const std::string& path, ResolvedPath& resolved,
                           bool& will_exist) {
  Result<ResolvedPath> result = host_.files->resolve(path);
  if (!result.ok()) {
    Error error = result.error();
    error.origin = mount.origin;
    errors_.push_back(std::move(error));
    return false;
  }
  resolved = std::move(result.value());
  if (!is_reached(mount.origin, path, resolved, use_of(mount))) return false;
  if (resolved.kind != FileKind::missing) return true;
  const bool is_state = !spec_.state.used.empty() && path == spec_.state.used;
  if ((creates(mount) || is_state) && resolved.errnum == ENOENT) {
    if (!add_missing_directories(host_, resolved.canonical, spec_.state.used, mount.origin,
                                 out_.created, errors_)) {
      return false;
    }
    resolved.kind = FileKind::directory;
    will_exist = true;
    return true;
  }
  // In a directory that may not be entered, but that the command can open to itself.
  const bool may_be_there = resolved.errnum == EACCES && use_of(mount) != LinkUse::write &&
                            planted_.is_writable(resolved.canonical);
  if (!mount.optional || may_be_there) {
    errors_.push_back(missing_source(mount, path, resolved.errnum));
  }
  return false;
}

void SourceFinder::add_identity(const Mount& mount, const std::string& path) {
  MountItem item{.target = path, .mount = &mount};
  ResolvedPath resolved;
  if (!resolve(mount, path, resolved, item.will_exist)) return;
  item.kind = resolved.kind;
  item.source = resolved.canonical;
  if (std::holds_alternative<Overlay>(mount.what)) {
    if (item.kind != FileKind::directory) return refuse_layer(mount, path);
    item.layers = {item.source};
  }
  if (!follows(mount)) {
    item.target = resolved.canonical;
    for (const LinkOnTheWay& link : resolved.links) {
      // Another entry of the profile makes something else of the link: it stays at its own name.
      const bool taken = link.path != path && entries_.contains(link.path);
      if (taken) {
        item.target = path;
        break;
      }
      out_.items.push_back(
          {.target = link.path, .mount = &mount, .is_link = true, .link_text = link.text});
    }
  }
  out_.items.push_back(std::move(item));
}

void SourceFinder::add_bind(const Mount& mount, const std::string& source) {
  MountItem item{.target = mount.target, .mount = &mount};
  ResolvedPath resolved;
  if (!resolve(mount, source, resolved, item.will_exist)) return;
  item.kind = resolved.kind;
  item.source = std::move(resolved.canonical);
  out_.items.push_back(std::move(item));
}

void SourceFinder::add_overlay(const Mount& mount, const std::vector<std::string>& lower) {
  MountItem item{.target = mount.target, .mount = &mount};
  for (const std::string& layer : lower) {
    ResolvedPath resolved;
    if (!resolve(mount, layer, resolved, item.will_exist)) return;
    if (resolved.kind != FileKind::directory) return refuse_layer(mount, layer);
    item.layers.push_back(std::move(resolved.canonical));
  }
  out_.items.push_back(std::move(item));
}

void SourceFinder::refuse_layer(const Mount& mount, const std::string& path) {
  errors_.push_back({.code = Code::overlay_dirs,
                     .doing = quote(path) + " is not a directory, so it can't be a layer of an "
                                            "overlay",
                     .origin = mount.origin,
                     .hint = R"(a file can be "ro" or "rw")"});
}

void SourceFinder::add_pattern(const Mount& mount) {
  const bool hide = std::holds_alternative<Hide>(mount.what);
  const Result<std::vector<std::string>> found =
      hide ? host_.files->glob_closed_too(mount.target) : host_.files->glob(mount.target);
  if (!found.ok()) {
    errors_.push_back(found.error());
    errors_.back().origin = mount.origin;
    return;
  }
  const std::vector<std::string>& matches = found.value();
  if (matches.empty() && !hide && !mount.optional) {
    errors_.push_back({.code = Code::glob_no_match,
                       .doing = "nothing matches the pattern " + quote(mount.target),
                       .origin = mount.origin,
                       .hint = R"(end the access word with "?" when that is no error)"});
  }
  for (const std::string& match : matches) {
    if (hide) {
      out_.items.push_back({.target = match, .mount = &mount});
    } else {
      add_identity(mount, match);
    }
  }
}

void SourceFinder::add(const Mount& mount) {
  if (mount.glob) return add_pattern(mount);
  if (is_identity(mount)) return add_identity(mount, mount.target);
  if (const auto* bind = std::get_if<Bind>(&mount.what)) return add_bind(mount, bind->source);
  if (const auto* overlay = std::get_if<Overlay>(&mount.what)) {
    return add_overlay(mount, overlay->lower);
  }
  out_.items.push_back({.target = mount.target, .mount = &mount});
}

// An entry for exactly this path says more than one that only leads here by a link.
void SourceFinder::drop_doubles() {
  std::erase_if(out_.items, [&](const MountItem& item) {
    return !item.is_link && item.target != item.mount->target && entries_.contains(item.target);
  });
}

}  // namespace

MountSources find_sources(const SandboxSpec& spec, const Host& host, Errors& errors) {
  return SourceFinder(spec, host, errors).find();
}

Error missing_source(const Mount& mount, const std::string& source, int errnum) {
  Error error{.doing = "mount " + quote(source), .errnum = errnum, .origin = mount.origin};
  if (const auto* bind = std::get_if<Bind>(&mount.what)) {
    error.doing += bind->read_only ? " read-only" : " writable";
    error.hint = bind->read_only ? "create it, or write \"ro?\" to skip it when it's missing"
                                 : "create it, or write \"rw?\" to skip it when it's missing";
  } else {
    error.doing += " as an overlay";
    error.hint = "create it, or write \"overlay?\" to skip it when it's missing";
  }
  if (!mount.origin.flag.empty()) {
    error.hint = "create it, or write \"" + escape(source) + "?\" to skip it when it's missing";
  }
  if (errnum != ENOENT && errnum != ENOTDIR) error.hint.clear();
  return error;
}

}  // namespace immure
