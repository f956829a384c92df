// Starts programs for tests: with chosen arguments, environment, directory, input and descriptors,
// collects what they say, and never waits longer than the time limit.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace immure::test {

using Argv = std::vector<std::string>;

struct Program {
  Argv argv;                                                      // argv[0] is looked up in PATH
  std::optional<std::map<std::string, std::string>> environment;  // unset: ours
  std::string cwd;                                                // empty: ours
  std::string input;                                              // on standard input
  std::chrono::seconds limit{60};                                 // then SIGKILL
  // Runs in the new process before exec, after descriptors 0 to 2 are in place.
  std::function<void()> before_exec;
};

struct Outcome {
  int code = -1;  // exit status; -N: killed by signal N
  bool timed_out = false;
  std::string out, err;
};

// A started program. Killed and reaped when it goes out of scope.
class Running {
 public:
  explicit Running(const Program& program);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Reads until `text` has appeared on standard output. False: it ended, or the limit passed.
  bool wait_for_output(const std::string& text);
  Outcome wait();  // to its end
  const std::string& output() const { return outcome_.out; }

 private:
  // One round of reading; false when the program has ended and everything is read.
  bool pump();

  pid_t pid_ = -1;
  Fd pidfd_, in_, out_, err_;
  std::string input_;
  std::chrono::steady_clock::time_point end_;
  Outcome outcome_;
};

Outcome run(const Program& program);

// A directory of its own, mode 0755, removed with all that is in it.
class TempDir {
 public:
  TempDir();  // below $TMPDIR or /tmp
  explicit TempDir(const std::string& parent);
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  const std::string& path() const { return path_; }
  // Writes a file below it (making directories) and returns its absolute path.
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) const;

 private:
  std::string path_;
};

std::string read_file(const std::string& path);  // empty if it cannot be read
bool exists(const std::string& path);            // the name itself, links not followed
std::string trimmed(std::string text);           // without white space at the end
std::vector<std::string> lines(const std::string& text);
bool contains(const std::string& text, const std::string& part);

// Processes (zombies aside) whose command line holds `text`.
std::vector<pid_t> processes_with(const std::string& text);
// Waits until there is none; false after the limit.
bool all_gone(const std::string& text, std::chrono::seconds limit = std::chrono::seconds(5));

std::string own_home();                      // from the passwd file; empty: none
bool installed(const std::string& program);  // in PATH
bool must_run();                             // IMMURE_TESTS_MUST_RUN=1

}  // namespace immure::test

// A test that cannot run here says why; where everything has to run it fails instead.
#define IMMURE_REQUIRE(condition, reason)                                        \
  do {                                                                           \
    if (!(condition)) {                                                          \
      if (::immure::test::must_run()) FAIL() << "cannot run here: " << (reason); \
      GTEST_SKIP() << (reason);                                                  \
    }                                                                            \
  } while (false)
