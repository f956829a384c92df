#include "plan/lower_command.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/path.h"
#include "base/text.h"
#include "plan/exec_analysis.h"

namespace immure {
namespace {

enum class Found : std::uint8_t { no, maybe, yes, directory, not_executable, no_answer };

// What would come of an execve of this path inside. `why`: of no_answer.
Found find_inside(const std::string& path, const Host& host, const RootTree& tree,
                  Error* why = nullptr) {
  const Result<Seen> result = tree.look(path);
  if (!result.ok()) {
    if (why != nullptr) *why = result.error();
    return Found::no_answer;
  }
  const Seen& seen = result.value();
  if (!seen.exists()) return seen.sure ? Found::no : Found::maybe;
  if (seen.kind == FileKind::directory) return Found::directory;
  switch (seen.backing) {
    case Seen::Backing::host: {
      const bool runs = tree.mount_of(seen.path)->access.executable;
      if (!runs || seen.kind != FileKind::regular) return Found::not_executable;
      return host.files->executable(seen.host_path) ? Found::yes : Found::not_executable;
    }
    case Seen::Backing::ours:
    case Seen::Backing::cover:
    case Seen::Backing::kernel:
      return Found::maybe;
  }
  return Found::maybe;
}

std::vector<std::string> split_path(std::string_view path_variable) {
  std::vector<std::string> directories;
  while (!path_variable.empty()) {
    const std::size_t colon = path_variable.find(':');
    if (path_variable.starts_with('/')) {
      directories.emplace_back(path_variable.substr(0, colon));
    }
    if (colon == std::string_view::npos) break;
    path_variable.remove_prefix(colon + 1);
  }
  return directories;
}

std::vector<std::string> places_of(const std::string& name, std::string_view path_variable,
                                   const std::string& from) {
  if (name.starts_with('/')) return {collapse(name)};
  if (name.find('/') != std::string::npos) return {collapse(join(from, name))};
  std::vector<std::string> places;
  for (const std::string& directory : split_path(path_variable)) {
    places.push_back(collapse(join(directory, name)));
  }
  return places;
}

// Where the command is on the host, for the hint; empty: nowhere.
std::string find_outside(const std::string& name, const Host& host) {
  const auto path = host.environment.find("PATH");
  const std::string_view callers = path == host.environment.end() ? "" : path->second;
  for (const std::string& place : places_of(name, callers, host.cwd)) {
    const Result<ResolvedPath> there = host.files->resolve(place);
    if (!there.ok() || there.value().kind != FileKind::regular) continue;
    if (host.files->executable(place)) return place;
  }
  return {};
}

Error not_found(const std::string& name, const Host& host) {
  Error error{.code = Code::not_found_inside,
              .doing = quote(name) + " isn't in the sandbox",
              .exit_code = 127};
  const std::string outside = name.empty() ? "" : find_outside(name, host);
  if (!outside.empty()) error.hint = "--ro " + escape(outside) + "     (it exists on this system)";
  return error;
}

std::string visible_shell(const Host& host, const RootTree& tree) {
  for (const std::string& shell : {host.shell, std::string("/bin/bash"), std::string("/bin/sh")}) {
    if (!is_absolute(shell)) continue;
    const Found found = find_inside(shell, host, tree);
    if (found == Found::yes || found == Found::maybe) return shell;
  }
  return host.shell.empty() ? "/bin/sh" : host.shell;
}

std::vector<std::string> find_argv(const SandboxSpec& spec, const Request& request,
                                   const Host& host, const RootTree& tree) {
  if (request.shell) {
    std::vector<std::string> argv = {visible_shell(host, tree)};
    argv.insert(argv.end(), request.command.begin(), request.command.end());
    return argv;
  }
  std::vector<std::string> argv = request.command;
  if (argv.empty()) argv = spec.process.command.get_or({});
  if (argv.empty()) return argv;
  const std::vector<std::string> before = spec.process.args.get_or({});
  // They stand before the arguments of the command line, after those of process.command.
  const auto at = request.command.empty() ? argv.end() : argv.begin() + 1;
  argv.insert(at, before.begin(), before.end());
  return argv;
}

}  // namespace

void lower_command(const SandboxSpec& spec, const Request& request, const Host& host,
                   const RootTree& tree, const std::string& path_variable, const std::string& cwd,
                   LaunchPlan& plan, Errors& errors) {
  CommandPlan& command = plan.command;
  command.argv = find_argv(spec, request, host, tree);
  if (command.argv.empty()) {
    errors.push_back({.code = Code::no_command,
                      .doing = "no command to run",
                      .hint = "immure run [OPTIONS] COMMAND [ARGUMENTS]"});
    return;
  }
  const std::string name = command.argv[0];
  command.shown = name;
  if (spec.process.argv0.is_set()) command.argv[0] = *spec.process.argv0.value;

  Found worst = Found::no;
  std::string unfit;
  // "./tool" is meant where immure was started, as ${EXE} is.
  for (const std::string& place :
       places_of(name, path_variable, host.cwd.empty() ? cwd : host.cwd)) {
    Error no_answer;
    const Found found = name.empty() ? Found::no : find_inside(place, host, tree, &no_answer);
    if (found == Found::yes || found == Found::maybe) command.candidates.push_back(place);
    if (found == Found::yes) break;
    if (found == Found::directory || found == Found::not_executable) {
      if (unfit.empty()) unfit = place;
      if (worst == Found::no) worst = found;
    }
    if (found == Found::no_answer) {
      errors.push_back(std::move(no_answer));
      return;
    }
  }
  if (!command.candidates.empty()) return;
  if (worst == Found::no) {
    errors.push_back(not_found(name, host));
    return;
  }
  const Result<Seen> seen = tree.look(unfit);
  NoExec why{.reason = "is not executable in the sandbox"};
  if (seen.ok()) {
    NoExec found = explain_no_exec(seen.value(), tree, *host.files);
    if (!found.reason.empty()) why = std::move(found);
  }
  errors.push_back({.code = Code::not_executable,
                    .doing = quote(name) + " can't be run",
                    .reason = quote(unfit) + ' ' + why.reason,
                    .hint = why.hint,
                    .exit_code = 126});
}

}  // namespace immure
