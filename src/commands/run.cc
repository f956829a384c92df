#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <utility>
#include <variant>

#include "base/text.h"
#include "commands/command.h"
#include "commands/pipeline.h"
#include "commands/status.h"
#include "config/protected_names.h"
#include "launch/launch.h"
#include "plan/exec_analysis.h"
#include "plan/written_places.h"

namespace immure {
namespace {

constexpr int failure = 125;
constexpr int loader_failed = 127;  // ld.so(8): a library is missing

Outcome failed(const StatusWriter& status, Errors errors) {
  status.failed(errors);
  return Outcome{.status = errors.empty() ? failure : errors.front().exit_code,
                 .errors = std::move(errors)};
}

void tell_planted(const Unprotected& unprotected, timespec start, const StatusWriter& status,
                  const LogStyle& style) {
  if (unprotected.empty()) return;
  for (const std::string& path : made_since(unprotected, start)) {
    status.planted(path);
    log_warning(Error{.code = Code::planted,
                      .doing = quote(path) + " was made or changed during the run",
                      .reason = "what is in it counts outside the sandbox, too",
                      .hint = "look at it before git, an editor or an agent does"},
                style);
  }
}

Outcome run_prepared(const Prepared& prepared, Channels& channels, const StatusWriter& status,
                     const LogStyle& style) {
  status.plan(prepared);
  LaunchOptions options{.block_fd = channels.block.get()};
  for (const Fd* fd : {&channels.status, &channels.ready, &channels.block}) {
    if (*fd) options.keep_fds.push_back(fd->get());
  }
  if (style.fd > STDERR_FILENO) options.keep_fds.push_back(style.fd);
  if (channels.status) {
    const bool own_clocks = std::ranges::any_of(prepared.plan.setup, [](const PlannedStep& step) {
      return std::holds_alternative<NewTimeNamespace>(step.what);
    });
    options.events.started = [&status, own_clocks](pid_t init_pid) {
      status.started(init_pid, own_clocks);
    };
  }
  options.events.ready = [&status, &channels] {
    status.ready();
    if (channels.ready) say_ready(channels.ready);
  };
  options.events.note = [&style](const std::string& text) { log_note(text, style); };
  timespec start{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &start);
  auto ended = launch(prepared.plan, options);
  if (auto* error = std::get_if<Error>(&ended)) return failed(status, {std::move(*error)});
  const Exit& exit = std::get<Exit>(ended);
  tell_planted(prepared.unprotected, start, status, style);
  status.ended(exit);
  if (exit.reason == Exit::Reason::exited && exit.code == loader_failed) {
    const std::string why = explain_loader(prepared.plan, real_files());
    if (!why.empty()) log_note(why, style);
  }
  return Outcome{.status = exit.code};
}

Outcome run(const Arguments& args, Purpose purpose, LogStyle& style) {
  auto channels = take_channels(args.options);
  if (!channels.ok()) return Outcome{.status = failure, .errors = {std::move(channels.error())}};
  auto name = given_name(args.options);
  const StatusWriter status(channels.value().status.get(), name.ok() ? name.value() : "");

  // Static, so that they are never taken apart: main ends the process at once.
  static const Host host = this_host(real_files());
  style.home = host.home;
  static auto result = prepare(args, purpose, host);
  if (auto* errors = std::get_if<Errors>(&result)) return failed(status, std::move(*errors));
  const auto& prepared = std::get<Prepared>(result);
  log_prepared(prepared, args, style);
  if (args.has(OptionId::dry_run)) return print(describe(shown_plan(prepared)), failure);
  // For later starts. Where the home takes no file, they still have their other rules for links.
  const auto unable = remember_written_places(prepared.plan, written_places_file(host));
  if (unable && args.has(OptionId::verbose)) log_warning(*unable, style);
  return run_prepared(prepared, channels.value(), status, style);
}

}  // namespace

Outcome run_command(const Arguments& args, LogStyle& style) {
  return run(args, Purpose::run, style);
}

Outcome shell_command(const Arguments& args, LogStyle& style) {
  if (!args.rest.empty()) {
    return failed(Error{.code = Code::usage,
                        .reason = "immure shell takes no command: " + quote(args.rest.front()),
                        .hint = "immure run COMMAND [ARG…]"},
                  failure);
  }
  return run(args, Purpose::shell, style);
}

}  // namespace immure
