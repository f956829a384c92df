// The profile of a project: .immure.toml in the current directory or its nearest ancestor. Whoever
// wrote the project wrote it, so it counts only once the user has said so (see config/trust).
// Before clone only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/profile_file.h"
#include "config/trust.h"
#include "config/variables.h"

namespace immure {

constexpr std::string_view kProjectFile = ".immure.toml";

// The path of the nearest one, or empty. Not above the home directory, nor on another mount than
// `directory`, which has no symlink in it.
std::string find_project_file(const std::string& directory, const Circumstances& circumstances);

// The path of the nearest one that is in the list of trusted files, whether or not it is still
// there; within the same bounds. Empty: none.
std::string find_trusted_file(const std::string& directory, const TrustedFiles& trusted,
                              const Circumstances& circumstances);

enum class ProjectTrust : std::uint8_t {
  trusted,
  changed,  // it was, with another content
  unknown,
};

// The file's text as it was when the trust was looked up: what is used is what was trusted.
struct ProjectFile {
  ProfileText text;
  std::string digest;
  ProjectTrust trust = ProjectTrust::unknown;
};

// Errors as read_profile_file(): a symlink, another user's, too big; and Code::extends_not_found.
Result<ProjectFile> read_project_file(const std::string& path, const TrustedFiles& trusted,
                                      const Circumstances& circumstances);
// The same, or an error of read_trusted().
Result<ProjectFile> read_project_file(const std::string& path, const Circumstances& circumstances);

// ${NAME} for a project: its directory's name, and something of its path, so that two projects
// never share what they keep under ${STATE}.
std::string project_name(std::string_view directory);

// The same, so long that nobody makes a directory of another project's name.
std::string project_state_name(std::string_view directory);

}  // namespace immure
