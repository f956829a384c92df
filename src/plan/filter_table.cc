#include "plan/filter_table.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "plan/lower_filter.h"
#include "seccomp/call_names.h"
#include "seccomp/calls.h"
#include "seccomp/evaluate.h"
#include "seccomp/syscall_groups.h"

namespace immure {
namespace {

constexpr std::uint64_t kSmall = 4096;

std::string number_text(std::uint64_t value) {
  return value < kSmall ? std::to_string(value) : hex(value);
}

bool is_all(const ArgTest& test) {
  return test.mask == UINT64_MAX || (!test.wide && (test.mask & UINT32_MAX) == UINT32_MAX);
}

std::string test_text(const ArgTest& test) {
  std::string text = std::to_string(test.arg);
  if (!is_all(test)) text += " & " + number_text(test.mask);
  if (test.values.empty()) return test.negate ? text + " == 0" : text;
  if (test.at_least) return text + (test.negate ? " < " : " >= ") + number_text(test.values[0]);
  if (test.values.size() == 1) {
    return text + (test.negate ? " != " : " == ") + number_text(test.values[0]);
  }
  text += " in [";
  for (const std::uint64_t value : test.values) {
    if (!text.ends_with('[')) text += ", ";
    text += number_text(value);
  }
  return text + ']';
}

std::string tests_text(const Case& one) {
  std::string text;
  for (const ArgTest& test : one.tests) text += (text.empty() ? "" : ", ") + test_text(test);
  return text;
}

std::string verdict_text(Action action) {
  const std::string shown = show_action(action.value);
  if (action == kAllow) return "allowed";
  const bool fails = (action.value & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  return fails ? "fails with " + shown : shown;
}

std::vector<CallRow> rows_of(const std::string& name, std::uint32_t number,
                             const CustomPolicy& policy, const FilterModel& model) {
  const auto call = policy.policy.calls.find(number);
  if (call == policy.policy.calls.end()) {
    return {{name, verdict_text(policy.policy.unlisted), {}, {}}};
  }
  const auto sources = policy.sources.find(number);
  const auto origin = [&](std::size_t index, bool last) {
    if (sources == policy.sources.end()) return Origin{};
    const Source source = last ? sources->second.otherwise : sources->second.cases.at(index);
    return source == kBuiltIn ? Origin{} : model.origins.at(source);
  };
  std::vector<CallRow> rows;
  const Decision& decision = call->second;
  for (std::size_t i = 0; i < decision.cases.size(); ++i) {
    rows.push_back({name, verdict_text(decision.cases[i].action), tests_text(decision.cases[i]),
                    origin(i, false)});
  }
  rows.push_back({name, verdict_text(decision.otherwise), {}, origin(0, true)});
  return rows;
}

std::string abi_name(Abi abi) { return abi == Abi::i386 ? "i386" : "x32"; }

std::vector<std::string> sorted_names() {
  std::vector<std::string> names;
  std::string_view rest = call_name_list();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, end) != "-") names.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::ranges::sort(names);
  return names;
}

// Of an ABI beside the processor's own: what it has alone, and what it decides otherwise.
void add_foreign_rows(const CustomPolicy& own, const CustomPolicy& foreign,
                      const FilterModel& model, std::vector<CallRow>& rows) {
  for (const std::string_view known : calls_of_group("@known")) {
    const std::string name(known);
    const CallNumber call = find_call(known, foreign.policy.arch);
    if (call.kind != CallKind::present) continue;
    std::vector<CallRow> here = rows_of(name, call.number, foreign, model);
    const auto number = call_number(known);
    if (number && rows_of(name, *number, own, model) == here) continue;
    for (CallRow& row : here) {
      row.abi = abi_name(foreign.abi);
      rows.push_back(std::move(row));
    }
  }
}

}  // namespace

FilterTable filter_table(const SandboxSpec& spec, const LaunchPlan& plan) {
  const FilterModel model = filter_model(spec, plan);
  const FilterRequest& request = model.request;
  FilterTable table{.base = request.has_base ? std::string(filter_name(request.choice)) : "none"};
  auto policies = make_custom(request);
  if (!policies.ok()) return table;  // then there would be no plan
  const CustomPolicy& own = policies.value().front();
  for (const std::string& name : sorted_names()) {
    std::ranges::move(rows_of(name, call_number(name).value_or(0), own, model),
                      std::back_inserter(table.rows));
  }
  std::string open;
  for (const CustomPolicy& policy : policies.value()) {
    if (policy.abi == Abi::native) continue;
    add_foreign_rows(own, policy, model, table.rows);
    open += std::string(open.empty() ? "" : " and ") + abi_name(policy.abi);
  }
  const bool loads = std::ranges::any_of(plan.command_setup, [](const PlannedStep& step) {
    return std::holds_alternative<LoadFilter>(step.what);
  });
  if (!loads) {
    table.others = "there is no filter";
  } else {
    table.others = (open.empty() ? "" : "the other calls of " + open + " are decided alike; ") +
                   std::string("those of other ABIs end the process");
  }
  if (spec.seccomp.file.is_set()) {
    table.stacked = "the filter of " + quote(*spec.seccomp.file.value) +
                    " decides besides, the stricter of the two wins";
  }
  return table;
}

}  // namespace immure
