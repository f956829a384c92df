// The mount table of this process, line by line, without allocating. AFTER CLONE. See
// proc_pid_mountinfo(5).
#pragma once

#include <array>
#include <climits>
#include <cstddef>

#include "base/fd.h"
#include "launch/child.h"

namespace immure {

class MountTable {
 public:
  int open(const Construction& construction);

  // The next line, without its newline, until the next call; null at the end. Of a line that is too
  // long the end is missing.
  int next(char*& line);
  bool is_cut() const { return cut_; }  // the line that came last

 private:
  // The end of the line that begins at begin_; null: it is not held.
  char* end_of_line();

  Fd file_;
  std::array<char, 2 * PATH_MAX + 512> text_;  // root, mount point, and the rest
  std::size_t begin_ = 0, held_ = 0;
  bool cut_ = false;  // the rest of the line is to be passed over
};

}  // namespace immure
