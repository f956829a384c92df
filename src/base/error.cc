#include "base/error.h"

#include "base/text.h"

namespace immure {

std::string show(const Origin& origin) {
  if (!origin.file) return origin.flag.empty() ? "built in" : printable(origin.flag);
  std::string out = printable(origin.file->name);
  if (origin.line > 0) out += ':' + std::to_string(origin.line);
  if (origin.line > 0 && origin.column > 0) out += ':' + std::to_string(origin.column);
  return out;
}

}  // namespace immure
