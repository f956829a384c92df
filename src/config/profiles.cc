#include "config/profiles.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/document_code.h"
#include "config/profile_file.h"

namespace immure {
namespace {

constexpr std::size_t kMostDeep = 16;

class Loader {
 public:
  // `candidate`, if not null, is what is read in place of the file at its path.
  explicit Loader(const Circumstances& circumstances, const ProfileText* candidate = nullptr)
      : circumstances_(circumstances), candidate_(candidate) {}

  void load(const std::string& name, const Origin& origin) {
    const std::string through =
        chain_.empty() ? std::string() : "extended by " + chain_.back().name;
    auto text = find(name, through);
    if (!text.ok()) {
      text.error().origin = origin;
      errors_.push_back(std::move(text.error()));
      return;
    }
    load_text(name, text.value(), origin);
  }

  void load_text(const std::string& name, const ProfileText& text, const Origin& origin) {
    if (closes_a_cycle(name, text, origin) || !seen_.insert(text.identity).second) return;
    if (chain_.size() >= kMostDeep) {
      errors_.push_back(Error{.code = Code::extends_too_deep,
                              .doing = "profiles extend each other more than 16 deep",
                              .origin = origin,
                              .hint = chain_text(name)});
      return;
    }
    chain_.push_back(Link{name, text.identity});
    read(name, text);
    chain_.pop_back();
    if (is_profile_path(name) || will_have_drop_ins(name)) return;
    for (const std::string& file : drop_in_paths(name)) {
      auto drop_in = read_drop_in(file);
      if (!drop_in) continue;
      if (drop_in->ok()) {
        add_drop_in(drop_in->value());
      } else {
        errors_.push_back(std::move(drop_in->error()));
      }
    }
  }

  std::variant<LoadedLayers, Errors> result() {
    if (!errors_.empty()) return std::move(errors_);
    return std::move(loaded_);
  }

 private:
  struct Link {
    std::string name;
    std::string identity;
  };

  bool is_candidates(const std::string& path) const {
    return candidate_ != nullptr && candidate_->path == path;
  }

  Result<ProfileText> find(const std::string& name, const std::string& through) {
    auto text = find_profile(name, through, circumstances_);
    if (text.ok() && is_candidates(text.value().path)) return *candidate_;
    return text;
  }

  std::vector<std::string> drop_in_paths(const std::string& name) const {
    std::vector<std::string> files = drop_in_files(name, circumstances_);
    const std::string directory = plain_profile_name(name) + ".toml.d";
    if (candidate_ != nullptr && base_name(candidate_->directory) == directory &&
        std::ranges::find(files, candidate_->path) == files.end()) {
      files.push_back(candidate_->path);
    }
    return files;
  }

  std::optional<Result<ProfileText>> read_drop_in(const std::string& file) const {
    if (is_candidates(file)) return *candidate_;
    return read_profile_file(file, Links::follow, {}, circumstances_);
  }

  // A profile that is being read has this name, too: its drop-ins come after it.
  bool will_have_drop_ins(const std::string& name) const {
    return std::ranges::any_of(chain_, [&](const Link& link) {
      return !is_profile_path(link.name) &&
             plain_profile_name(link.name) == plain_profile_name(name);
    });
  }

  bool closes_a_cycle(const std::string& name, const ProfileText& text, const Origin& origin) {
    const auto first = std::find_if(chain_.begin(), chain_.end(), [&](const Link& link) {
      return link.identity == text.identity;
    });
    if (first == chain_.end()) return false;
    std::string circle;
    for (auto link = first; link != chain_.end(); ++link) circle += escape(link->name) + " -> ";
    errors_.push_back(Error{
        .code = Code::extends_cycle,
        .doing = "profiles extend each other in a circle: " + circle + escape(name),
        .origin = origin,
        .hint =
            chain_.size() == 1 && !is_profile_path(name)
                ? "the shipped profile of that name is \"system:" + plain_profile_name(name) + "\""
                : std::string()});
    return true;
  }

  std::string chain_text(const std::string& name) const {
    std::string text;
    for (const Link& link : chain_) text += escape(link.name) + " -> ";
    return text + escape(name);
  }

  // The layer of a text, or what is wrong with it.
  std::variant<ProfileLayer, Errors> parse(const ProfileText& text) const {
    return text.code.empty()
               ? parse_profile(text.source, text.directory, circumstances_)
               : read_profile(decode_document(text.code), text.source, {}, circumstances_);
  }

  // Null: the errors of the layer go to the list.
  ProfileLayer* layer_of(std::variant<ProfileLayer, Errors>& parsed) {
    if (auto* errors = std::get_if<Errors>(&parsed)) {
      errors_.insert(errors_.end(), std::make_move_iterator(errors->begin()),
                     std::make_move_iterator(errors->end()));
    }
    return std::get_if<ProfileLayer>(&parsed);
  }

  void read(const std::string& name, const ProfileText& text) {
    auto parsed = parse(text);
    ProfileLayer* layer = layer_of(parsed);
    if (layer == nullptr) return;
    for (const std::string& base : extended_by(name, text, *layer)) {
      if (!text.project.empty() && is_profile_path(base)) {
        errors_.push_back(beside_project(base, layer->extends.origin));
        continue;
      }
      load(base, layer->extends.origin);
    }
    loaded_.layers.push_back(std::move(*layer));
    loaded_.profiles.push_back(LoadedProfile{.name = name, .path = text.path});
  }

  // Only the one file was trusted. Any other may be the project's own, by whatever path, and
  // change.
  static Error beside_project(const std::string& base, const Origin& origin) {
    return Error{.code = Code::project_untrusted,
                 .doing = "a project file can't extend another file, which nobody has trusted: " +
                          quote(base),
                 .origin = origin,
                 .hint = "extend a profile by its name, or write its lines here"};
  }

  static std::vector<std::string> extended_by(const std::string& name, const ProfileText& text,
                                              const ProfileLayer& layer) {
    if (layer.extends.is_set()) return *layer.extends.value;
    const bool is_default = !is_profile_path(name) && plain_profile_name(name) == "default";
    if (!is_default) return {"default"};
    // A user's own default.toml lies on the shipped one.
    if (text.is_shipped) return {};
    return {"system:default"};
  }

  // A drop-in changes one profile; it extends nothing unless it says so.
  void add_drop_in(const ProfileText& text) {
    if (!seen_.insert(text.identity).second) return;
    auto parsed = parse(text);
    ProfileLayer* layer = layer_of(parsed);
    if (layer == nullptr) return;
    if (layer->extends.is_set()) {
      errors_.push_back(Error{.code = Code::wrong_type,
                              .doing = "a drop-in can't extend other profiles",
                              .origin = layer->extends.origin,
                              .hint = "it is laid on the profile whose name its directory has"});
      return;
    }
    loaded_.layers.push_back(std::move(*layer));
    loaded_.profiles.push_back(
        LoadedProfile{.name = plain_profile_name(text.source->name), .path = text.path});
  }

  const Circumstances& circumstances_;
  const ProfileText* candidate_;
  std::vector<Link> chain_;
  std::set<std::string> seen_;
  LoadedLayers loaded_;
  Errors errors_;
};

}  // namespace

std::variant<LoadedLayers, Errors> load_profiles(const std::vector<std::string>& names,
                                                 const Circumstances& circumstances,
                                                 const ProfileText* project) {
  if (auto error = silent_user_files(circumstances)) return Errors{std::move(*error)};
  Loader loader(circumstances);
  if (project != nullptr) loader.load_text(project->path, *project, {});
  for (const std::string& name : names) loader.load(name, {});
  return loader.result();
}

std::variant<LoadedLayers, Errors> load_candidate(const std::string& name,
                                                  const ProfileText& candidate,
                                                  const Circumstances& circumstances) {
  if (auto error = silent_user_files(circumstances)) return Errors{std::move(*error)};
  Circumstances named = circumstances;
  named.name = plain_profile_name(name);
  Loader loader(named, &candidate);
  loader.load(name, {});
  return loader.result();
}

}  // namespace immure
