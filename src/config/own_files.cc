#include "config/own_files.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/real_path.h"
#include "base/text.h"
#include "config/profile_file.h"
#include "config/project.h"
#include "config/writable_binds.h"
#include "spec/merge.h"

namespace immure {
namespace {

constexpr const char* kProfilesWhy = "always: your profiles are read-only inside";
constexpr std::size_t kMaxLinks = 40;  // as path_resolution(7) has it

// The text of a link; empty: it is none.
std::string link_text(const std::string& path) {
  std::array<char, PATH_MAX> text{};
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
}

// Where a path leads, or will lead when what is missing of it is made.
struct Way {
  std::string end;                 // without links
  std::vector<std::string> links;  // on the way, each with no link above it
  bool missing = false;
};

Way walk(const std::string& path) {
  Way way{.end = "/"};
  std::string rest = path;
  while (!rest.empty() && way.links.size() < kMaxLinks) {
    const std::size_t size = std::min(rest.find('/'), rest.size());
    const std::string part = rest.substr(0, size);
    rest.erase(0, size + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      way.end = std::string(parent_of(way.end));
      continue;
    }
    std::string next = (way.end == "/" ? std::string() : way.end) + '/' + part;
    const std::string text = link_text(next);
    if (text.empty()) {
      way.end = std::move(next);
      continue;
    }
    if (is_absolute(text)) way.end = "/";
    rest.insert(0, text + '/');
    way.links.push_back(std::move(next));
  }
  return way;
}

// Walks only where there are links, or something is missing.
Way way_of(const std::string& path) {
  std::string real = real_path(path);
  if (real == path) return {.end = std::move(real)};
  Way way = walk(path);
  way.missing = real.empty();
  return way;
}

class Keeper {
 public:
  Keeper(SandboxSpec& spec, const std::string& cwd) : binds_(spec), cwd_(cwd) {}

  // `real`: without links. `create`: the directory may be missing, and is made where the command
  // could make it. `why` begins with "always: ".
  void keep(const std::string& real, const char* why, bool create = false) {
    if (real.empty()) return;
    for (const Shown& shown : binds_.shown()) {
      if (is_within(shown.source, real)) {
        refuse_if_by_chance(shown, why);
      } else if (is_within(real, shown.source)) {
        binds_.keep(shown, real, why, create);
      }
    }
  }

  // The same where it may be closed to us: the command could open it.
  void keep_or_refuse(const std::string& path, const char* why) {
    const std::string closed = closed_directory(path);
    if (closed.empty()) return keep(real_path(path), why);
    for (const Shown& shown : binds_.shown()) {
      if (!is_within(closed, shown.source)) continue;
      return refuse(shown,
                    quote(path) + " can't be kept read-only: we may not enter " + quote(closed),
                    why, "a sandbox may have closed it: chmod u+x " + quote(closed));
    }
  }

  // What decides where the user's profiles are. No mount can be put over a link. `home`: a bind of
  // what lies there is judged by keep().
  void keep_links(const Way& way, const std::string& home) {
    for (const std::string& link : way.links) {
      refuse_to_show(link, home, " is a symlink to your profiles, which the sandbox could replace");
    }
    if (way.missing) refuse_to_show(way.end, home, " is missing, and the sandbox could make it");
  }

  Errors errors() { return std::move(errors_); }

 private:
  // A profile that names exactly such a place means it. An intent does not, nor does "${CWD}".
  void refuse_if_by_chance(const Shown& shown, const char* why) {
    const bool is_cwd = shown.source == cwd_;
    if (!is_cwd && !binds_.mount_of(shown).by_intent) return;
    refuse(shown, quote(shown.target) + " can't be writable", why,
           is_cwd ? "start in another directory, or without -w"
                  : "if it is meant, name it: --rw " + escape(shown.target));
  }

  void refuse_to_show(const std::string& real, const std::string& home, std::string_view why) {
    for (const Shown& shown : binds_.shown()) {
      const bool below = real != shown.source && is_within(real, shown.source);
      if (!below || is_within(shown.source, home)) continue;
      const std::string target = WritableBinds::inside(shown, real);
      if (binds_.is_covered(shown, target)) continue;
      return refuse(
          shown, quote(target) + std::string(why), kProfilesWhy,
          "show less of the host writable, or cover it: " + quote(target) + " = \"hide\"");
    }
  }

  void refuse(const Shown& shown, const std::string& what, std::string_view why, std::string hint) {
    constexpr std::string_view always = "always: ";
    Error error{.code = Code::refused_mount,
                .doing = what,
                .reason = std::string(why.substr(always.size())),
                .origin = binds_.mount_of(shown).origin,
                .hint = std::move(hint)};
    if (std::ranges::find(errors_, error) == errors_.end()) errors_.push_back(std::move(error));
  }

  WritableBinds binds_;
  const std::string& cwd_;
  Errors errors_;
};

// Profiles, drop-ins and intents that lie elsewhere, and are linked from where they are looked for.
void keep_linked(const std::string& directory, const std::string& home, Keeper& keeper) {
  struct Close {
    void operator()(DIR* open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, Close> open(::opendir(directory.c_str()));
  if (!open) return;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): this stream is ours alone
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name(&entry->d_name[0]);
    if (name == "." || name == "..") continue;
    std::string path = directory;
    path.append("/").append(name);
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
      const Way way = way_of(path);
      if (!way.missing) keeper.keep(way.end, kProfilesWhy);
      keeper.keep_links(way, home);
    }
    if (entry->d_type != DT_REG && name.ends_with(".toml.d")) keep_linked(path, home, keeper);
  }
}

void keep_profiles_of_user(const Circumstances& circumstances, Keeper& keeper) {
  const std::string directory = user_directory(circumstances);
  if (directory.empty()) return;
  Way way = way_of(directory);
  const bool missing = std::exchange(way.missing, false);
  keeper.keep_links(way, way.end);
  keeper.keep(way.end, kProfilesWhy, missing);
  if (missing) return;
  for (const char* name : {"/profiles", "/allow"}) {
    const std::string part = way.end + name;
    const Way to_part = link_text(part).empty() ? Way{} : way_of(part);
    if (!to_part.links.empty() && !to_part.missing) keeper.keep(to_part.end, kProfilesWhy);
    keeper.keep_links(to_part, way.end);
    keep_linked(part, way.end, keeper);
  }
}

}  // namespace

Errors keep_own_files_read_only(SandboxSpec& spec, const std::vector<LoadedProfile>& profiles,
                                const Circumstances& circumstances) {
  if (!has_writable_bind(spec)) return {};
  Keeper keeper(spec, circumstances.cwd);
  keeper.keep(real_path(find_project_file(circumstances.cwd, circumstances)),
              "always: a project file is read-only inside");
  keep_profiles_of_user(circumstances, keeper);
  keeper.keep_or_refuse(usual_state_directory(circumstances, ".writable"),
                        "always: what sandboxes could write is remembered there");
  keeper.keep(real_path("/proc/self/exe"), "always: immure itself is read-only inside");
  for (const LoadedProfile& profile : profiles) {
    if (!is_absolute(profile.path)) continue;  // built in
    keeper.keep(real_path(profile.path), "always: a profile in use is read-only inside");
  }
  if (spec.seccomp.file.is_set()) {
    keeper.keep(real_path(*spec.seccomp.file.value),
                "always: the filter in use is read-only inside");
  }
  sort_by_depth(spec.mounts);
  return keeper.errors();
}

}  // namespace immure
