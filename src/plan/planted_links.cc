#include "plan/planted_links.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/root_tree.h"
#include "spec/refusals.h"

namespace immure {
namespace {

// What makes a directory one that people work in, and start sandboxes in.
constexpr auto kProjectMarks =
    std::to_array<std::string_view>({".git", ".immure.toml", ".hg", ".jj", ".svn"});
// Root's alone, and shown by nearly every profile.
constexpr auto kPublic = std::to_array<std::string_view>({"/usr", "/nix/store", "/gnu/store"});

bool is_of_the_system(std::string_view path) {
  return is_within(path, "/usr") || is_within(path, "/etc");
}

}  // namespace

bool PlantedLinks::is_writable(const std::string& path) const {
  return std::ranges::any_of(
      writable_, [&](const std::string& directory) { return is_within(path, directory); });
}

std::optional<Error> PlantedLinks::refuse(const std::string& path, const ResolvedPath& resolved,
                                          LinkUse use) {
  for (const LinkOnTheWay& link : resolved.links) {
    const auto leads_out = [&](const std::string& directory) {
      return !directory.empty() && link.path != directory && is_within(link.path, directory) &&
             !is_within(resolved.canonical, directory);
    };
    const auto refused = [&](const std::string& why) {
      return Error{.code = Code::refused_mount,
                   .doing = quote(path) + " goes through the symlink " + quote(link.path) +
                            ", which a sandbox may have made: " + why,
                   .hint = "if you made the link, name " + quote(resolved.canonical) + " instead"};
    };
    for (const std::string& directory : writable_) {
      if (leads_out(directory)) return refused(quote(directory) + " is writable");
    }
    if (!may_be_of_a_sandbox(link.owner) || is_harmless(resolved, use)) continue;
    for (const std::string& directory : host_.written_places.get()) {
      if (leads_out(directory)) {
        return refused(quote(directory) + " was writable in an earlier start");
      }
    }
    for (const Suspect& suspect : usual_suspects()) {
      if (leads_out(suspect.directory)) return refused(quote(suspect.directory) + suspect.why);
    }
    const std::string project = project_around(std::string(parent_of(link.path)));
    if (leads_out(project)) return refused(quote(project) + " is writable in starts from there");
    const std::string store = store_led_to(path, resolved.canonical);
    if (!store.empty()) return refused("it leads to " + quote(store));
  }
  return std::nullopt;
}

// subuid(5) is read only for a link of somebody else's.
bool PlantedLinks::may_be_of_a_sandbox(unsigned owner) const {
  if (owner == host_.uid) return true;
  if (owner == 0) return false;
  return std::ranges::any_of(host_.subordinate_uids.get(), [&](const IdSpan& span) {
    return owner >= span.first && owner - span.first < span.count;
  });
}

// What is writable in other starts from here: the current directory, by -w and by `build`, and its
// project. Not the home nor what holds it, which are never shared so, and where links are usual;
// not the system's own directories, where they are root's.
const std::vector<PlantedLinks::Suspect>& PlantedLinks::usual_suspects() {
  if (usual_) return *usual_;
  usual_.emplace();
  const std::string& cwd = host_.cwd;
  const bool shared = cwd.size() > 1 && !is_of_the_system(cwd) && !is_within(kept_home(), cwd);
  if (!shared) return *usual_;
  const std::string why = " is writable in other starts from here";
  usual_->push_back({cwd, why});
  std::string project = project_around(cwd);
  if (!project.empty() && project != cwd) usual_->push_back({std::move(project), why});
  return *usual_;
}

std::string PlantedLinks::project_around(std::string directory) {
  if (directory.empty() || is_of_the_system(directory)) return {};
  for (; directory != "/" && !is_within(kept_home(), directory); directory = parent_of(directory)) {
    for (const std::string_view mark : kProjectMarks) {
      const Result<ResolvedPath> there = host_.files->resolve(join(directory, mark));
      if (there.ok() && there.value().kind != FileKind::missing) return directory;
    }
  }
  return {};
}

const std::string& PlantedLinks::kept_home() {
  if (home_) return *home_;
  const Result<ResolvedPath> home = host_.files->resolve(host_.home.empty() ? "/" : host_.home);
  home_ = home.ok() ? home.value().canonical : host_.home;
  return *home_;
}

bool PlantedLinks::is_harmless(const ResolvedPath& resolved, LinkUse use) const {
  if (use == LinkUse::write) return false;
  const bool is_public = std::ranges::any_of(
      kPublic, [&](std::string_view place) { return is_within(resolved.canonical, place); });
  if (is_public) return true;
  // As venv/bin/python is. What a start shows is its program; keys and notes cannot be run.
  return use == LinkUse::program && resolved.kind == FileKind::regular &&
         host_.files->executable(resolved.canonical);
}

std::string PlantedLinks::store_led_to(const std::string& path, const std::string& canonical) {
  const std::string& home = kept_home();
  const std::vector<std::string> named = credential_stores({.home = host_.home});
  const std::vector<std::string> real = credential_stores({.home = home});
  for (std::size_t i = 0; i < real.size() && i < named.size(); ++i) {
    const bool asked = is_within(path, named[i]) || is_within(path, real[i]);
    if (!asked && is_within(canonical, real[i])) return real[i];
  }
  return {};
}

}  // namespace immure
