#include "commands/explain_text.h"

#include <span>
#include <utility>

#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

std::string layers(const Prepared& prepared, const PageStyle& style) {
  std::string out = page_heading("profiles, the last one wins", style);
  for (const LoadedProfile& profile : prepared.profiles) {
    const std::string path = escape(tilde(profile.path, style.home));
    out +=
        page_row(escape(profile.name) + (path == profile.name ? "" : ": " + path), {}, {}, style);
  }
  const SandboxSpec& spec = prepared.spec->get();
  if (spec.description.is_set()) {
    out += page_row("description: " + escape(*spec.description.value), spec.description.origin, {},
                    style);
  }
  if (spec.why.is_set()) {
    out += page_row("why: " + escape(*spec.why.value), spec.why.origin, {}, style);
  }
  return out;
}

std::string command(const CommandPlan& plan, const PageStyle& style) {
  std::string words;
  for (const std::string& argument : plan.argv) {
    words += (words.empty() ? "" : " ") + quote(argument);
  }
  std::string out = '\n' + page_heading("runs", style) + page_row(words, {}, {}, style);
  std::string tried;
  for (const std::string& candidate : plan.candidates) {
    tried += (tried.empty() ? "" : ", else ") + escape(tilde(candidate, style.home));
  }
  return out + page_row("which is " + tried, {}, {}, style);
}

std::string_view kind_words(WhyQuestion::Kind kind) {
  switch (kind) {
    case WhyQuestion::Kind::path:
      return "a path";
    case WhyQuestion::Kind::syscall:
      return "a system call";
    case WhyQuestion::Kind::variable:
      return "a variable";
  }
  return "";
}

std::string_view kind_front(WhyQuestion::Kind kind) {
  switch (kind) {
    case WhyQuestion::Kind::path:
      return "path:";
    case WhyQuestion::Kind::syscall:
      return "syscall:";
    case WhyQuestion::Kind::variable:
      return "env:";
  }
  return "";
}

}  // namespace

std::string explain_page(const Prepared& prepared, const PageStyle& style, bool notes) {
  const LaunchPlan plan = shown_plan(prepared);
  std::string out = layers(prepared, style) + command(plan.command, style) + '\n' +
                    page_of(facts_of(plan, prepared.spec->get()), style);
  if (!notes) return out;
  std::string rows;
  for (const std::string& note : plan.notes) rows += page_row(escape(note), {}, {}, style);
  for (const Error& warning : prepared.warnings) {
    const std::string& reason = warning.reason;
    rows += page_row(message_title(warning, Severity::warning) + ": " + printable(warning.doing) +
                         (reason.empty() || warning.doing.empty() ? "" : ": ") + printable(reason),
                     warning.origin, {}, style);
  }
  if (!rows.empty()) out += '\n' + page_heading("notes", style) + rows;
  return out;
}

Result<std::string> explain_why(const Prepared& prepared, const WhyQuestion& question,
                                const Host& host, const PageStyle& style) {
  const LaunchPlan plan = shown_plan(prepared);
  const WhyContext context{.plan = plan, .spec = prepared.spec->get(), .host = host};
  WhyAnswer answer;
  switch (question.kind) {
    case WhyQuestion::Kind::path: {
      auto found = why_path(context, question.name);
      if (!found.ok()) return std::move(found.error());
      answer = std::move(found.value());
      break;
    }
    case WhyQuestion::Kind::syscall:
      answer = why_call(plan, question.name);
      break;
    case WhyQuestion::Kind::variable:
      answer = why_variable(context, question.name);
      break;
  }
  std::string out = page_heading(answer.front().text, style);
  for (const WhyLine& line : std::span(answer).subspan(1)) {
    out += page_row(line.text, line.origin, line.why, style);
  }
  if (question.assumed) {
    out +=
        page_row("(taken for " + std::string(kind_words(question.kind)) + "; " +
                     std::string(kind_front(question.kind)) + escape(question.name) + " says so)",
                 {}, {}, style);
  }
  return out;
}

}  // namespace immure
