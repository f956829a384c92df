// The project files that the user trusts: path and SHA-256 of each, in one file of the user's,
// $XDG_CONFIG_HOME/immure/trusted. It lies beside the user's profiles, since whoever can write
// those decides just as much; it does not lie in $XDG_STATE_HOME, where profiles keep writable
// directories. A start that looks for a project file opens the list once, to see whether one that
// was trusted is gone. Before clone only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/variables.h"

namespace immure {

// In lower case hexadecimal. Authority: FIPS 180-4.
std::string sha256(std::string_view bytes);

// Path to digest of what was read when it was trusted.
using TrustedFiles = std::map<std::string, std::string>;

// Empty: this user has no place for it.
std::string trust_store_path(const Circumstances& circumstances);

// A line is "DIGEST  PATH", as sha256sum(1) writes it, with "\\" and "\n" for such bytes of a path.
// No file is an empty map. Errors: it is a symlink, belongs to somebody else, can be written by
// others (Code::file_unsafe_owner), or holds something else (Code::file_syntax).
Result<TrustedFiles> read_trusted(const Circumstances& circumstances);

// Writes the one entry, or takes it away when `digest` is empty; other processes may do the same at
// once. The file gets mode 0600.
std::optional<Error> set_trusted(const std::string& path, const std::string& digest,
                                 const Circumstances& circumstances);

}  // namespace immure
