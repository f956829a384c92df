#include "base/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/text.h"

namespace immure {
namespace {

Error failed(std::string what, const std::string& path) {
  return os_error(Code::file_unwritable, std::move(what) + ' ' + quote(path));
}

}  // namespace

std::optional<Error> make_directories(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return std::nullopt;
  if (errno == ENOENT && path != "/") {
    if (auto error = make_directories(std::string(parent_of(path)))) return error;
    if (::mkdir(path.c_str(), 0700) == 0) return std::nullopt;
  }
  struct stat status {};
  if (errno == EEXIST && ::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return std::nullopt;
    errno = ENOTDIR;
  }
  return failed("make directory", path);
}

std::optional<Error> write_file(const std::string& path, std::string_view text, mode_t mode) {
  const std::string directory(parent_of(path));
  // Begins with a dot and does not end in ".toml": never taken for a profile.
  std::string temporary = directory + "/.immure-XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return failed("write", path);
  if (!write_all(fd.get(), text) || ::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    Error error = failed("write", path);
    (void)::unlink(temporary.c_str());
    return error;
  }
  const Fd place(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (place) (void)::fsync(place.get());
  return std::nullopt;
}

}  // namespace immure
