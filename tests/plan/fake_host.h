// A made-up machine for plans: a usual Debian with a few traps.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "plan/host.h"

namespace immure {

// A file tree as a value: each path is a kind, or a link when `link` is not empty.
struct FakeFile {
  FileKind kind = FileKind::directory;
  std::string link;
  bool executable = false;
  bool locked = false;  // a directory that may not be entered
  uid_t owner = 0;      // of a link
  int errnum = 0;       // what stat(2) says of it instead
};

class FakeFiles : public HostFiles {
 public:
  // Parents are made as directories.
  void add(const std::string& path, FakeFile file);
  void add_directory(const std::string& path) { add(path, {}); }
  void add_file(const std::string& path) { add(path, {.kind = FileKind::regular}); }
  void add_program(const std::string& path) {
    add(path, {.kind = FileKind::regular, .executable = true});
  }
  void add_link(const std::string& path, const std::string& text) { add(path, {.link = text}); }
  void add_silent(const std::string& path) { silent_.insert(path); }  // never answers

  Result<ResolvedPath> resolve(const std::string& path) const override;
  Result<std::vector<std::string>> glob(const std::string& pattern) const override;
  bool executable(const std::string& path) const override;

 private:
  std::map<std::string, FakeFile> files_;
  std::set<std::string> silent_;
};

// uid and gid 1000, home /home/u, in /home/u/proj, with PATH=/usr/local/bin:/usr/bin:/bin.
Host usual_host(const FakeFiles& files);
void add_usual_files(FakeFiles& files);

}  // namespace immure
