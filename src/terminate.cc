// How the program ends by an exception that nobody catches. The library's own handler shows the
// type of it, and for that brings a demangler into each static binary: 37 KB of text, and 3 KB of
// pointers that every start writes. This one takes its place by having its name.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "base/log.h"

namespace {

// Memory may be what there is none of.
void say(std::string_view text) { static_cast<void>(immure::write_all(STDERR_FILENO, text)); }

}  // namespace

namespace __gnu_cxx {

void __verbose_terminate_handler() {  // NOLINT(bugprone-reserved-identifier)
  say(program_invocation_short_name);
  say(": ended by an exception that nobody caught");
  if (std::current_exception()) {
    try {
      throw;
    } catch (const std::exception& error) {
      say(": ");
      say(error.what());
    } catch (...) {
      say(" and that has no words");
    }
  }
  say("\n");
  std::abort();
}

}  // namespace __gnu_cxx
