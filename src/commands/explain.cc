#include <utility>

#include "base/text.h"
#include "commands/command.h"
#include "commands/json.h"
#include "commands/pipeline.h"

namespace immure {
namespace {

constexpr int failure = 2;

// An Error for a form that is unknown, or known but not in this version.
std::variant<std::monostate, Error> check_form(const std::string& form) {
  if (form == "json") return {};
  if (form == "toml" || form == "bwrap") {
    return Error{.code = Code::not_supported,
                 .reason = "--as " + form + " is not supported by this version"};
  }
  return Error{.code = Code::usage, .reason = "--as is json, not " + quote(form)};
}

}  // namespace

Outcome explain_command(const Arguments& args, LogStyle& style) {
  bool as_json = false;
  for (const GivenOption& option : args.options) {
    if (option.id != OptionId::as) continue;
    auto known = check_form(option.value);
    if (auto* error = std::get_if<Error>(&known)) {
      return Outcome{.status = failure, .errors = {std::move(*error)}};
    }
    as_json = true;
  }
  const Host host = this_host(real_files());
  style.home = host.home;
  auto result = prepare(args, Purpose::explain, host);
  if (auto* errors = std::get_if<Errors>(&result)) {
    return Outcome{.status = failure, .errors = std::move(*errors)};
  }
  const auto& prepared = std::get<Prepared>(result);
  if (as_json) return print(json_plan(prepared), failure);

  log_prepared(prepared, {}, style);
  std::string text = describe_profiles(prepared.profiles);
  for (const std::string& reason : prepared.reasons) text += reason + '\n';
  return print(text + describe(shown_plan(prepared)), failure);
}

}  // namespace immure
