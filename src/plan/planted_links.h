// Links that a sandbox may have made, to have something else of the user's mounted by a later
// start. What counts is where a link lies, and whose it is.
// Pure but for what it asks of HostFiles, and it asks only about links of the user's own. Before
// clone only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "plan/host.h"

namespace immure {

enum class LinkUse : std::uint8_t {
  program,  // shown read-only by an intent, as the started program is: its directory of a venv
  read,
  write,
};

class PlantedLinks {
 public:
  explicit PlantedLinks(const Host& host) : host_(host) {}

  // A host directory, canonical, that this sandbox may write.
  void add_writable(std::string directory) { writable_.push_back(std::move(directory)); }

  bool is_writable(const std::string& path) const;

  // Code::refused_mount, without an origin, if `path` goes through a link that leads out of
  // - a directory that this sandbox may write; or, where the link belongs to the user (or to one of
  //   the user's subordinate ids, which a sandbox may have),
  // - a directory that a sandbox could write in an earlier start (plan/written_places),
  // - the current directory or its project, or the project that the link lies in: the nearest
  //   directory with .git, .immure.toml or the like, below the home and not of the system; or
  // - leads into a store of credentials that the path does not name.
  // A link of the user's to what every sandbox may see (/usr) says nothing when only read, nor does
  // one to a program.
  std::optional<Error> refuse(const std::string& path, const ResolvedPath& resolved, LinkUse use);

 private:
  struct Suspect {
    std::string directory, why;
  };

  bool may_be_of_a_sandbox(unsigned owner) const;
  const std::vector<Suspect>& usual_suspects();
  std::string project_around(std::string directory);
  const std::string& kept_home();
  bool is_harmless(const ResolvedPath& resolved, LinkUse use) const;
  std::string store_led_to(const std::string& path, const std::string& canonical);

  const Host& host_;
  std::vector<std::string> writable_;
  std::optional<std::vector<Suspect>> usual_;
  std::optional<std::string> home_;
};

}  // namespace immure
