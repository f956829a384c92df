#include "plan/facts.h"

#include <algorithm>

namespace immure {

std::string_view title(Heading heading) {
  switch (heading) {
    case Heading::writes:
      return "can write, and it stays";
    case Heading::scratch:
      return "can write, gone afterwards";
    case Heading::reads:
      return "can read";
    case Heading::made:
      return "made for the sandbox, read-only";
    case Heading::devices:
      return "devices";
    case Heading::kernel:
      return "of the kernel";
    case Heading::hidden:
      return "hidden";
    case Heading::network:
      return "can reach";
    case Heading::environment:
      return "environment";
    case Heading::limits:
      return "limits";
    case Heading::process:
      return "processes";
    case Heading::identity:
      return "identity";
    case Heading::filter:
      return "system calls";
  }
  return "";
}

bool is_path(Heading heading) { return heading <= Heading::hidden; }

std::vector<Fact> facts_of(const LaunchPlan& plan, const SandboxSpec& spec) {
  std::vector<Fact> facts;
  add_file_facts(plan, spec, facts);
  add_process_facts(plan, spec, facts);
  std::ranges::stable_sort(facts, {}, &Fact::heading);
  return facts;
}

}  // namespace immure
