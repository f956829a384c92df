#include "launch/mount_table.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace immure {

int MountTable::open(const Construction& construction) {
  file_.reset(::openat(construction.proc.get(), "self/mountinfo", O_RDONLY | O_CLOEXEC));
  return file_ ? 0 : errno;
}

char* MountTable::end_of_line() {
  return static_cast<char*>(std::memchr(text_.data() + begin_, '\n', held_ - begin_));
}

int MountTable::next(char*& line) {
  for (;;) {
    if (char* end = end_of_line()) {
      line = text_.data() + begin_;
      *end = '\0';
      begin_ = static_cast<std::size_t>(end + 1 - text_.data());
      const bool rest = cut_;
      cut_ = false;
      if (!rest) return 0;
      continue;
    }
    held_ -= begin_;
    std::memmove(text_.data(), text_.data() + begin_, held_);
    begin_ = 0;
    if (held_ == text_.size() - 1) {
      line = text_.data();
      text_[held_] = '\0';
      held_ = 0;
      const bool rest = cut_;
      cut_ = true;
      if (!rest) return 0;
    }
    const ssize_t got = ::read(file_.get(), text_.data() + held_, text_.size() - 1 - held_);
    if (got < 0) return errno;
    if (got == 0) {
      line = nullptr;
      return 0;
    }
    held_ += static_cast<std::size_t>(got);
  }
}

}  // namespace immure
