#include <unistd.h>

#include <cstddef>
#include <span>
#include <variant>

#include "base/log.h"
#include "commands/command.h"
#include "launch/launch.h"

int main(int argc, char** argv) {
  const auto prepared = immure::prepare_process();
  if (const auto* error = std::get_if<immure::Error>(&prepared)) {
    immure::log_error(*error, {});
    return error->exit_code;
  }
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  const immure::Outcome outcome = immure::dispatch(words.subspan(words.empty() ? 0 : 1));
  for (const immure::Error& error : outcome.errors) immure::log_error(error, outcome.style);
  // Not by return: what is still held needs no destructor, and every launch would wait for it.
  ::_exit(outcome.status);
}
