#include "config/protected_names.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/real_path.h"
#include "base/text.h"
#include "config/nested_names.h"
#include "config/writable_binds.h"
#include "spec/merge.h"

namespace immure {
namespace {

constexpr const char* kWhy = "fs_protect";

constexpr auto kNames = std::to_array<std::string_view>(
    {".immure.toml", ".envrc", ".vscode", ".idea", ".husky", ".mcp.json", ".claude/settings.json",
     ".claude/settings.local.json"});
// Of a repository: what names programs, and what says where the rest of it lies.
constexpr auto kGitNames =
    std::to_array<std::string_view>({"hooks", "config", "config.worktree", "info", "commondir"});

enum class There : std::uint8_t { missing, directory, other, closed };

// What stands at a name, itself: not what a link leads to.
There look(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == EACCES ? There::closed : There::missing;
  }
  return S_ISDIR(status.st_mode) ? There::directory : There::other;
}

class Protection {
 public:
  Protection(SandboxSpec& spec, const Circumstances& circumstances)
      : spec_(spec), circumstances_(circumstances), binds_(spec) {}

  Unprotected run() {
    const std::vector<Shown> shown = binds_.shown();
    for (const Shown& place : shown) {
      std::set<std::string> directories{place.source};
      for (const std::string& here : {circumstances_.cwd, circumstances_.project.get()}) {
        if (!here.empty() && is_within(here, place.source)) directories.insert(here);
      }
      for (const std::string& directory : directories) protect_in(place, directory);
    }
    if (!shown.empty()) sort_by_depth(spec_.mounts);
    return {.missing = {missing_.begin(), missing_.end()},
            .looked_in = {looked_in_.begin(), looked_in_.end()},
            .refused = std::move(refused_)};
  }

 private:
  void protect_in(const Shown& place, const std::string& directory) {
    if (circumstances_.answers && !circumstances_.answers(directory)) return;
    if (look(directory) != There::directory) return;
    looked_in_.insert(directory);
    for (const std::string_view name : kNames) protect(place, join(directory, name));
    const std::string git = join(directory, ".git");
    if (look(git) == There::directory) {
      protect_repository(place, git);
    } else {
      protect(place, git);
    }
    // A bare repository, or one whose directory is named by itself, as ${GIT_DIR}.
    if (look(join(directory, "HEAD")) == There::other &&
        (look(join(directory, "objects")) == There::directory ||
         look(join(directory, "commondir")) == There::other)) {
      protect_repository(place, directory);
    }
  }

  void protect_repository(const Shown& place, const std::string& directory) {
    for (const std::string_view name : kGitNames) protect(place, join(directory, name));
  }

  void protect(const Shown& place, const std::string& path) {
    switch (look(path)) {
      case There::missing:
        if (!is_granted(WritableBinds::inside(place, path))) missing_.insert(path);
        break;
      case There::closed:
        refuse(path);
        break;
      default:
        binds_.keep(place, path, kWhy);
    }
  }

  // The command may open the directory again, which an earlier one may have closed for that.
  void refuse(const std::string& path) {
    if (is_granted(path)) return;
    const std::string closed = closed_directory(path);
    if (closed.empty() || !closed_.insert(closed).second) return;
    refused_.push_back({.code = Code::refused_mount,
                        .doing = "keep " + quote(path) + " read-only",
                        .errnum = EACCES,
                        .origin = Origin{.flag = kWhy},
                        .hint = "we may not enter " + quote(closed) +
                                ", which a sandbox may have closed\n"
                                "look at what is in it, then chmod u+x " +
                                quote(closed)});
  }

  // By an entry for exactly this name.
  bool is_granted(const std::string& target) const {
    return std::ranges::any_of(spec_.mounts, [&](const Mount& mount) {
      const auto* bind = std::get_if<Bind>(&mount.what);
      return mount.target == target && bind != nullptr && !bind->read_only;
    });
  }

  SandboxSpec& spec_;
  const Circumstances& circumstances_;
  WritableBinds binds_;
  std::set<std::string> missing_, looked_in_, closed_;
  Errors refused_;
};

}  // namespace

std::span<const std::string_view> protected_names() { return kNames; }

std::span<const std::string_view> protected_git_names() { return kGitNames; }

Unprotected protect_names(SandboxSpec& spec, const Circumstances& circumstances) {
  if (!spec.fs_protect.get_or(true) || !has_writable_bind(spec)) return {};
  return Protection(spec, circumstances).run();
}

std::vector<std::string> made_since(const Unprotected& unprotected, timespec start) {
  std::vector<std::string> made;
  std::ranges::copy_if(unprotected.missing, std::back_inserter(made), [](const std::string& path) {
    const There there = look(path);
    return there == There::directory || there == There::other;
  });
  std::ranges::move(changed_below(unprotected.looked_in, start), std::back_inserter(made));
  return made;
}

}  // namespace immure
