#include "config/trust.h"

#include <fcntl.h>
#include <sha2.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "base/write_file.h"
#include "config/profile_file.h"

namespace immure {
namespace {

constexpr mode_t kOthersWrite = 0022;
constexpr off_t kMostBytes = 1U << 20U;
constexpr std::size_t kDigits = std::size_t{2} * SHA256_DIGEST_LENGTH;
constexpr std::string_view kBetween = "  ";

std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (!escape) {
      out += text[i];
    } else {
      out += text[++i] == 'n' ? '\n' : text[i];
    }
  }
  return out;
}

bool is_digest(std::string_view text) {
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<TrustedFiles> parse(std::string_view text, const std::string& shown) {
  TrustedFiles files;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::string_view digest = line.substr(0, kDigits);
    const std::string_view rest = line.substr(digest.size());
    if (!is_digest(digest) || !rest.starts_with(kBetween) ||
        !is_absolute(rest.substr(kBetween.size()))) {
      return Error{.code = Code::file_syntax,
                   .doing = "line " + std::to_string(number) + " of " + quote(shown) +
                            " is not the digest and path of a trusted file",
                   .hint = "remove the line"};
    }
    files.insert_or_assign(unescaped(rest.substr(kBetween.size())), std::string(digest));
  }
  return files;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  SHA2_CTX context;
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256Init(&context);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are bytes
  ::SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  ::SHA256Final(digest.data(), &context);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (const unsigned byte : digest) {
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

std::string trust_store_path(const Circumstances& circumstances) {
  std::string directory = user_directory(circumstances);
  return directory.empty() ? directory : directory.append("/trusted");
}

Result<TrustedFiles> read_trusted(const Circumstances& circumstances) {
  if (auto error = silent_user_files(circumstances)) return std::move(*error);
  const std::string path = trust_store_path(circumstances);
  if (path.empty()) return TrustedFiles{};
  const std::string shown = tilde(path, circumstances.home);
  const std::string reading = "read " + quote(shown);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return TrustedFiles{};
    return os_error(Code::file_unreadable, reading);
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return os_error(Code::file_unreadable, reading);
  if (!S_ISREG(status.st_mode) || status.st_size > kMostBytes) {
    return Error{.code = Code::file_unreadable, .doing = quote(shown) + " is not a list of files"};
  }
  if (status.st_uid != circumstances.uid || (status.st_mode & kOthersWrite) != 0) {
    return Error{.code = Code::file_unsafe_owner,
                 .doing = quote(shown) + " belongs to another user, or can be written by others",
                 .hint = "look at what it lists, then: chmod go-w " + escape(shown)};
  }
  // It is replaced as a whole, so what is open does not grow.
  std::string text(static_cast<std::size_t>(status.st_size) + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error(Code::file_unreadable, reading);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return parse(text, shown);
}

std::optional<Error> set_trusted(const std::string& path, const std::string& digest,
                                 const Circumstances& circumstances) {
  const std::string store = trust_store_path(circumstances);
  if (store.empty()) {
    return Error{
        .code = Code::file_unwritable,
        .doing = "there is no place to note trusted files: this user has no home directory",
        .hint = "set XDG_CONFIG_HOME"};
  }
  if (auto error = silent_user_files(circumstances)) return error;
  const std::string directory(parent_of(store));
  if (auto error = make_directories(directory)) return error;
  // The lock is on the directory: the file itself is replaced.
  const Fd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) {
    return os_error(Code::file_unwritable, "lock " + quote(directory));
  }
  auto files = read_trusted(circumstances);
  if (!files.ok()) return std::move(files.error());
  if (digest.empty()) {
    files.value().erase(path);
  } else {
    files.value().insert_or_assign(path, digest);
  }
  std::string text;
  for (const auto& [file, sum] : files.value()) {
    text.append(sum).append(kBetween).append(escaped(file)).append("\n");
  }
  return write_file(store, text, 0600);
}

}  // namespace immure
