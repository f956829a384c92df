#include "config/profile_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"
#include "config/flag_layer.h"

namespace immure {
namespace {

constexpr std::size_t kMostBytes = 1U << 20U;
constexpr mode_t kOthersWrite = 0022;

// The last one is empty.
constexpr auto kShipped = std::to_array<Shipped>({
#include "builtin_profiles.inc"
    {},
});

struct Place {
  std::string_view prefix;
  ProfilePlace where;
};
constexpr std::array<Place, 3> kPlaces = {{{"user:", ProfilePlace::user},
                                           {"etc:", ProfilePlace::etc},
                                           {"system:", ProfilePlace::system}}};

constexpr std::string_view kProfiles = "/profiles";
constexpr std::string_view kIntents = "/allow";

// `below` is one of the two above. Empty: there is no such place for this user.
std::string directory_of(ProfilePlace place, const Circumstances& circumstances,
                         std::string_view below) {
  std::string directory;
  if (circumstances.pure) return directory;
  switch (place) {
    case ProfilePlace::user:
      directory = user_directory(circumstances);
      if (directory.empty()) return directory;
      break;
    case ProfilePlace::etc:
      directory = "/etc/immure";
      break;
    case ProfilePlace::system:
      directory = IMMURE_DATADIR "/immure";
      break;
  }
  return directory.append(below);
}

// The same for reading: empty also when nothing is there.
std::string readable_directory(ProfilePlace place, const Circumstances& circumstances,
                               std::string_view below) {
  const bool is_users = place == ProfilePlace::user && !circumstances.pure;
  if (is_users && circumstances.user_files.get() == Presence::missing) return {};
  return directory_of(place, circumstances, below);
}

Error about(Code code, std::string what, std::string hint = {}) {
  return Error{.code = code, .doing = std::move(what), .hint = std::move(hint)};
}

// Reads at most one byte more than is allowed. `expected`: as many as the file says that it has.
// -1: errno says why.
ssize_t read_text(int fd, off_t expected, std::string& text) {
  text.resize(static_cast<std::size_t>(expected) + 1);
  std::size_t size = 0;
  while (size < kMostBytes + 1) {
    if (size == text.size()) text.resize(std::min(2 * size, kMostBytes + 1));
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return static_cast<ssize_t>(size);
}

// `profile "~/web.toml"`
std::string named(std::string_view what, const std::string& shown) {
  return std::string(what) + ' ' + quote(shown);
}

// Whoever can write the file decides what the sandbox may do.
std::optional<Error> check_owner(const struct stat& status, std::string_view what,
                                 const std::string& shown, unsigned uid) {
  if (status.st_uid != uid && status.st_uid != 0) {
    return about(
        Code::file_unsafe_owner,
        named(what, shown) + " belongs to another user (uid " + std::to_string(status.st_uid) + ")",
        "copy it, and look at what it allows before using it");
  }
  if ((status.st_mode & kOthersWrite) != 0) {
    return about(Code::file_unsafe_owner, named(what, shown) + " can be written by others",
                 "chmod go-w " + escape(shown));
  }
  return std::nullopt;
}

Error no_answer(const std::string& path, const Circumstances& circumstances) {
  return about(
      Code::setup_timeout,
      "can't read profiles: " + quote(tilde(path, circumstances.home)) + " did not answer for 5 s",
      "a network or FUSE file system may have lost its server");
}

std::optional<ProfileText> find_shipped(std::string_view name, std::string_view through) {
  const auto shipped = shipped_files();
  const auto found = std::ranges::find(shipped, name, &Shipped::name);
  if (found == shipped.end()) return std::nullopt;
  auto source = std::make_shared<SourceFile>();
  source->name = std::string(name) + ".toml (built in)";
  source->text = found->text;
  source->through = through;
  source->shipped = true;
  return ProfileText{.source = std::move(source),
                     .path = "built in",
                     .identity = "built in:" + std::string(name),
                     .is_shipped = true,
                     .code = found->code};
}

std::string missing_hint(std::string_view name) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Shipped& shipped : shipped_files()) {
    if (!is_profile(shipped)) continue;
    names.push_back(shipped.name);
    if (!all.empty()) all += ", ";
    all += shipped.name;
  }
  const std::string near = closest(name, names.data(), names.size());
  if (!near.empty()) return "did you mean " + quote(near) + "?";
  return "shipped are " + all + "; a file is named with its path, as in ./" + escape(name) +
         ".toml";
}

// Bytewise; none if there is no such directory.
std::vector<std::string> entries_ending(const std::string& directory,
                                        std::initializer_list<std::string_view> ends) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = static_cast<const char*>(entry->d_name);
    const bool fits = std::ranges::any_of(ends, [&](auto end) { return name.ends_with(end); });
    if (fits && !name.starts_with('.')) names.emplace_back(name);
  }
  (void)::closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::string_view place_name(ProfilePlace place) {
  switch (place) {
    case ProfilePlace::user:
      return "user";
    case ProfilePlace::etc:
      return "etc";
    case ProfilePlace::system:
      return "system";
  }
  return "";
}

std::string user_directory(const Circumstances& circumstances) {
  const auto found = circumstances.environment.find("XDG_CONFIG_HOME");
  if (found != circumstances.environment.end() && found->second.starts_with('/')) {
    return join(found->second, "immure");
  }
  if (circumstances.home.empty()) return {};
  return circumstances.home + "/.config/immure";
}

std::optional<Error> silent_user_files(const Circumstances& circumstances) {
  if (circumstances.pure || circumstances.user_files.get() != Presence::silent) return std::nullopt;
  return no_answer(user_directory(circumstances), circumstances);
}

std::string profile_directory(ProfilePlace place, const Circumstances& circumstances) {
  return directory_of(place, circumstances, kProfiles);
}

std::span<const Shipped> shipped_files() { return std::span(kShipped).first(kShipped.size() - 1); }

std::vector<std::string> profile_entries(const std::string& directory) {
  return entries_ending(directory, {".toml", ".toml.d"});
}

std::vector<std::string> toml_files(const std::string& directory) {
  return entries_ending(directory, {".toml"});
}

std::optional<Result<OwnedFile>> read_owned_file(const std::string& path, Links links,
                                                 std::string_view what,
                                                 const Circumstances& circumstances) {
  const std::string shown = circumstances.pure ? path : tilde(path, circumstances.home);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                       (links == Links::refuse ? O_NOFOLLOW : 0)));
  if (!fd) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    if (errno == ELOOP && links == Links::refuse) {
      return about(Code::file_unreadable, named(what, shown) + " is a symlink");
    }
    return os_error(Code::file_unreadable, "read " + named(what, shown));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0)
    return os_error(Code::file_unreadable, "read " + named(what, shown));
  if (!S_ISREG(status.st_mode)) {
    return about(Code::file_unreadable, named(what, shown) + " is not a regular file");
  }
  if (!circumstances.pure) {
    if (auto error = check_owner(status, what, shown, circumstances.uid)) return std::move(*error);
  }
  OwnedFile file{.shown = shown,
                 .identity = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)};
  if (status.st_size <= static_cast<off_t>(kMostBytes) &&
      read_text(fd.get(), status.st_size, file.text) < 0) {
    return os_error(Code::file_unreadable, "read " + named(what, shown));
  }
  if (status.st_size > static_cast<off_t>(kMostBytes) || file.text.size() > kMostBytes) {
    return about(Code::file_too_big, named(what, shown) + " has more than 1 MiB");
  }
  return file;
}

std::optional<Result<ProfileText>> read_profile_file(const std::string& path, Links links,
                                                     std::string_view through,
                                                     const Circumstances& circumstances) {
  auto read = read_owned_file(path, links, "profile", circumstances);
  if (!read) return std::nullopt;
  if (!read->ok()) return std::move(read->error());
  OwnedFile& file = read->value();
  auto source = std::make_shared<SourceFile>();
  source->name = std::move(file.shown);
  source->text = std::move(file.text);
  source->through = through;
  source->shipped = path.starts_with(IMMURE_DATADIR "/immure/");
  return ProfileText{.source = std::move(source),
                     .path = path,
                     .directory = std::string(parent_of(path)),
                     .identity = std::move(file.identity)};
}

bool is_profile_path(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".toml");
}

std::string plain_profile_name(std::string_view name) {
  if (is_profile_path(name)) {
    name.remove_prefix(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
    if (name.ends_with(".toml")) name.remove_suffix(5);
    while (name.starts_with('.')) name.remove_prefix(1);
    return std::string(name);
  }
  for (const Place& place : kPlaces) {
    if (name.starts_with(place.prefix)) return std::string(name.substr(place.prefix.size()));
  }
  return std::string(name);
}

Result<ProfileText> find_profile(std::string_view name, std::string_view through,
                                 const Circumstances& circumstances) {
  if (is_profile_path(name)) {
    auto path = absolute_argument(name, circumstances, {});
    if (!path.ok()) return std::move(path.error());
    if (!circumstances.pure && circumstances.look &&
        circumstances.look(path.value()) == Presence::silent) {
      return no_answer(path.value(), circumstances);
    }
    auto found = read_profile_file(path.value(), Links::follow, through, circumstances);
    if (found) return std::move(*found);
    return about(Code::extends_not_found, "there is no profile " + quote(name));
  }
  const std::string plain = plain_profile_name(name);
  for (const Place& place : kPlaces) {
    if (plain != name && !name.starts_with(place.prefix)) continue;
    const std::string directory = readable_directory(place.where, circumstances, kProfiles);
    if (!directory.empty() && !plain.empty()) {
      auto found = read_profile_file(join(directory, plain).append(".toml"), Links::follow, through,
                                     circumstances);
      if (found) return std::move(*found);
    }
    if (place.where != ProfilePlace::system) continue;
    if (auto shipped = find_shipped(plain, through)) return std::move(*shipped);
  }
  if (circumstances.pure) {
    return about(Code::extends_not_found, "there is no shipped profile " + quote(name),
                 "--pure looks for no others; name a file with its path");
  }
  return about(Code::extends_not_found, "there is no profile " + quote(name), missing_hint(plain));
}

std::vector<std::string> intent_directories(const Circumstances& circumstances) {
  std::vector<std::string> directories;
  for (const Place& place : kPlaces) {
    std::string directory = readable_directory(place.where, circumstances, kIntents);
    if (directory.empty() || ::access(directory.c_str(), F_OK) != 0) continue;
    directories.push_back(std::move(directory));
  }
  return directories;
}

Result<ProfileText> find_intent(std::string_view name, const std::vector<std::string>& directories,
                                const Circumstances& circumstances) {
  const bool plain = !name.empty() && name.find('/') == std::string_view::npos;
  for (const std::string& directory : directories) {
    if (!plain) continue;
    auto found =
        read_profile_file(join(directory, name).append(".toml"), Links::follow, {}, circumstances);
    if (found) return std::move(*found);
  }
  if (auto shipped = find_shipped("allow/" + std::string(name), {})) return std::move(*shipped);
  return about(Code::unknown_intent, "unknown intent " + quote(name));
}

std::vector<std::string> intent_names(const Circumstances& circumstances) {
  constexpr std::string_view kFolder = "allow/";
  std::vector<std::string> names;
  for (const Shipped& shipped : shipped_files()) {
    if (shipped.name.starts_with(kFolder)) names.emplace_back(shipped.name.substr(kFolder.size()));
  }
  for (const Place& place : kPlaces) {
    const std::string directory = directory_of(place.where, circumstances, kIntents);
    if (directory.empty()) continue;
    for (const std::string& file : toml_files(directory)) {
      names.push_back(file.substr(0, file.size() - std::string_view(".toml").size()));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> drop_in_files(std::string_view name, const Circumstances& circumstances) {
  std::vector<std::string> files;
  const std::string plain = plain_profile_name(name);
  if (plain.empty()) return files;
  for (std::size_t i = kProfilePlaces.size(); i-- > 0;) {  // the system's first
    const std::string profiles = readable_directory(kProfilePlaces.at(i), circumstances, kProfiles);
    if (profiles.empty()) continue;
    const std::string directory = join(profiles, plain).append(".toml.d");
    for (const std::string& file : toml_files(directory)) files.push_back(join(directory, file));
  }
  return files;
}

std::vector<Result<ProfileText>> find_drop_ins(std::string_view name,
                                               const Circumstances& circumstances) {
  std::vector<Result<ProfileText>> found;
  for (const std::string& file : drop_in_files(name, circumstances)) {
    auto text = read_profile_file(file, Links::follow, {}, circumstances);
    if (text) found.push_back(std::move(*text));
  }
  return found;
}

}  // namespace immure
