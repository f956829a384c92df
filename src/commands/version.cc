#include "commands/command.h"

namespace immure {

Outcome version_command(const Arguments& /*args*/, LogStyle& /*style*/) {
  return print("immure " IMMURE_VERSION "\n");
}

}  // namespace immure
