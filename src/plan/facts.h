// What a plan comes to, as a person asks for it: what can be read, written, reached; each fact with
// the line that gave it. `explain` prints them, and compares two plans by them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

// In the order they are shown. Those up to `hidden` are about a path.
enum class Heading : std::uint8_t {
  writes,   // and it stays on the host
  scratch,  // can be written, and is gone afterwards
  reads,    // of the host
  made,     // files, directories and links of ours
  devices,
  kernel,  // proc, sysfs …
  hidden,
  network,
  environment,
  limits,
  process,
  identity,
  filter,
};

std::string_view title(Heading heading);
bool is_path(Heading heading);

// Subjects and details are not escaped: a printer does that.
struct Fact {
  Heading heading = Heading::reads;
  std::string subject;  // "/usr", "MODE", "open files"; of paths and variables: unescaped
  std::string detail;   // "from /srv/data", "test", "64"
  Origin origin;        // built in: part of every sandbox
  std::string why;      // the profile's own reason
};

// `plan` was made of `spec`. Values of secret variables are masked.
std::vector<Fact> facts_of(const LaunchPlan& plan, const SandboxSpec& spec);

// A mount that covers something: nobody inside may list or write it. What is shown below it,
// another mount shows.
constexpr bool is_hiding(const TmpfsMount& mount) { return (mount.mode & 0600U) == 0; }

// The line that decides about a variable: the rule for its name, else for a pattern.
Origin origin_of_variable(const SandboxSpec& spec, const std::string& name);

// The parts that facts_of() puts together.
void add_file_facts(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts);
void add_process_facts(const LaunchPlan& plan, const SandboxSpec& spec, std::vector<Fact>& facts);

}  // namespace immure
