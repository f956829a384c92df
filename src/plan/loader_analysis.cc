// Which library the loader did not find. It follows ld.so(8) but for the cache, whose libraries lie
// in directories that are searched here too, or are not spoken of.
#include <algorithm>
#include <deque>
#include <set>
#include <string_view>

#include "base/path.h"
#include "base/text.h"
#include "plan/exec_analysis.h"
#include "plan/planned_tree.h"
#include "plan/program_file.h"

namespace immure {
namespace {

constexpr std::size_t kMaxFiles = 200;
constexpr int kMaxInterpreters = 6;

// A directory that is searched: its path inside, and what that would be on the host.
struct Place {
  std::string inside;
  std::string outside;
};

void add_places(std::string_view list, const std::string& origin_inside,
                const std::string& origin_outside, std::vector<Place>& places) {
  while (!list.empty()) {
    const std::string entry(list.substr(0, list.find(':')));
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
    for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"}) {
      if (!entry.starts_with(word)) continue;
      const std::string rest = entry.substr(word.size());
      places.push_back({collapse(origin_inside + rest), collapse(origin_outside + rest)});
    }
    if (is_absolute(entry)) places.push_back({collapse(entry), collapse(entry)});
  }
}

class Loader {
 public:
  Loader(const LaunchPlan& plan, const HostFiles& files)
      : plan_(plan), files_(files), tree_(planned_tree(plan, files)) {}

  std::string run() {
    for (const std::string& candidate : plan_.command.candidates) {
      std::string path = candidate;
      for (int depth = 0; depth < kMaxInterpreters; ++depth) {
        const Result<Seen> seen = tree_.look(path);
        if (!seen.ok() || seen.value().backing != Seen::Backing::host) return {};
        if (!seen.value().exists()) break;
        const Result<ProgramFile> program = read_program(seen.value().host_path);
        if (!program.ok()) return {};
        if (program.value().kind == ProgramFile::Kind::script) {
          path = collapse(program.value().interpreter);
          continue;
        }
        return of_program(seen.value(), program.value());
      }
    }
    return {};
  }

 private:
  // Nearest first: what the program itself needs, then what its libraries need.
  std::string of_program(const Seen& seen, const ProgramFile& first) {
    std::deque<std::pair<Seen, ProgramFile>> waiting = {{seen, first}};
    std::set<std::string> known;
    for (std::size_t files = 0; !waiting.empty() && files < kMaxFiles; ++files) {
      const auto [user, program] = std::move(waiting.front());
      waiting.pop_front();
      const std::vector<Place> places = places_of(user, program);
      for (const std::string& library : program.needed) {
        if (library.empty() || library.contains('/') || !known.insert(library).second) continue;
        const Result<Seen> found = find_inside(library, places);
        if (found.ok() && found.value().exists()) {
          const Result<ProgramFile> next = read_program(found.value().host_path);
          if (next.ok()) waiting.emplace_back(found.value(), next.value());
          continue;
        }
        std::string told = found_outside(library, places, user);
        if (!told.empty()) return told;
      }
    }
    return {};
  }

  std::vector<Place> places_of(const Seen& user, const ProgramFile& program) const {
    std::vector<Place> places;
    const std::string inside(parent_of(user.path));
    const std::string outside(parent_of(user.host_path));
    add_places(program.run_path, inside, outside, places);
    for (const std::string& variable : plan_.command.environment) {
      constexpr std::string_view name = "LD_LIBRARY_PATH=";
      if (variable.starts_with(name)) {
        add_places(std::string_view(variable).substr(name.size()), inside, outside, places);
      }
    }
    std::string usual = "/usr/local/lib:/lib64:/usr/lib64:/lib:/usr/lib";
    const std::string multiarch = multiarch_name(program.machine);
    if (!multiarch.empty()) usual += ":/lib/" + multiarch + ":/usr/lib/" + multiarch;
    add_places(usual, inside, outside, places);
    return places;
  }

  Result<Seen> find_inside(const std::string& library, const std::vector<Place>& places) const {
    for (const Place& place : places) {
      Result<Seen> seen = tree_.look(join(place.inside, library));
      if (!seen.ok() || seen.value().exists()) return seen;
    }
    return Seen{};
  }

  std::string found_outside(const std::string& library, const std::vector<Place>& places,
                            const Seen& user) const {
    for (const Place& place : places) {
      const std::string path = join(place.outside, library);
      const Result<ResolvedPath> there = files_.resolve(path);
      if (!there.ok() || there.value().kind != FileKind::regular) continue;
      std::string flag = "--ro " + escape(place.outside);
      if (place.outside != place.inside) flag += ':' + escape(place.inside);
      const bool itself = user.path == plan_.command.candidates.back();
      return quote(itself ? plan_.command.shown : user.path) + " needs " + quote(library) +
             ", which isn't in the sandbox: " + flag + "     (it exists on this system)";
    }
    return {};
  }

  const LaunchPlan& plan_;
  const HostFiles& files_;
  RootTree tree_;
};

}  // namespace

std::string explain_loader(const LaunchPlan& plan, const HostFiles& files) {
  return Loader(plan, files).run();
}

}  // namespace immure
