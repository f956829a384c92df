#include "commands/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "launch/probe.h"

namespace immure {
namespace {

std::string_view word(Finding::State state) {
  switch (state) {
    case Finding::State::ok:
      return "ok       ";
    case Finding::State::limited:
      return "limited  ";
    case Finding::State::missing:
      return "missing  ";
  }
  return {};
}

}  // namespace

std::string report(const std::vector<Finding>& findings) {
  std::string text;
  bool can_run = true;
  for (const Finding& finding : findings) {
    can_run = can_run && !finding.stops_default;
    text += word(finding.state);
    text += escape(finding.what);
    if (!finding.found.empty()) text += ": " + escape(finding.found);
    text += '\n';
    if (!finding.cost.empty()) text += "           costs: " + escape(finding.cost) + "\n";
    if (!finding.mend.empty()) text += "           mend:  " + escape(finding.mend) + "\n";
  }
  text += can_run ? "The profile `default` can run here.\n"
                  : "The profile `default` cannot run here.\n";
  return text;
}

int doctor_command(std::span<char*> args, const LogStyle& style) {
  if (!args.empty()) {
    log_error({.code = Code::usage,
               .reason = "doctor takes no argument: " + quote(args.front()),
               .hint = "immure doctor"},
              style);
    return 2;
  }
  const std::vector<Finding> findings = judge(probe_host());
  if (!write_all(STDOUT_FILENO, report(findings))) return 2;
  return std::ranges::any_of(findings, &Finding::stops_default) ? 1 : 0;
}

}  // namespace immure
