#include "config/mount_entry.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "base/text.h"

namespace immure {
namespace {

struct KernelWord {
  std::string_view word;
  KernelFs kind;
};
constexpr std::array<KernelWord, 5> kKernelWords = {{{"proc", KernelFs::proc},
                                                     {"devfs", KernelFs::devfs},
                                                     {"mqueue", KernelFs::mqueue},
                                                     {"sysfs", KernelFs::sysfs},
                                                     {"cgroup", KernelFs::cgroup}}};

// The type that a key of the table stands for.
std::string_view type_of_key(std::string_view name) {
  if (name == "src" || name == "access" || name == "dev" || name == "propagation" ||
      name == "recursive" || name == "follow" || name == "create") {
    return "bind";
  }
  if (name.starts_with("content") || name == "expand") return "file";
  if (name == "target") return "symlink";
  if (name == "lower" || name == "upper") return "overlay";
  if (name == "size" || name == "inodes") return "tmpfs";
  if (name == "mode") return "dir";
  if (name == "proc") return "proc";
  return {};
}

}  // namespace

// The most telling key wins, wherever it stands: { access = "rw", content = "…" } is a file.
std::string_view MountEntry::implied_type() const {
  static constexpr auto kTellingMost = std::to_array<std::string_view>(
      {"file", "symlink", "overlay", "proc", "tmpfs", "bind", "dir"});
  const auto* best = kTellingMost.end();
  for (const Given& given : given_) {
    best = std::min(best, std::ranges::find(kTellingMost, type_of_key(given.name)));
  }
  return best == kTellingMost.end() ? "bind" : *best;
}

bool MountEntry::only(std::string_view meaning, std::initializer_list<std::string_view> names) {
  bool good = true;
  for (const Given& given : given_) {
    if (std::find(names.begin(), names.end(), given.name) != names.end()) continue;
    reader_.fail(Code::unknown_key, given.place,
                 quote(given.name) + " means nothing for " + std::string(meaning) + " (" +
                     quote(key_) + ")");
    good = false;
  }
  return good;
}

bool MountEntry::build_bind(Place place, decltype(Mount::what)& what) {
  bool good = only("a bind", {"src", "access", "dev", "exec", "noexec", "recursive", "norec",
                              "follow", "create", "propagation"});
  if ((type == "ro" && access == "rw") || (type == "rw" && access == "ro")) {
    reader_.fail(Code::wrong_type, place,
                 quote(key_) + " has type " + quote(type) + ", but access " + quote(access),
                 "type = \"bind\" says nothing of the access");
    good = false;
  }
  const bool writable = type == "rw" || type == "dev" || access == "rw";
  Bind bind{.source = source.value_or(""),
            .read_only = !writable,
            .devices = type == "dev" || devices.value_or(false),
            .executable = exec.value_or(true),
            .recursive = recursive.value_or(true),
            .follow = follow.value_or(false),
            .create = create.value_or(false),
            .propagation = propagation.value_or(Propagation::isolated)};
  what = std::move(bind);
  return good;
}

bool MountEntry::build_overlay(decltype(Mount::what)& what) {
  bool good = only("an overlay", {"lower", "upper", "access", "src"});
  Overlay overlay{.lower = lower.value_or(std::vector<std::string>()), .upper = upper.value_or("")};
  if (source) {
    if (lower) {
      const auto given = std::find_if(given_.begin(), given_.end(),
                                      [](const Given& g) { return g.name == "src"; });
      reader_.fail(Code::overlay_dirs, given->place,
                   "both src and lower are given for " + quote(key_),
                   "lower names all layers, the topmost first");
      good = false;
    }
    overlay.lower = {*source};
  }
  // "ro" is the default of access, but not where a place for writes is named.
  overlay.read_only = access == "ro" || (access.empty() && lower && !upper);
  what = std::move(overlay);
  return good;
}

bool MountEntry::build_file(Place place, decltype(Mount::what)& what) {
  const bool good =
      only("a file", {"content", "content_base64", "content_fd", "expand", "access", "mode"});
  if (!content && !content_fd) {
    reader_.fail(Code::wrong_type, place, "the file " + quote(key_) + " has no content",
                 "give content, content_base64 or content_fd");
    return false;
  }
  if (content && content_fd) {
    reader_.fail(Code::wrong_type, place, "the file " + quote(key_) + " has two contents",
                 "give one of content, content_base64 and content_fd");
    return false;
  }
  what = FileContent{.content = content.value_or(""),
                     .content_fd = content_fd.value_or(-1),
                     .mode = mode.value_or(0644),
                     .read_only = access != "rw"};
  return good;
}

bool MountEntry::build(Place place, decltype(Mount::what)& what) {
  if (type.empty()) type = implied_type();
  if (type == "ro" || type == "rw" || type == "dev" || type == "bind")
    return build_bind(place, what);
  if (type == "overlay") return build_overlay(what);
  if (type == "file") return build_file(place, what);
  if (type == "hide") {
    what = Hide{};
    return only("\"hide\"", {});
  }
  if (type == "none") {
    what = NoMount{};
    return only("\"none\"", {});
  }
  if (type == "dir") {
    what = Dir{.mode = mode.value_or(0755)};
    return only("\"dir\"", {"mode"});
  }
  if (type == "tmpfs") {
    what = Tmpfs{.size_bytes = size.value_or(0),
                 .inodes = inodes.value_or(0),
                 .mode = mode.value_or(0755),
                 .executable = exec.value_or(true)};
    return only("\"tmpfs\"", {"size", "inodes", "mode", "exec", "noexec"});
  }
  if (type == "symlink") {
    if (!target || target->empty()) {
      reader_.fail(Code::wrong_type, place, "the symlink " + quote(key_) + " has no target",
                   "write { target = \"…\" }");
      return false;
    }
    what = Symlink{.text = *target};
    return only("a symlink", {"target"});
  }
  const auto* kernel = std::find_if(kKernelWords.begin(), kKernelWords.end(),
                                    [&](const KernelWord& word) { return word.word == type; });
  KernelMount mount = proc.value_or(KernelMount{});
  mount.kind = kernel->kind;
  what = mount;
  if (type == "proc") return only("\"proc\"", {"proc"});
  return only(quote(type), {});
}

}  // namespace immure
