#include "commands/profile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "commands/circumstances.h"
#include "commands/json.h"
#include "config/catalogue.h"
#include "config/profile_file.h"

namespace immure {
namespace {

constexpr int found_something = 1;

Json json_of(const CatalogueEntry& entry) {
  Json errors = Json::array();
  for (const Error& error : entry.errors) errors.push_back(format_error(error, {}));
  return Json{{"name", entry.name},
              {"place", entry.place},
              {"path", entry.path.empty() ? Json() : Json(entry.path)},
              {"description", entry.description},
              {"drop_ins", entry.drop_ins},
              {"errors", std::move(errors)}};
}

// [{name, place, path (null: built in), description, drop_ins: [path], errors: [text]}]
std::string as_json(const std::vector<CatalogueEntry>& all) {
  Json list = Json::array();
  for (const CatalogueEntry& entry : all) list.push_back(json_of(entry));
  return json_line(list);
}

std::string as_text(const std::vector<CatalogueEntry>& all) {
  std::size_t width = 0;
  for (const CatalogueEntry& entry : all) width = std::max(width, escape(entry.name).size());
  std::string out;
  for (const CatalogueEntry& entry : all) {
    std::string name = escape(entry.name);
    name.resize(width + 2, ' ');
    std::string place = entry.place;
    place.resize(std::string_view("built in  ").size(), ' ');
    out += name + place;
    out += entry.errors.empty() ? escape(entry.description)
                                : "(wrong: immure check " + escape(entry.name) + ")";
    if (!entry.drop_ins.empty()) out += "  +" + std::to_string(entry.drop_ins.size()) + " drop-in";
    if (entry.drop_ins.size() > 1) out += 's';
    out += '\n';
  }
  return out;
}

Outcome list(const ProfileRequest& request) {
  const auto all = list_profiles(request.circumstances);
  const bool wrong =
      std::ranges::any_of(all, [](const auto& entry) { return !entry.errors.empty(); });
  Outcome outcome = print(request.options.has(OptionId::json) ? as_json(all) : as_text(all));
  if (outcome.status == 0 && wrong) outcome.status = found_something;
  return outcome;
}

void add_text(std::string& out, const ProfileText& text, const Circumstances& circumstances) {
  if (!out.empty()) out += '\n';
  out += "# " + escape(tilde(text.path, circumstances.home)) + '\n' + text.source->text;
  if (!out.ends_with('\n')) out += '\n';
}

Outcome show(const ProfileRequest& request) {
  auto text = find_profile(request.name, {}, request.circumstances);
  if (!text.ok()) return failed(std::move(text.error()));
  std::string out;
  Outcome outcome;
  add_text(out, text.value(), request.circumstances);
  if (!is_profile_path(request.name)) {
    for (auto& drop_in : find_drop_ins(request.name, request.circumstances)) {
      if (drop_in.ok()) {
        add_text(out, drop_in.value(), request.circumstances);
      } else {
        outcome.status = found_something;
        outcome.errors.push_back(std::move(drop_in.error()));
      }
    }
  }
  Outcome printed = print(out);
  return printed.status == 0 ? outcome : printed;
}

Outcome path(const ProfileRequest& request) {
  auto text = find_profile(request.name, {}, request.circumstances);
  if (!text.ok()) return failed(std::move(text.error()));
  if (text.value().is_shipped) {
    return failed(
        Error{.code = Code::extends_not_found,
              .reason = "profile " + quote(request.name) + " has no path: it is built into immure",
              .hint = "immure profile show " + escape(request.name)},
        found_something);
  }
  return print(text.value().path + '\n');
}

struct Verb {
  std::string_view name;
  std::string_view argument;
  bool json = false, from = false;  // its options
  bool words = false;               // takes any behind "--"
  Outcome (*run)(const ProfileRequest&) = nullptr;
};

constexpr auto verbs =
    std::to_array<Verb>({{.name = "list", .json = true, .run = list},
                         {.name = "show", .argument = "NAME", .run = show},
                         {.name = "path", .argument = "NAME", .run = path},
                         {.name = "new", .argument = "NAME", .from = true, .run = new_profile},
                         {.name = "edit", .argument = "NAME", .run = edit_profile},
                         {.name = "remove", .argument = "NAME", .run = remove_profile},
                         {.name = "import",
                          .argument = "--from bwrap -- ARGS…",
                          .from = true,
                          .words = true,
                          .run = import_profile}});

std::string form_of(const Verb& verb) {
  std::string text = "immure profile " + std::string(verb.name);
  if (!verb.argument.empty()) text += ' ' + std::string(verb.argument);
  return text;
}

// Options may stand on both sides of the verb and of the name.
Result<Arguments> take_apart(const Arguments& args) {
  Arguments all{.options = args.options, .after_dashes = args.after_dashes};
  std::vector<std::string> words = args.rest;
  bool plain = args.after_dashes;
  while (!words.empty()) {
    all.rest.push_back(words.front());
    words.erase(words.begin());
    if (plain) continue;
    std::vector<char*> pointers;
    pointers.reserve(words.size());
    for (std::string& word : words) pointers.push_back(word.data());
    auto more = parse_arguments(pointers, at_profile);
    if (!more.ok()) return std::move(more.error());
    for (GivenOption& option : more.value().options) all.options.push_back(std::move(option));
    all.after_dashes = plain = more.value().after_dashes;
    if (plain) all.before_dashes = all.rest.size();
    words = std::move(more.value().rest);
  }
  return all;
}

std::optional<Error> check_options(const Verb& verb, const Arguments& all) {
  for (const GivenOption& option : all.options) {
    const bool foreign =
        (option.id == OptionId::json && !verb.json) || (option.id == OptionId::from && !verb.from);
    if (foreign) {
      return usage_error(
          option.flag + " is not an option of immure profile " + std::string(verb.name),
          form_of(verb));
    }
  }
  if (verb.words) return std::nullopt;
  const std::size_t wanted = verb.argument.empty() ? 1 : 2;
  if (all.rest.size() < wanted) {
    return usage_error("immure profile " + std::string(verb.name) + " needs a name", form_of(verb));
  }
  if (all.rest.size() > wanted) {
    return usage_error(quote(all.rest[wanted]) + " is one word too many", form_of(verb));
  }
  return std::nullopt;
}

}  // namespace

Outcome profile_command(const Arguments& args, LogStyle& style) {
  auto all = take_apart(args);
  if (!all.ok()) return failed(std::move(all.error()));
  if (all.value().has(OptionId::help)) return print(help_text(find_command("profile")));
  const std::string word = all.value().rest.empty() ? "" : all.value().rest.front();
  const auto* const verb = std::ranges::find(verbs, word, &Verb::name);
  if (verb == verbs.end()) {
    std::vector<std::string_view> names;
    names.reserve(verbs.size());
    for (const Verb& known : verbs) names.push_back(known.name);
    const std::string like = closest(word, names.data(), names.size());
    return failed(usage_error(word.empty() ? "immure profile needs a word that says what to do"
                                           : quote(word) + " is not a word of immure profile",
                              like.empty() ? "immure profile list|show|path|new|edit|remove|import"
                                           : "did you mean immure profile " + like + "?"));
  }
  if (auto error = check_options(*verb, all.value())) return failed(std::move(*error));
  const Host host = this_host(real_files());
  style.home = host.home;
  const Circumstances circumstances = circumstances_of(host, "", {});
  if (auto error = silent_user_files(circumstances)) return failed(std::move(*error));
  return verb->run({.name = verb->argument.empty() ? std::string() : all.value().rest.back(),
                    .options = all.value(),
                    .circumstances = circumstances,
                    .style = style});
}

}  // namespace immure
