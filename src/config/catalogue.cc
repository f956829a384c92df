#include "config/catalogue.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "config/profile_file.h"
#include "config/toml_profile.h"

namespace immure {
namespace {

class Lister {
 public:
  explicit Lister(const Circumstances& circumstances) : circumstances_(circumstances) {}

  std::vector<CatalogueEntry> run() {
    for (const ProfilePlace place : kProfilePlaces) {
      const std::string directory = profile_directory(place, circumstances_);
      if (directory.empty()) continue;
      for (const std::string& file : toml_files(directory)) {
        const std::string name = file.substr(0, file.size() - std::string_view(".toml").size());
        if (place == ProfilePlace::system) in_system_.insert(name);
        add(name, place_name(place), std::string(directory).append(1, '/').append(file));
      }
    }
    for (const Shipped& shipped : shipped_files()) {
      const std::string name(shipped.name);
      // An installed copy is found first, and is the same.
      if (is_profile(shipped) && !in_system_.contains(name)) add(name, "built in", {});
    }
    std::vector<CatalogueEntry> all;
    for (auto& [name, entries] : by_name_) {
      for (CatalogueEntry& entry : entries) all.push_back(std::move(entry));
    }
    return all;
  }

 private:
  void add(const std::string& name, std::string_view place, std::string path) {
    std::vector<CatalogueEntry>& entries = by_name_[name];
    const std::string_view prefix = place == "built in" ? "system" : place;
    CatalogueEntry entry{.name = entries.empty() ? name : std::string(prefix) + ':' + name,
                         .place = std::string(place),
                         .path = std::move(path)};
    if (entry.path.empty()) {
      describe(entry, find_profile("system:" + name, {}, circumstances_));
    } else if (auto text = read_profile_file(entry.path, Links::follow, {}, circumstances_)) {
      describe(entry, std::move(*text));
    }
    if (entries.empty()) {
      entry.drop_ins = drop_in_files(name, circumstances_);
      for (const std::string& file : entry.drop_ins) {
        if (auto text = read_profile_file(file, Links::follow, {}, circumstances_)) {
          describe(entry, std::move(*text));
        }
      }
    }
    entries.push_back(std::move(entry));
  }

  void describe(CatalogueEntry& entry, Result<ProfileText> text) {
    if (!text.ok()) {
      entry.errors.push_back(std::move(text.error()));
      return;
    }
    auto parsed = parse_profile(text.value().source, text.value().directory, circumstances_);
    if (auto* errors = std::get_if<Errors>(&parsed)) {
      for (Error& error : *errors) entry.errors.push_back(std::move(error));
      return;
    }
    const auto& description = std::get<ProfileLayer>(parsed).spec.description;
    if (description.is_set()) entry.description = *description.value;
  }

  const Circumstances& circumstances_;
  std::map<std::string, std::vector<CatalogueEntry>> by_name_;
  std::set<std::string> in_system_;
};

}  // namespace

std::vector<CatalogueEntry> list_profiles(const Circumstances& circumstances) {
  return Lister(circumstances).run();
}

}  // namespace immure
