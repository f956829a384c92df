#include "plan/why.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "plan/facts.h"
#include "seccomp/call_names.h"
#include "seccomp/evaluate.h"
#include "seccomp/outcomes.h"

namespace immure {
namespace {

Error usage(std::string reason, std::string hint = "") {
  return Error{.code = Code::usage, .reason = std::move(reason), .hint = std::move(hint)};
}

bool looks_like_path(std::string_view text) {
  return text.contains('/') || text.starts_with('.') || text == "~";
}

std::string near_call(std::string_view name) {
  std::vector<std::string_view> names;
  std::string_view rest = call_name_list();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    names.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  const std::string near = closest(name, names.data(), names.size());
  return near.empty() ? "syscalls(2) lists them" : "did you mean " + near + "?";
}

std::string action_words(std::uint32_t value) {
  std::string action = show_action(value);
  if ((value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) return "fails with " + action;
  if (value == SECCOMP_RET_ALLOW) return "allowed";
  return action;
}

std::string conditions(const Answer& answer) {
  std::string out;
  for (const Condition& condition : answer.when) {
    if (!out.empty()) out += ", and ";
    out += describe(condition);
  }
  return out;
}

// The tests before an equality on the same word only say that it is none of the others.
void drop_implied(Answer& answer) {
  const std::vector<Condition> all = answer.when;
  for (const Condition& kept : all) {
    if (kept.test != BPF_JEQ || !kept.holds) continue;
    std::erase_if(answer.when, [&](const Condition& c) {
      return !c.holds && c.test == BPF_JEQ && c.argument == kept.argument && c.high == kept.high &&
             c.mask == kept.mask;
    });
  }
}

// What one filter says of a call; `allows`: whatever its arguments.
WhyAnswer answer_of(const PlannedStep& filter, const std::string& call, std::uint32_t number,
                    bool& allows) {
  const auto& load = std::get<LoadFilter>(filter.what);
  const std::span<const sock_filter> program(load.program, load.length);
  const WhyLine by{"by the filter " + quote(load.name), filter.origin, {}};
  auto found = answers(program, filter_arch(), number);
  if (!found || found->empty()) {
    // Not one of ours: what it says to a call without arguments can still be told.
    const seccomp_data data{.nr = static_cast<int>(number), .arch = filter_arch()};
    const auto value = evaluate(program, data);
    return {{call + ": " + (value ? action_words(*value) : "the filter is broken") +
                 ", if all arguments are 0",
             {},
             {}},
            by};
  }
  const bool same = std::ranges::all_of(
      *found, [&](const Answer& answer) { return answer.value == found->front().value; });
  allows = same && found->front().value == SECCOMP_RET_ALLOW;
  if (same) return {{call + ": " + action_words(found->front().value), {}, {}}, by};
  WhyAnswer answer{{call + ": depends on its arguments", {}, {}}};
  for (Answer& way : *found) {
    drop_implied(way);
    answer.push_back({action_words(way.value) + " if " + conditions(way), {}, {}});
  }
  answer.push_back(by);
  return answer;
}

}  // namespace

Result<WhyQuestion> parse_question(std::string_view text) {
  using Kind = WhyQuestion::Kind;
  const auto named = [&](std::string_view front) {
    if (!text.starts_with(front)) return false;
    text.remove_prefix(front.size());
    return true;
  };
  WhyQuestion question;
  if (named("path:")) {
    question.kind = Kind::path;
  } else if (named("syscall:")) {
    question.kind = Kind::syscall;
    if (!text.empty() && !call_number(text)) {
      return usage(quote(text) + " is not a system call of this architecture", near_call(text));
    }
  } else if (named("env:")) {
    question.kind = Kind::variable;
  } else {
    question.assumed = true;
    if (looks_like_path(text)) {
      question.kind = Kind::path;
    } else {
      question.kind = call_number(text) ? Kind::syscall : Kind::variable;
    }
  }
  question.name = text;
  if (text.empty()) {
    return usage("--why asks for nothing", "--why PATH, --why openat or --why env:NAME");
  }
  if (text.find('\0') != std::string_view::npos) return usage("--why can't hold a NUL byte");
  if (question.kind == Kind::variable && text.contains('=')) {
    return usage(quote(text) + " can't be the name of a variable");
  }
  return question;
}

WhyAnswer why_call(const LaunchPlan& plan, std::string_view name) {
  const std::optional<std::uint32_t> number = call_number(name);
  if (!number) return {{quote(name) + " is not a system call of this architecture", {}, {}}};
  std::vector<const PlannedStep*> filters;
  for (const PlannedStep& step : plan.command_setup) {
    if (std::holds_alternative<LoadFilter>(step.what)) filters.push_back(&step);
  }
  if (filters.empty()) return {{std::string(name) + ": allowed, there is no filter", {}, {}}};
  // The strictest decides: what one allows whatever the arguments, another may refuse.
  WhyAnswer answer;
  for (const PlannedStep* filter : filters) {
    bool allows = false;
    WhyAnswer one = answer_of(*filter, std::string(name), *number, allows);
    if (allows && (filter != filters.back() || !answer.empty())) continue;
    answer.insert(answer.end(), one.begin(), one.end());
  }
  return answer;
}

WhyAnswer why_variable(const WhyContext& context, const std::string& name) {
  const auto& environment = context.plan.command.environment;
  const auto found = std::ranges::find_if(
      environment, [&](const std::string& line) { return line.starts_with(name + "="); });
  const Origin origin = origin_of_variable(context.spec, name);
  const bool asked = origin != Origin{};
  const bool outside = context.host.environment.contains(name);
  if (found != environment.end()) {
    const auto& secrets = context.plan.command.secrets;
    const bool secret = std::ranges::find(secrets, name) != secrets.end();
    WhyAnswer answer{{escape(name) + " is " +
                          (secret ? "set, and secret" : quote(found->substr(name.size() + 1))),
                      {},
                      {}}};
    answer.push_back({asked ? "asked for by" : "part of every sandbox", origin, {}});
    return answer;
  }
  WhyAnswer answer{{escape(name) + " is not set", {}, {}}};
  if (asked) {
    answer.push_back({"this line decides", origin, {}});
    const auto rule = context.spec.env.find(name);
    const bool passes =
        rule == context.spec.env.end() || rule->second.value->kind == EnvRule::Kind::pass;
    if (passes && !outside)
      answer.push_back({"it would be passed, but is not set outside", {}, {}});
    return answer;
  }
  answer.push_back({outside ? "it is set outside, but no line passes it"
                            : "it is not set outside either, and no line sets it",
                    {},
                    {}});
  answer.push_back({(outside ? "to pass it: --env " : "to set it: --env ") + escape(name) +
                        (outside ? "" : "=VALUE"),
                    {},
                    {}});
  return answer;
}

}  // namespace immure
