// A terminal with a program on it, as a person has it: types keys, reads the screen, changes its
// size, hangs up. The program leads a session whose controlling terminal it is.
#pragma once

#include <sys/types.h>
#include <termios.h>

#include <chrono>
#include <string>

#include "base/fd.h"
#include "support/run.h"

namespace immure::test {

class Terminal {
 public:
  explicit Terminal(const Argv& argv, const std::string& cwd = {});
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();  // hangs up, and kills the program

  pid_t pid() const { return pid_; }
  void type(const std::string& keys) const;
  // Reads until `text` has come after what was seen before. False: the program has ended, or the
  // limit passed.
  bool sees(const std::string& text, std::chrono::seconds limit = std::chrono::seconds(60));
  // All that came after what was seen, for a message.
  const std::string& rest() const { return rest_; }
  // Reads on until the program has ended: its exit status, or -N for signal N; -1000: it did not.
  int wait(std::chrono::seconds limit = std::chrono::seconds(60));
  // Waits, without reading, for the end of the program.
  bool ends_unread(std::chrono::milliseconds limit);

  termios modes() const;
  // Waits for keys to come as lines, or one by one.
  bool is_by_line(bool by_line, std::chrono::seconds limit = std::chrono::seconds(60)) const;
  void resize(unsigned rows, unsigned columns) const;
  void hang_up();
  // "DEVICE:INODE" of its file.
  const std::string& file() const { return file_; }

 private:
  bool pump();  // false: there is nothing more to come
  bool has_ended();

  pid_t pid_ = -1;
  int status_ = 0;
  Fd master_;
  std::string rest_, file_;
};

}  // namespace immure::test
