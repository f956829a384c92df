// Command lines of bubblewrap, given to immure's `bwrap` and to Debian's, and what comes of them.
//
// A Case is a row of a table: words as a person would type them, the descriptors that are open, and
// what is compared. Both programs get the same files at the same path, freshly made for each.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/immure.h"

namespace immure::test {

std::string ours();     // immure's bwrap; $IMMURE_TEST_BWRAP names another
std::string debians();  // bubblewrap 0.8.0
std::string probe();    // probe.c

// A line of the report that may differ, and why it does.
struct Difference {
  std::string line;  // a regular expression that matches within the line
  std::string why;
};

struct Case {
  std::string rule;  // what is to hold, in words: the test's name
  // Split at blanks; `""` is an empty word, `@` stands for the directory of the files.
  std::string options;
  // After the options and "--". Empty words in a row of the table: the probe, with its tree.
  Argv command{"/probe", "report", "tree"};
  std::map<int, std::string> given;   // open descriptors, and what can be read from each
  std::map<int, std::string> opened;  // open descriptors of these paths; O_PATH
  std::vector<int> heard;             // open descriptors of which it is compared what is written
  std::string cwd = "/";
  mode_t umask = 022;
  std::map<std::string, std::string> environment{
      {"PATH", "/usr/bin:/bin"}, {"HOME", "/"}, {"CALLER", "1"}};
  std::vector<Difference> may_differ;
  bool alone = false;  // without the options that make the probe run: --ro-bind, --proc
  std::function<void()> before_exec;  // as Program's
  std::chrono::seconds limit{60};
};

// What gtest prints of it.
inline void PrintTo(const Case& one, std::ostream* to) { *to << "bwrap " << one.options; }

struct Heard {
  Outcome outcome;
  std::map<int, std::string> written;  // to Case::heard
  std::string host;                    // the directory of the files afterwards
};

// The files that cases may bind, at a path that stays the same.
class HostFiles {
 public:
  HostFiles();
  void make_anew() const;
  std::string tree() const;  // a line for each: type, mode, content
  const std::string& path() const { return path_; }

 private:
  TempDir parent_;
  std::string path_;
};

// "a b" into words, see Case::options.
Argv words(std::string_view text, const std::string& directory);
// The whole command line of `program` for the case.
Argv command_line(const std::string& program, const Case& one, const std::string& directory);
Heard play(const std::string& program, const Case& one, const HostFiles& files);

// All that was heard as one text, without what is different in each start (ids, inodes, the name of
// the program) and what bubblewrap does not promise (see normalised() for the reasons).
std::string comparable(const Heard& heard, const std::string& program, const Case& one);

// Both, and their comparison.
void expect_same(const Case& one);

// A pipe above the numbers that command lines use.
struct Ends {
  Fd read, write;
};
Ends pipe_above();
// What was written; the other end may still be open in a process that goes on.
std::string all_written(const Fd& fd);
// What is written until `text` has come, or the end, or ten seconds have passed.
std::string written_until(const Fd& fd, const std::string& text);
// Whether the other end is closed everywhere within the time.
bool closed_within(const Fd& fd, std::chrono::milliseconds limit);

// "bwrap OPTIONS -- COMMAND" with these descriptors of ours under the numbers.
Program started(const std::string& program, const Argv& options, const Argv& command,
                const std::map<int, int>& descriptors = {});
// The number after the key in what --info-fd and --json-status-fd say; 0: none.
std::uint64_t number_of(const std::string& said, const std::string& key);

// "--dir is 0755", the third of its table -> "DirIs0755_3": names of tests have no other signs.
std::string test_name(const std::string& rule, std::size_t index);

// What both have to do, each by itself: a claim about bubblewrap is a claim that Debian's keeps.
class Both : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;
  static std::string program() { return GetParam() == "Ours" ? ours() : debians(); }
};

// Of a table of cases: one test each.
class Compared : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override;
};

struct NameOfCase {
  std::string operator()(const testing::TestParamInfo<Case>& info) const {
    return test_name(info.param.rule, info.index + 1);
  }
};

}  // namespace immure::test

#define IMMURE_REQUIRE_PEER()                                            \
  IMMURE_REQUIRE(::access(::immure::test::debians().c_str(), X_OK) == 0, \
                 "Debian's bubblewrap is not installed: nothing to compare with")
