#include "base/error.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "base/text.h"

namespace immure {

std::string_view line_of(const SourceFile& file, std::uint32_t number) {
  const std::string_view text = file.text;
  std::vector<std::size_t>& starts = file.line_starts;
  if (starts.empty()) {
    starts.push_back(0);
    for (std::size_t end = text.find('\n'); end != std::string_view::npos;
         end = text.find('\n', end + 1)) {
      starts.push_back(end + 1);
    }
  }
  if (number == 0 || number > starts.size()) return {};
  std::string_view line = text.substr(starts[number - 1]);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

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
