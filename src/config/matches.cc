#include "config/matches.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <set>
#include <string_view>

#include "base/path.h"
#include "base/real_path.h"
#include "base/text.h"
#include "config/profile_file.h"
#include "config/toml_profile.h"
#include "spec/merge.h"

namespace immure {
namespace {

constexpr std::string_view kExtension = ".toml";
constexpr std::string_view kDropIns = ".toml.d";
constexpr int kMaxLinks = 40;  // path_resolution(7)

bool is_roots(const struct stat& status) { return status.st_uid == 0; }

// The directory, which has no link in its path, and all above it.
bool is_roots_directory(const std::string& directory) {
  for (std::string at = directory;; at = parent_of(at)) {
    struct stat status {};
    if (::lstat(at.c_str(), &status) != 0 || !is_roots(status)) return false;
    if (::access(at.c_str(), W_OK) == 0) return false;
    if (at == "/") return true;
  }
}

bool named(std::string_view item, const std::string& path) {
  return item.find('/') == std::string_view::npos ? item == base_name(path) : item == path;
}

bool any_named(std::string_view item, const std::vector<std::string>& paths) {
  return std::ranges::any_of(paths, [&](const std::string& path) { return named(item, path); });
}

// The `match` of a file laid on those below it. Most files have no such key: they are not parsed.
class MatchReader {
 public:
  MatchReader(const Circumstances& circumstances, Errors& warnings)
      : circumstances_(circumstances), warnings_(warnings) {}

  void lay(SetEdit& items, std::optional<Result<ProfileText>> text) {
    if (!text) return;
    if (!text->ok()) return pass_over(text->error());
    if (text->value().source->text.find("match") == std::string::npos) return;
    auto parsed = parse_profile(text->value().source, text->value().directory, circumstances_);
    if (const auto* errors = std::get_if<Errors>(&parsed)) return pass_over(errors->front());
    lay_set(items, std::get<ProfileLayer>(parsed).match);
  }

 private:
  void pass_over(Error error) {
    error.reason = "the profile's \"match\" is not looked at";
    warnings_.push_back(std::move(error));
  }

  const Circumstances& circumstances_;
  Errors& warnings_;
};

// What one place holds; one look at the directory, whose absence is the usual case.
struct Listing {
  std::string directory;
  std::vector<std::string> profiles;  // names, bytewise
  std::set<std::string> drop_ins;     // names that have a directory of them
};

Listing list(ProfilePlace place, const Circumstances& circumstances) {
  Listing listing{.directory = profile_directory(place, circumstances)};
  if (listing.directory.empty()) return listing;
  for (std::string& entry : profile_entries(listing.directory)) {
    if (entry.ends_with(kExtension)) {
      entry.resize(entry.size() - kExtension.size());
      listing.profiles.push_back(std::move(entry));
    } else {
      entry.resize(entry.size() - kDropIns.size());
      listing.drop_ins.insert(std::move(entry));
    }
  }
  return listing;
}

class Search {
 public:
  Search(const Circumstances& circumstances, Errors& warnings)
      : circumstances_(circumstances), reader_(circumstances, warnings) {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      places_[i] = list(kProfilePlaces[i], circumstances);
    }
    names_ = {circumstances_.exe};
    if (std::string real = real_path(circumstances_.exe); real != circumstances_.exe) {
      names_.push_back(std::move(real));
    }
  }

  std::string find() {
    for (const Listing& place : places_) {
      const bool system = &place == &places_.back();
      for (const std::string& name : place.profiles) {
        // The index has those that came with this binary.
        if (system && is_shipped(name)) continue;
        if (!seen_.insert(name).second) continue;
        SetEdit items;
        reader_.lay(items, read_profile_file(place.directory + '/' + name + std::string(kExtension),
                                             Links::follow, {}, circumstances_));
        if (applies(name, std::move(items))) return name;
      }
    }
    for (const Shipped& shipped : shipped_files()) {
      std::string name(shipped.name);
      if (!is_profile(shipped) || seen_.contains(name)) continue;
      if (applies(name, items_of(shipped.match))) return name;
    }
    return {};
  }

 private:
  static bool is_shipped(std::string_view name) {
    return std::ranges::any_of(shipped_files(),
                               [&](const Shipped& shipped) { return shipped.name == name; });
  }

  static SetEdit items_of(std::string_view lines) {
    SetEdit set;
    while (!lines.empty()) {
      const std::size_t end = lines.find('\n');
      set.items.push_back(SetItem{.text = std::string(lines.substr(0, end))});
      lines.remove_prefix(end + 1);
    }
    return set;
  }

  bool applies(const std::string& name, SetEdit items) {
    for (std::size_t i = places_.size(); i-- > 0;) {  // the system's first
      const Listing& place = places_[i];
      if (!place.drop_ins.contains(name)) continue;
      const std::string directory = place.directory + '/' + name + std::string(kDropIns) + '/';
      for (const std::string& file : toml_files(directory)) {
        reader_.lay(items, read_profile_file(directory + file, Links::follow, {}, circumstances_));
      }
    }
    return std::ranges::any_of(items.items, [&](const SetItem& item) {
      return !item.remove && any_named(item.text, names_) && any_named(item.text, roots_names());
    });
  }

  // Asked for once something fits: that is rare, and takes many looks at the file system.
  const std::vector<std::string>& roots_names() {
    if (!roots_names_) roots_names_ = names_by_root(circumstances_.exe);
    return *roots_names_;
  }

  const Circumstances& circumstances_;
  MatchReader reader_;
  std::array<Listing, kProfilePlaces.size()> places_;
  std::vector<std::string> names_;  // as found, and as it really is
  std::set<std::string> seen_;
  std::optional<std::vector<std::string>> roots_names_;
};

}  // namespace

std::vector<std::string> names_by_root(const std::string& program) {
  std::vector<std::string> names;
  std::string path = program;
  for (int links = 0; links <= kMaxLinks; ++links) {
    const std::string directory = real_path(std::string(parent_of(path)));
    if (directory.empty()) return {};
    std::string full = (directory == "/" ? directory : directory + '/');
    full += base_name(path);
    struct stat status {};
    if (::lstat(full.c_str(), &status) != 0) return {};
    // Whoever owns a link chooses where it leads: the names before it say nothing of the program.
    const bool roots = is_roots(status) && is_roots_directory(directory);
    if (!roots) names.clear();
    if (!S_ISLNK(status.st_mode)) {
      if (!roots || !S_ISREG(status.st_mode) || ::access(full.c_str(), W_OK) == 0) return {};
      if (path != full) names.push_back(std::move(path));
      names.push_back(std::move(full));
      return names;
    }
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlink(full.c_str(), target.data(), target.size());
    if (size <= 0) return {};
    if (roots) names.push_back(path);
    const std::string_view text(target.data(), static_cast<std::size_t>(size));
    path = is_absolute(text) ? std::string(text) : directory + '/' + std::string(text);
  }
  return {};
}

std::string find_match(const Circumstances& circumstances, Errors& warnings) {
  if (circumstances.exe.empty()) return {};
  struct stat status {};
  if (::stat(circumstances.exe.c_str(), &status) != 0 || !is_roots(status)) return {};
  return Search(circumstances, warnings).find();
}

}  // namespace immure
