#include "commands/bound_sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "spec/lint.h"
#include "spec/refusals.h"

namespace immure {
namespace {

constexpr int kLevels = 2;
constexpr std::size_t kMostEntries = 20'000;  // of one bind: it takes no more than a few hundredths
constexpr std::size_t kNamed = 3;             // in one warning

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

class Search {
 public:
  Search(const SandboxSpec& spec, const Host& host, const Grant& grant)
      : spec_(spec), host_(host), grant_(grant) {}

  std::vector<std::string> run() {
    look_into(grant_.source, 1);
    std::ranges::sort(found_);
    return std::move(found_);
  }

 private:
  void look_into(const std::string& path, int level) {
    // Where another file system begins there may be no answer: this one waits for 5 s at most.
    const auto resolved = host_.files->resolve(path);
    if (!resolved.ok() || resolved.value().kind != FileKind::directory) return;
    const Directory directory(::opendir(path.c_str()));
    if (!directory) return;
    std::vector<std::string> below;
    while (const dirent* entry = ::readdir(directory.get())) {
      const std::string name = entry->d_name;  // NOLINT(*-array-to-pointer-decay)
      if (name == "." || name == "..") continue;
      if (++entries_ > kMostEntries) return;
      const unsigned char type =
          entry->d_type == DT_UNKNOWN ? type_of(directory.get(), name) : entry->d_type;
      std::string inner = path;
      inner.append(path == "/" ? "" : "/").append(name);
      if (!is_uncovered(spec_, grant_, inner)) continue;
      if (type == DT_SOCK) {
        found_.push_back(std::move(inner));
      } else if (type == DT_DIR && level < kLevels) {
        below.push_back(std::move(inner));
      }
    }
    for (const std::string& inner : below) look_into(inner, level + 1);
  }

  static unsigned char type_of(DIR* directory, const std::string& name) {
    struct stat status {};
    if (::fstatat(::dirfd(directory), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return DT_UNKNOWN;
    }
    return static_cast<unsigned char>(IFTODT(status.st_mode));
  }

  const SandboxSpec& spec_;
  const Host& host_;
  const Grant& grant_;
  std::vector<std::string> found_;
  std::size_t entries_ = 0;
};

std::string named(const std::vector<std::string>& sockets) {
  std::string text;
  for (std::size_t i = 0; i < std::min(sockets.size(), kNamed); ++i) {
    text += (i == 0 ? "" : ", ") + quote(sockets[i]);
  }
  if (sockets.size() > kNamed) text += " and " + std::to_string(sockets.size() - kNamed) + " more";
  return text;
}

}  // namespace

Errors bound_sockets(const SandboxSpec& spec, const Host& host, bool shipped) {
  Errors warnings;
  for (const Mount& mount : spec.mounts) {
    const auto* bind = std::get_if<Bind>(&mount.what);
    if (bind == nullptr || mount.glob) continue;
    if (!shipped && mount.origin.file && mount.origin.file->shipped) continue;
    const auto resolved = host.files->resolve(bind->source.empty() ? mount.target : bind->source);
    if (!resolved.ok() || resolved.value().kind != FileKind::directory) continue;
    const Grant grant{.source = resolved.value().canonical,
                      .target = mount.target,
                      .shown = mount.target,
                      .origin = mount.origin};
    const std::vector<std::string> sockets = Search(spec, host, grant).run();
    if (sockets.empty()) continue;
    warnings.push_back({.code = Code::lint_sockets,
                        .doing = quote(mount.target) +
                                 " shows sockets, and no mount keeps the command from "
                                 "connecting to them: " +
                                 named(sockets),
                        .origin = mount.origin,
                        .hint = "cover it: " + quote(inside_path(grant, sockets.front())) +
                                " = \"hide\"\n" + acknowledge(Code::lint_sockets, mount.origin)});
  }
  drop_allowed(warnings, spec);
  return warnings;
}

}  // namespace immure
