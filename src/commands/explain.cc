#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.h"
#include "commands/bound_sockets.h"
#include "commands/circumstances.h"
#include "commands/command.h"
#include "commands/explain_filter.h"
#include "commands/explain_intents.h"
#include "commands/explain_text.h"
#include "commands/json.h"
#include "commands/pager.h"
#include "commands/pipeline.h"
#include "config/write_profile.h"
#include "plan/as_bwrap.h"
#include "plan/filter_table.h"
#include "plan/lower_filter.h"

namespace immure {
namespace {

constexpr int failure = 2;
constexpr int different = 1;

// What is to be printed: at most one of the forms.
struct Wanted {
  std::string form;  // of --as
  std::optional<WhyQuestion> why;
  std::string diff;  // P1
  bool steps = false;
  bool seccomp = false;
};

std::optional<Error> read_form(const std::string& form, Wanted& wanted) {
  if (form != "json" && form != "toml" && form != "bwrap") {
    return usage_error("--as is json, toml or bwrap, not " + quote(form));
  }
  wanted.form = form;
  return std::nullopt;
}

Result<Wanted> read_wanted(const Arguments& args) {
  Wanted wanted;
  for (const GivenOption& option : args.options) {
    if (option.id == OptionId::as) {
      if (auto error = read_form(option.value, wanted)) return std::move(*error);
    } else if (option.id == OptionId::why) {
      auto question = parse_question(option.value);
      if (!question.ok()) return std::move(question.error());
      wanted.why = std::move(question.value());
    } else if (option.id == OptionId::diff) {
      if (option.value.empty()) return usage_error("--diff needs the names of two profiles");
      wanted.diff = option.value;
    } else if (option.id == OptionId::steps) {
      wanted.steps = true;
    } else if (option.id == OptionId::seccomp) {
      wanted.seccomp = true;
    }
  }
  const int forms = int{!wanted.form.empty()} + int{wanted.why.has_value()} +
                    int{!wanted.diff.empty()} + int{wanted.steps};
  if (forms > 1) return usage_error("--as, --why, --diff and --steps are one or another");
  const bool as_json = wanted.form == "json";
  if (wanted.seccomp && forms > 0 && !as_json) {
    return usage_error("--seccomp goes with --as json, and with no other form");
  }
  return wanted;
}

// The arguments with nothing but this profile; the options after it still lie on top.
Arguments with_profile(const Arguments& args, const std::string& name) {
  Arguments changed = args;
  std::erase_if(changed.options, [](const GivenOption& o) { return o.id == OptionId::profile; });
  changed.options.insert(changed.options.begin(), {OptionId::profile, "--diff", name});
  changed.rest.erase(changed.rest.begin());
  return changed;
}

Outcome compare(const Arguments& args, const Wanted& wanted, const Host& host,
                const PageStyle& style) {
  if (args.rest.empty()) {
    return failed(
        usage_error("--diff needs a second profile",
                    "immure explain --diff " + wanted.diff + " PROFILE [COMMAND [ARG…]]"));
  }
  std::vector<std::vector<Fact>> facts;
  for (const std::string& name : {wanted.diff, args.rest.front()}) {
    auto result = prepare(with_profile(args, name), Purpose::explain, host);
    if (auto* errors = std::get_if<Errors>(&result)) return failed(std::move(*errors));
    const auto& prepared = std::get<Prepared>(result);
    facts.push_back(facts_of(shown_plan(prepared), prepared.spec->get()));
  }
  const std::string changes = page_of_changes(facts[0], facts[1], style);
  Outcome outcome = print_page(changes, failure);
  if (outcome.status == 0 && !changes.empty()) outcome.status = different;
  return outcome;
}

// `explain --allow NAME` and nothing else is a question about the intent.
bool asks_for_intents(const Arguments& args, const Wanted& wanted) {
  if (!args.rest.empty() || !wanted.form.empty() || wanted.why || wanted.steps || wanted.seccomp) {
    return false;
  }
  const auto about_it = [](const GivenOption& o) {
    return o.id == OptionId::allow || o.id == OptionId::allow_args ||
           o.id == OptionId::writable_cwd || o.id == OptionId::color || o.id == OptionId::quiet;
  };
  return args.has(OptionId::allow) && std::ranges::all_of(args.options, about_it);
}

Outcome print_profile(const Prepared& prepared) {
  SandboxSpec spec = prepared.spec->get();
  settle_groups(spec.seccomp);
  auto text = write_profile(spec, prepared.places);
  if (!text.ok()) return failed(std::move(text.error()));
  return print(text.value(), failure);
}

Outcome print_bwrap(const Prepared& prepared, const LogStyle& style) {
  const BwrapCommand command = as_bwrap(shown_plan(prepared));
  log_note("this command line is weaker than the profile: bubblewrap has nothing for what follows",
           style);
  for (const BwrapLoss& loss : command.losses) {
    const bool asked = loss.origin != Origin{};
    log_note("left out: " + loss.what + (asked ? " (" + show(loss.origin) + ')' : ""), style);
  }
  return print(shell_text(command), failure);
}

}  // namespace

Outcome explain_command(const Arguments& args, LogStyle& style) {
  auto read = read_wanted(args);
  if (!read.ok()) return failed(std::move(read.error()));
  const Wanted& wanted = read.value();
  const Host host = this_host(real_files());
  style.home = host.home;
  const PageStyle page{.color = page_color(args), .width = page_width(), .home = host.home};
  if (!wanted.diff.empty()) return compare(args, wanted, host, page);

  if (asks_for_intents(args, wanted)) {
    auto text = explain_intents(args.options, circumstances_of(host, "", {}), host);
    if (!text.ok()) return failed(std::move(text.error()));
    return print_page(text.value(), failure);
  }

  auto result = prepare(args, Purpose::explain, host);
  if (auto* errors = std::get_if<Errors>(&result)) return failed(std::move(*errors));
  auto& prepared = std::get<Prepared>(result);
  if (wanted.seccomp) {
    const FilterTable table = filter_table(prepared.spec->get(), prepared.plan);
    if (wanted.form == "json") return print(filter_json(table), failure);
    return print_page(filter_page(table, page), failure);
  }
  std::ranges::move(bound_sockets(prepared.spec->get(), host, true),
                    std::back_inserter(prepared.warnings));
  if (wanted.form == "json") return print(json_plan(prepared), failure);
  if (wanted.form == "toml") return print_profile(prepared);
  if (wanted.form == "bwrap") return print_bwrap(prepared, style);
  if (wanted.steps) {
    log_prepared(prepared, {}, style);
    return print(describe_profiles(prepared.profiles) + describe(shown_plan(prepared)), failure);
  }
  if (wanted.why) {
    auto answer = explain_why(prepared, *wanted.why, host, page);
    if (!answer.ok()) return failed(std::move(answer.error()));
    return print_page(answer.value(), failure);
  }
  return print_page(explain_page(prepared, page, !style.quiet), failure);
}

}  // namespace immure
