#include "config/filter_bytes.h"

#include <cerrno>
#include <string>
#include <utility>

#include "base/text.h"
#include "config/profile_file.h"

namespace immure {

std::optional<Error> read_filter_bytes(Seccomp& seccomp, const Circumstances& circumstances) {
  if (!seccomp.file.is_set()) return std::nullopt;
  const std::string& path = *seccomp.file.value;
  auto read = read_owned_file(path, Links::follow, "filter", circumstances);
  Error error;
  if (!read) {
    error = Error{
        .code = Code::file_unreadable, .doing = "read filter " + quote(path), .errnum = ENOENT};
  } else if (!read->ok()) {
    error = std::move(read->error());
  } else {
    seccomp.file_bytes = std::move(read->value().text);
    return std::nullopt;
  }
  // What the profile names is wrong with it; the profile itself was read.
  if (error.code == Code::file_unreadable) error.code = Code::filter_file;
  error.origin = seccomp.file.origin;
  if (error.hint.empty()) {
    error.hint =
        "name a file that holds what seccomp_export_bpf(3) writes, or the object "
        "linux.seccomp of a config.json";
  }
  return error;
}

}  // namespace immure
