#include "base/text.h"
#include "commands/command.h"
#include "commands/json_schema.h"

namespace immure {

Outcome schema_command(const Arguments& args, LogStyle& /*style*/) {
  if (args.rest.empty()) return print(profile_json_schema());
  return failed(Error{.code = Code::usage,
                      .reason = "immure schema takes no argument: " + quote(args.rest.front()),
                      .hint = "immure schema > immure.schema.json"});
}

}  // namespace immure
