#include "base/error.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "base/text.h"

namespace immure {

std::string show(const Origin& origin) {
  if (!origin.file) return origin.flag.empty() ? "built in" : printable(origin.flag);
  std::string out = printable(origin.file->name);
  if (origin.line > 0) out += ':' + std::to_string(origin.line);
  if (origin.line > 0 && origin.column > 0) out += ':' + std::to_string(origin.column);
  return out;
}

void sort_by_place(Errors& errors) {
  std::vector<const SourceFile*> files;
  const auto index = [&](const Error& error) {
    const SourceFile* file = error.origin.file.get();
    const auto found = std::find(files.begin(), files.end(), file);
    if (found != files.end()) return found - files.begin();
    files.push_back(file);
    return static_cast<std::ptrdiff_t>(files.size()) - 1;
  };
  for (const Error& error : errors) (void)index(error);
  std::stable_sort(errors.begin(), errors.end(), [&](const Error& a, const Error& b) {
    return std::tuple(index(a), a.origin.line, a.origin.column) <
           std::tuple(index(b), b.origin.line, b.origin.column);
  });
}

}  // namespace immure
