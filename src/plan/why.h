// Answers of `explain --why`: what a plan says about one path, one system call or one variable.
// Pure but for what it asks of the Host.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "plan/host.h"
#include "plan/launch_plan.h"
#include "spec/sandbox_spec.h"

namespace immure {

struct WhyLine {
  std::string text;  // escaped
  Origin origin;     // the line of a profile that made it so
  std::string why;   // the profile's own reason
};

// The first line is the answer, the others how it comes to that, and what would change it.
using WhyAnswer = std::vector<WhyLine>;

struct WhyQuestion {
  enum class Kind : std::uint8_t { path, syscall, variable };
  Kind kind = Kind::path;
  std::string name;      // without the "path:", "syscall:" or "env:"
  bool assumed = false;  // no such word stood before it
};

// What has a '/' (or is ".", "..", "~") is a path, the name of a system call is one, and anything
// else a variable. An Error (usage) for an empty name, or "syscall:" before what is none.
Result<WhyQuestion> parse_question(std::string_view text);

struct WhyContext {
  const LaunchPlan& plan;
  const SandboxSpec& spec;
  const Host& host;
};

// A relative path is to the caller's directory, "~" is the home. An Error when the host does not
// answer.
Result<WhyAnswer> why_path(const WhyContext& context, const std::string& path);
WhyAnswer why_call(const LaunchPlan& plan, std::string_view name);
WhyAnswer why_variable(const WhyContext& context, const std::string& name);

}  // namespace immure
