#include "config/project.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/path.h"
#include "base/real_path.h"
#include "base/text.h"
#include "config/trust.h"

namespace immure {
namespace {

// Of a kernel before 5.8, which has no number for a mount, the file system's.
bool same_mount(const std::string& one, const std::string& other) {
  struct statx a {};
  struct statx b {};
  constexpr unsigned kWanted = STATX_TYPE | STATX_MNT_ID;
  if (::statx(AT_FDCWD, one.c_str(), 0, kWanted, &a) != 0) return false;
  if (::statx(AT_FDCWD, other.c_str(), 0, kWanted, &b) != 0) return false;
  return a.stx_mnt_id == b.stx_mnt_id && a.stx_dev_major == b.stx_dev_major &&
         a.stx_dev_minor == b.stx_dev_minor;
}

// Whether a file in `at`, on the way up from `directory`, counts there.
bool is_in_bounds(const std::string& directory, const std::string& at,
                  const Circumstances& circumstances) {
  const std::string home =
      circumstances.home.empty() ? std::string() : real_path_or_same(circumstances.home);
  const bool above_home = !home.empty() && home != at && is_within(home, at);
  return !above_home && same_mount(directory, at);
}

}  // namespace

std::string find_project_file(const std::string& directory, const Circumstances& circumstances) {
  if (directory.empty()) return {};
  for (std::string at = directory;; at = parent_of(at)) {
    // The name itself, also if it is a link that leads nowhere: that is to be told.
    std::string file = join(at, kProjectFile);
    // That the file system is silent is said where the directory is shown.
    if (circumstances.answers && !circumstances.answers(file)) return {};
    if (::faccessat(AT_FDCWD, file.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      return is_in_bounds(directory, at, circumstances) ? file : std::string();
    }
    if (at == circumstances.home || at == "/") return {};
  }
}

std::string find_trusted_file(const std::string& directory, const TrustedFiles& trusted,
                              const Circumstances& circumstances) {
  if (directory.empty() || trusted.empty()) return {};
  for (std::string at = directory;; at = parent_of(at)) {
    std::string file = join(at, kProjectFile);
    if (trusted.contains(file)) {
      if (circumstances.answers && !circumstances.answers(file)) return {};
      return is_in_bounds(directory, at, circumstances) ? file : std::string();
    }
    if (at == circumstances.home || at == "/") return {};
  }
}

Result<ProjectFile> read_project_file(const std::string& path, const Circumstances& circumstances) {
  auto trusted = read_trusted(circumstances);
  if (!trusted.ok()) return std::move(trusted.error());
  return read_project_file(path, trusted.value(), circumstances);
}

Result<ProjectFile> read_project_file(const std::string& path, const TrustedFiles& trusted,
                                      const Circumstances& circumstances) {
  auto found = read_profile_file(path, Links::refuse, {}, circumstances);
  if (!found) {
    return Error{.code = Code::extends_not_found, .doing = "there is no " + quote(path)};
  }
  if (!found->ok()) return std::move(found->error());
  ProjectFile project{.text = std::move(found->value())};
  project.text.project = project_name(project.text.directory);
  project.digest = sha256(project.text.source->text);
  if (const auto entry = trusted.find(path); entry != trusted.end()) {
    project.trust = entry->second == project.digest ? ProjectTrust::trusted : ProjectTrust::changed;
  }
  return project;
}

namespace {

std::string named(std::string_view directory, std::size_t digits) {
  const std::string_view base = directory == "/" ? "root" : base_name(directory);
  return std::string(base) + '-' + sha256(directory).substr(0, digits);
}

}  // namespace

std::string project_name(std::string_view directory) { return named(directory, 8); }

std::string project_state_name(std::string_view directory) { return named(directory, 32); }

}  // namespace immure
