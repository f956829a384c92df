#include "config/trust.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "commands/ask.h"
#include "commands/circumstances.h"
#include "commands/command.h"
#include "commands/pipeline.h"
#include "config/project.h"
#include "spec/lint.h"
#include "spec/refusals.h"

namespace immure {
namespace {

constexpr int found_something = 1;

Result<std::string> directory_of(const Arguments& args, const Host& host) {
  if (args.rest.size() > 1) {
    return Error{.code = Code::usage,
                 .reason = "one directory at a time, not " + std::to_string(args.rest.size())};
  }
  const std::string word = args.rest.empty() ? host.cwd : args.rest.front();
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(word.c_str(), nullptr),
                                                         &std::free);
  if (real == nullptr) return os_error(Code::file_unreadable, "find directory " + quote(word));
  return std::string(real.get());
}

// The lines of a plan without their numbers, each with how often it is there.
std::map<std::string, int> lines_of(const Prepared& prepared) {
  std::map<std::string, int> lines;
  const std::string text = describe(shown_plan(prepared));
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const bool indented = line.starts_with(' ');
    while (indented && !line.empty() && std::string_view(" 0123456789").contains(line.front())) {
      line.remove_prefix(1);
    }
    ++lines[std::string(line)];
  }
  return lines;
}

// What one plan has and the other has not, in front of each line the sign.
std::string beyond(const std::map<std::string, int>& one, const std::map<std::string, int>& other,
                   char sign) {
  std::string text;
  for (const auto& [line, count] : one) {
    const auto same = other.find(line);
    if (same == other.end() || same->second < count)
      text += std::string("  ") + sign + ' ' + line + '\n';
  }
  return text;
}

std::string quoted_lines(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    lines += "  | " + escape(line) + '\n';
  }
  return lines;
}

// What would be said of the spec if the file did not say itself that it is meant: who is asked to
// trust it has said nothing yet.
Errors acknowledged_by(const SourceFile* file, const Prepared& prepared) {
  SandboxSpec bare = prepared.spec->get();
  std::erase_if(bare.lint.allow.items,
                [&](const SetItem& item) { return item.origin.file.get() == file; });
  Errors all = refusals(bare, prepared.places);
  Errors lints = lint(bare, prepared.places);
  all.insert(all.end(), std::make_move_iterator(lints.begin()),
             std::make_move_iterator(lints.end()));
  std::erase_if(all, [&](const Error& error) {
    return std::ranges::find(prepared.warnings, error) != prepared.warnings.end();
  });
  for (Error& error : all) error.hint = "the file itself says that this is meant: lint.allow";
  return all;
}

// What the project's file gives and takes, compared with the profile "default"; or its errors.
std::variant<std::string, Errors> grants(const ProfileText& text, const Host& host) {
  const auto with = prepare(Choice{.project = text}, {}, Purpose::explain, host);
  if (const auto* errors = std::get_if<Errors>(&with)) return *errors;
  const auto without = prepare(Choice{.names = {"default"}}, {}, Purpose::explain, host);
  if (const auto* errors = std::get_if<Errors>(&without)) return *errors;
  const auto lines = lines_of(std::get<Prepared>(with));
  const auto base = lines_of(std::get<Prepared>(without));
  const std::string shown = escape(tilde(text.path, host.home));
  // A plan is of one start; what the file says may come to more with other arguments, or later.
  std::string page = shown + ":\n" + quoted_lines(text.source->text);
  for (const Error& warning : std::get<Prepared>(with).warnings) {
    page += format_warning(warning, {.home = host.home});
  }
  for (const Error& warning : acknowledged_by(text.source.get(), std::get<Prepared>(with))) {
    page += format_warning(warning, {.home = host.home});
  }
  const std::string gives = beyond(lines, base, '+') + beyond(base, lines, '-');
  if (gives.empty()) return page + "here and now the same as the profile \"default\"\n";
  return page + "here and now, compared with the profile \"default\":\n" + gives;
}

Outcome confirm_and_note(const ProjectFile& project, const Arguments& args,
                         const Circumstances& circumstances) {
  if (!args.has(OptionId::yes)) {
    if (!can_ask()) {
      return failed(Error{.code = Code::usage,
                          .reason = "there is no terminal to ask whether this is to be trusted",
                          .hint = "immure trust --yes"});
    }
    if (!ask("Trust it, as it is now?", false)) {
      return failed(Error{.code = Code::project_untrusted, .reason = "nothing is changed"},
                    found_something);
    }
  }
  if (auto error = set_trusted(project.text.path, project.digest, circumstances)) {
    return failed(std::move(*error));
  }
  return {};
}

}  // namespace

Outcome trust_command(const Arguments& args, LogStyle& style) {
  Host host = this_host(real_files());
  style.home = host.home;
  auto directory = directory_of(args, host);
  if (!directory.ok()) return failed(std::move(directory.error()));
  host.cwd = std::move(directory.value());
  const Circumstances circumstances = circumstances_of(host, "", {});
  const std::string path = find_project_file(host.cwd, circumstances);
  if (path.empty()) {
    return failed(Error{.code = Code::extends_not_found,
                        .doing = "there is no .immure.toml in " +
                                 quote(tilde(host.cwd, host.home)) +
                                 " or above it, on the same mount and not above the home"});
  }
  auto project = read_project_file(path, circumstances);
  if (!project.ok()) return failed(std::move(project.error()));
  if (project.value().trust == ProjectTrust::trusted) {
    return print(escape(tilde(path, host.home)) + " is trusted already\n");
  }
  host.cwd = parent_of(path);  // as for a start where the project begins
  auto text = grants(project.value().text, host);
  if (auto* errors = std::get_if<Errors>(&text)) {
    return failed(std::move(*errors));
  }
  Outcome outcome = print(std::get<std::string>(text));
  if (outcome.status != 0) return outcome;
  return confirm_and_note(project.value(), args, circumstances);
}

Outcome untrust_command(const Arguments& args, LogStyle& style) {
  const Host host = this_host(real_files());
  style.home = host.home;
  const Circumstances circumstances = circumstances_of(host, "", {});
  auto trusted = read_trusted(circumstances);
  if (!trusted.ok()) return failed(std::move(trusted.error()));
  // Also for a directory or a file that is gone: its name is in the list still.
  auto directory = directory_of(args, host);
  std::string path;
  if (directory.ok()) {
    path = find_project_file(directory.value(), circumstances);
    const std::string kept = find_trusted_file(directory.value(), trusted.value(), circumstances);
    if (depth(kept) > depth(path)) path = kept;
    if (path.empty()) path = directory.value() + '/' + std::string(kProjectFile);
  } else if (args.rest.size() == 1 && is_absolute(args.rest.front())) {
    path = normalize(args.rest.front()) + '/' + std::string(kProjectFile);
  } else {
    return failed(std::move(directory.error()));
  }
  if (!trusted.value().contains(path)) {
    return failed(Error{.code = Code::project_untrusted,
                        .doing = quote(tilde(path, host.home)) + " was not trusted"},
                  found_something);
  }
  if (auto error = set_trusted(path, {}, circumstances)) return failed(std::move(*error));
  return {};
}

}  // namespace immure
