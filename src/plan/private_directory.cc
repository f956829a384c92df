#include "plan/private_directory.h"

#include "base/path.h"

namespace immure {

std::string why_private(const Host& host, const std::string& path) {
  const std::string so = ", so it isn't shared";
  const std::string other = so + "; use --ro/--rw DIR";
  if (path.empty()) return "is gone" + so;
  if (path == "/") return "is /" + other;
  if (!host.home.empty()) {
    const Result<ResolvedPath> home = host.files->resolve(host.home);
    const std::string canonical = home.ok() ? home.value().canonical : host.home;
    if (path == canonical || path == host.home) return "is your home" + other;
    if (is_within(canonical, path) || is_within(host.home, path)) return "holds your home" + other;
  }
  const auto runtime = host.environment.find("XDG_RUNTIME_DIR");
  if (runtime != host.environment.end() && is_absolute(runtime->second) &&
      is_within(normalize(runtime->second), path)) {
    return "holds the sockets of your session" + other;
  }
  for (const char* kernels : {"/proc", "/sys", "/dev"}) {
    if (is_within(path, kernels) && !is_within(path, "/dev/shm"))
      return "belongs to the kernel" + so;
  }
  const Result<ResolvedPath> resolved = host.files->resolve(path);
  const bool there = resolved.ok() && resolved.value().kind != FileKind::missing;
  const bool locked =
      there && resolved.value().kind == FileKind::directory && !host.files->executable(path);
  if (host.files->silent(path)) return {};  // whoever shows it fails by that
  if (!there) return "can't be reached by its name" + so;
  if (locked) return "can't be entered" + so;
  return {};
}

}  // namespace immure
