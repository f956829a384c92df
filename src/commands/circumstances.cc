#include "commands/circumstances.h"

#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/path.h"
#include "base/real_path.h"
#include "config/flag_layer.h"
#include "config/profile_file.h"
#include "plan/origin_libraries.h"
#include "plan/private_directory.h"

namespace immure {
namespace {

// Asks for the permission first: one cheap call that rules most places of PATH out.
bool is_program(const std::string& path, const Host& host) {
  if (!host.files->executable(path)) return false;
  const auto found = host.files->resolve(path);
  return found.ok() && found.value().kind == FileKind::regular;
}

// The nearest ancestor that holds .git or .immure.toml.
std::string project_of(const std::string& cwd, const HostFiles& files) {
  if (cwd.empty()) return cwd;
  for (std::string directory = cwd;; directory = parent_of(directory)) {
    const std::string start = directory == "/" ? directory : directory + '/';
    for (const char* name : {".git", ".immure.toml"}) {
      const Result<ResolvedPath> there = files.resolve(start + name);
      if (!there.ok()) return cwd;
      if (there.value().kind != FileKind::missing) return directory;
    }
    if (directory == "/") return cwd;
  }
}

// The program's directory if it loads libraries from there. Not of the system's own programs.
std::string libraries_beside(const std::string& exe, const Host& host) {
  if (exe.empty() || is_within(exe, "/usr") || !uses_origin(exe)) return {};
  const std::string directory(parent_of(exe));
  return why_private(host, directory).empty() ? directory : std::string();
}

// A directory of the user's own, as a sandbox can have left it. Another's, as /root is where the
// user is root of a namespace, hides nothing of the user's.
bool is_closed_by_owner(const std::string& path) {
  struct stat status {};
  return ::stat(closed_directory(path).c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

}  // namespace

std::string find_program(std::string_view word, const Host& host) {
  Circumstances here;
  here.home = host.home;
  here.cwd = host.cwd;
  if (word.contains('/')) {
    auto path = absolute_argument(
        word.starts_with('~') ? "./" + std::string(word) : std::string(word), here, {});
    return path.ok() && is_program(path.value(), host) ? path.value() : "";
  }
  if (word.empty()) return "";
  const auto variable = host.environment.find("PATH");
  if (variable == host.environment.end()) return "";
  std::string_view rest = variable->second;
  while (true) {
    const std::string_view part = rest.substr(0, rest.find(':'));
    const std::string directory(part.empty() ? "." : part);
    const auto path = absolute_argument(directory + '/' + std::string(word), here, {});
    if (path.ok() && is_program(path.value(), host)) return path.value();
    if (part.size() == rest.size()) return "";
    rest.remove_prefix(part.size() + 1);
  }
}

Circumstances circumstances_of(const Host& host, std::string_view program,
                               const std::vector<std::string>& command) {
  Circumstances here{.home = host.home,
                     .user = host.user_name,
                     .cwd = host.cwd,
                     .exe = find_program(program, host),
                     .uid = host.uid,
                     .gid = host.gid,
                     .project = OnDemand<std::string>(
                         [cwd = host.cwd, files = host.files] { return project_of(cwd, *files); }),
                     .environment = host.environment};
  here.answers = [&host](const std::string& path) { return host.files->resolve(path).ok(); };
  here.look = [&host](const std::string& path) {
    const auto found = host.files->resolve(path);
    if (!found.ok()) return Presence::silent;
    if (found.value().kind == FileKind::missing) {
      // To read it says why it can't be looked at.
      const bool closed = found.value().errnum == EACCES && is_closed_by_owner(path);
      return closed ? Presence::there : Presence::missing;
    }
    // A look-up may have been answered by the kernel's cache alone.
    return host.files->executable(path) || !host.files->silent(path) ? Presence::there
                                                                     : Presence::silent;
  };
  here.user_files = OnDemand<Presence>([look = here.look, directory = user_directory(here)] {
    return directory.empty() ? Presence::missing : look(directory);
  });
  here.why_private = [&host](const std::string& path) { return why_private(host, path); };
  here.exe_libraries =
      OnDemand<std::string>([&host, exe = here.exe] { return libraries_beside(exe, host); });
  here.intents = OnDemand<std::vector<std::string>>([&host] {
    return intent_names({.home = host.home, .uid = host.uid, .environment = host.environment});
  });
  if (!command.empty()) here.arguments.assign(command.begin() + 1, command.end());
  if (utsname system{}; ::uname(&system) == 0) here.arch = &system.machine[0];
  return here;
}

Circumstances made_up_circumstances() {
  Circumstances made_up{.home = "/home/user",
                        .user = "user",
                        .exe = "/made-up/bin/program",
                        .uid = 1000,
                        .gid = 1000,
                        .arch = "x86_64",
                        .pure = true};
  made_up.cwd = working_directory();
  made_up.project = {made_up.cwd};
  made_up.why_private = [](const std::string&) { return std::string(); };
  made_up.intents =
      OnDemand<std::vector<std::string>>([pure = made_up] { return intent_names(pure); });
  made_up.environment.add("XDG_RUNTIME_DIR", "/run/user/1000");
  return made_up;
}

HostPlaces places_of(const Circumstances& circumstances) {
  const auto variable = [&](const char* name) {
    const auto found = circumstances.environment.find(name);
    const bool known = found != circumstances.environment.end() && is_absolute(found->second) &&
                       !has_dot_dot(found->second);
    return known ? normalize(found->second) : std::string();
  };
  HostPlaces places{.config_home = variable("XDG_CONFIG_HOME"),
                    .runtime_dir = variable("XDG_RUNTIME_DIR")};
  if (is_absolute(circumstances.home) && !has_dot_dot(circumstances.home)) {
    places.home = normalize(circumstances.home);
  }
  if (places.runtime_dir.empty()) {
    places.runtime_dir = "/run/user/" + std::to_string(circumstances.uid);
  }
  return places;
}

}  // namespace immure
