#include <sys/stat.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "commands/circumstances.h"
#include "commands/descriptor.h"
#include "commands/profile.h"
#include "config/bwrap_args.h"
#include "config/bwrap_values.h"
#include "config/import_bwrap.h"

namespace immure {
namespace {

constexpr int kFailure = 2;
constexpr std::string_view kForm = "immure profile import --from bwrap -- ARGS…";

Outcome failed(std::string reason, int errnum = 0) {
  if (errnum != 0) reason += ": " + errno_words(errnum);
  return Outcome{
      .status = kFailure,
      .errors = {
          Error{.code = Code::usage, .reason = std::move(reason), .hint = std::string(kForm)}}};
}

// Which program the command line is of. An Outcome: none that is known.
std::variant<std::monostate, Outcome> check_origin(const ProfileRequest& request) {
  std::string from;
  for (const GivenOption& option : request.options.options) {
    if (option.id == OptionId::from) from = option.value;
  }
  if (from == "bwrap") return {};
  if (from.empty()) return failed("immure profile import needs --from");
  for (const std::string_view later : {"firejail", "nsjail", "oci", "srt", "bubblejail"}) {
    if (from != later) continue;
    return Outcome{
        .status = kFailure,
        .errors = {Error{.code = Code::not_supported,
                         .reason = "--from " + from + " is not supported by this version"}}};
  }
  return failed(quote(from) + " is nothing that a profile can be imported from");
}

bool is_link(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

// What stands behind "--": the words of bubblewrap, its own name in front or not.
std::vector<std::string> words_of(const ProfileRequest& request) {
  const std::vector<std::string>& rest = request.options.rest;
  std::vector<std::string> words(rest.begin() + 1, rest.end());
  if (!words.empty() && base_name(words.front()) == "bwrap") words.erase(words.begin());
  return words;
}

}  // namespace

Outcome import_profile(const ProfileRequest& request) {
  auto origin = check_origin(request);
  if (auto* outcome = std::get_if<Outcome>(&origin)) return std::move(*outcome);
  const std::vector<std::string> words = words_of(request);
  if (request.options.before_dashes > 1) {
    return failed(quote(request.options.rest[1]) + " stands before \"--\"");
  }
  if (!request.options.after_dashes || words.empty()) {
    return failed("there is no command line behind \"--\"");
  }
  bool level_prefix = false;
  const auto parsed = parse_bwrap(words, {}, level_prefix, [&](const std::string& text) {
    log_note(escape(text), request.style);
  });
  if (const auto* mistake = std::get_if<BwrapMistake>(&parsed)) {
    return failed(escape(mistake->text), mistake->errnum);
  }
  const auto& arguments = std::get<BwrapArguments>(parsed);
  if (arguments.asks == BwrapArguments::Asks::help ||
      arguments.asks == BwrapArguments::Asks::version) {
    return failed("this command line runs nothing");
  }
  const ImportHost host{.cwd = request.circumstances.cwd,
                        .is_link = is_link,
                        .exists = exists,
                        .place_of = place_of,
                        .read = read_to_end};
  auto imported =
      import_bwrap(arguments, host, request.circumstances, places_of(request.circumstances));
  if (auto* errors = std::get_if<Errors>(&imported)) {
    return Outcome{.status = kFailure, .errors = std::move(*errors)};
  }
  const auto& profile = std::get<ImportedProfile>(imported);
  for (const std::string& loss : profile.losses) {
    log_note("not in the profile: " + loss, request.style);
  }
  for (const Error& warning : profile.warnings) log_warning(warning, request.style);
  return print(profile.text, kFailure);
}

}  // namespace immure
