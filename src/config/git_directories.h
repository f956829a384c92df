// Where the repository of a project lies: ${GIT_DIR} and its siblings. Reads the file system.
// Before clone. Authority: gitrepository-layout(5), git-worktree(1).
#pragma once

#include <functional>
#include <string>

namespace immure {

// Absolute paths; empty: none.
struct GitDirectories {
  std::string directory;  // what .git is, or leads to
  std::string common;     // the directory that a linked worktree shares with others
  std::string pointer;    // the file .git that leads there
};

// Whether the file system answers at a path within some seconds; empty: every one does.
using Answers = std::function<bool(const std::string&)>;

// Of the project at `top`, an absolute path. A file .git is only believed when the directory that
// it names says so too: it belongs to the project, which could name any directory of the user's.
GitDirectories find_git_directories(const std::string& top, const Answers& answers = {});

}  // namespace immure
