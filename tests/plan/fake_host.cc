#include "fake_host.h"

#include <fnmatch.h>
#include <sys/resource.h>

#include <cerrno>

#include "base/path.h"
#include "plan/root_tree.h"

namespace immure {

void FakeFiles::add(const std::string& path, FakeFile file) {
  for (std::string parent(parent_of(path)); !files_.contains(parent); parent = parent_of(parent)) {
    files_[parent] = {};
  }
  files_[path] = std::move(file);
}

Result<ResolvedPath> FakeFiles::resolve(const std::string& path) const {
  ResolvedPath resolved;
  std::string rest = path;
  std::string at;
  while (!rest.empty() && rest != "/") {
    const std::size_t slash = rest.find('/', 1);
    const std::string here = at + rest.substr(0, slash);
    const std::string after = slash == std::string::npos ? "" : rest.substr(slash);
    if (silent_.contains(here)) {
      return Error{.code = Code::setup_timeout, .doing = here + " did not answer for 5 s"};
    }
    const auto found = files_.find(here);
    const int errnum = found == files_.end() ? ENOENT : found->second.errnum;
    if (errnum != 0 || resolved.links.size() > 40) {
      resolved.kind = FileKind::missing;
      resolved.errnum = errnum != 0 ? errnum : ELOOP;
      resolved.canonical = here + after;
      return resolved;
    }
    if (!found->second.link.empty()) {
      const std::string& text = found->second.link;
      resolved.links.push_back({.path = here, .text = text, .owner = found->second.owner});
      rest = collapse((text.starts_with('/') ? text : join(at.empty() ? "/" : at, text)) + after);
      at.clear();
      continue;
    }
    resolved.kind = found->second.kind;
    at = here;
    rest = after;
    if (!rest.empty() && resolved.kind != FileKind::directory) {
      resolved.kind = FileKind::missing;
      resolved.errnum = ENOTDIR;
      resolved.canonical = at + rest;
      return resolved;
    }
  }
  if (at.empty()) resolved.kind = FileKind::directory;
  resolved.canonical = at.empty() ? "/" : at;
  return resolved;
}

Result<std::vector<std::string>> FakeFiles::glob(const std::string& pattern) const {
  std::vector<std::string> matches;
  for (const auto& [path, file] : files_) {
    if (::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0) {
      matches.push_back(path);
    }
  }
  return matches;
}

bool FakeFiles::executable(const std::string& path) const {
  const Result<ResolvedPath> resolved = resolve(path);
  if (!resolved.ok()) return false;
  const auto found = files_.find(resolved.value().canonical);
  if (found == files_.end()) return false;
  return found->second.executable ||
         (found->second.kind == FileKind::directory && !found->second.locked);
}

void add_usual_files(FakeFiles& files) {
  for (const char* directory : {"/usr/local/bin",
                                "/usr/lib64",
                                "/usr/sbin",
                                "/etc/alternatives",
                                "/etc/ssl/certs",
                                "/proc",
                                "/sys",
                                "/dev/shm",
                                "/tmp",
                                "/var/tmp",
                                "/run",
                                "/opt",
                                "/home/u/proj/.git",
                                "/home/u/.ssh",
                                "/home/u/state/changes",
                                "/srv/data",
                                "/srv/layer",
                                "/srv/rootfs/usr/bin",
                                "/srv/rootfs/dev",
                                "/srv/rootfs/proc",
                                "/mnt/disk/home/v/.ssh",
                                "/srv/bare"}) {
    files.add_directory(directory);
  }
  for (const char* program :
       {"/usr/bin/true", "/usr/bin/bash", "/usr/bin/vi.tiny", "/home/u/proj/tool",
        "/home/u/bin/mine", "/srv/rootfs/usr/bin/true"}) {
    files.add_program(program);
  }
  for (const char* file :
       {"/usr/lib/os-release", "/usr/share/zoneinfo/UTC", "/etc/passwd", "/etc/hostname",
        "/home/u/.ssh/id_rsa", "/home/u/.netrc", "/home/u/proj/text", "/srv/data/file",
        "/usr/lib/libc.so.6", "/etc/ld.so.cache", "/mnt/disk/home/v/.ssh/id_rsa"}) {
    files.add_file(file);
  }
  files.add("/dev/fuse", {.kind = FileKind::device});
  files.add("/run/secret", {.errnum = EACCES});
  files.add("/root", {.locked = true});
  files.add_link("/bin", "usr/bin");
  files.add_link("/lib", "usr/lib");
  files.add_link("/lib64", "usr/lib64");
  files.add_link("/etc/os-release", "../usr/lib/os-release");
  files.add_link("/etc/localtime", "/usr/share/zoneinfo/UTC");
  files.add_link("/etc/alternatives/vi", "/usr/bin/vi.tiny");
  files.add_link("/usr/bin/vi", "/etc/alternatives/vi");
  files.add_link("/home/v", "/mnt/disk/home/v");
  files.add_link("/home/u/proj/planted", "/home/u/.ssh");
  files.add_link("/home/u/proj/inner", "text");
  files.add("/home/u/proj/own", {.link = "/srv/data", .owner = 1000});
  files.add("/home/u/proj/own-inner", {.link = "text", .owner = 1000});
  files.add("/home/u/proj/sub/up", {.link = "../text", .owner = 1000});
  files.add("/home/u/.vimrc", {.link = "state/changes", .owner = 1000});
  files.add("/home/u/proj/others", {.link = "/srv/data", .owner = 2000});
  files.add_directory("/home/u/src/app/.git");
  files.add_directory("/home/u/src/app/deep");
  files.add("/home/u/src/app/deep/d.db", {.link = "/home/u/bin", .owner = 1000});
  files.add("/home/u/src/app/mapped", {.link = "/home/u/bin", .owner = 100005});
  files.add("/home/u/src/app/python", {.link = "/usr/bin/bash", .owner = 1000});
  files.add("/home/u/src/app/inner", {.link = "deep", .owner = 1000});
  files.add("/home/u/notes", {.link = "src/app/deep", .owner = 1000});
  files.add("/home/u/plain", {.link = ".ssh", .owner = 1000});
  files.add_link("/srv/loop", "loop");
  files.add_silent("/mnt/dead");
}

Host usual_host(const FakeFiles& files) {
  return {.uid = 1000,
          .gid = 1000,
          .cwd = "/home/u/proj",
          .home = "/home/u",
          .user_name = "u",
          .shell = "/bin/bash",
          .environment = {{"PATH", "/home/u/bin:/usr/local/bin:/usr/bin:/bin:."},
                          {"HOME", "/home/other"},
                          {"TERM", "xterm"},
                          {"LC_TIME", "C"},
                          {"LC_ALL", "C.UTF-8"},
                          {"API_TOKEN", "hunter2"},
                          {"LD_PRELOAD", "/tmp/evil.so"}},
          .hard_limit = [](int resource) -> std::uint64_t {
            return resource == RLIMIT_NOFILE ? 4096 : RLIM_INFINITY;
          },
          .nice = {0},
          .oom_score_adj = {100},
          .processors = {4},
          .landlock_abi = {7},
          .kernel = {6018},
          .files = &files};
}

}  // namespace immure
