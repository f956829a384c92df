// The path of a file without symlinks, as the file system has it now. Before clone only: it waits
// for a file system that does not answer. Authority: realpath(3).
#pragma once

#include <string>

namespace immure {

// Empty: it is not there, or may not be looked at.
std::string real_path(const std::string& path);

// The directory on the way to a path that we may not enter, without symlinks; empty: there is none.
std::string closed_directory(const std::string& path);

// Our working directory, by system call: the library's falls back to reading directories. Empty
// where it has no path here ("(unreachable)/…"), or is gone.
std::string working_directory();

// The path as it is, where there is no real one.
std::string real_path_or_same(const std::string& path);

}  // namespace immure
