#include "attack/attack.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace immure::test {
namespace {

// A field of a line of a results file.
std::string field(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

void write_down(const Attempt& attempt, const std::string& verdict) {
  const char* directory = std::getenv("IMMURE_RESULTS");
  if (directory == nullptr) return;
  const std::string line = "attack\t" + std::to_string(attempt.promise) + '\t' +
                           field(attempt.attack) + '\t' + field(attempt.control) + '\t' +
                           field(attempt.inside) + '\t' + verdict + '\n';
  const std::string file = std::string(directory) + "/attack.tsv";
  // One write to the end, as other tests write at the same time.
  const Fd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  EXPECT_EQ(::write(fd.get(), line.data(), line.size()), static_cast<ssize_t>(line.size())) << file;
}

}  // namespace

void expect_held(const Attempt& attempt, std::initializer_list<std::string> refusals) {
  const bool attacks = attempt.control == "ok";
  const bool held = std::ranges::find(refusals, attempt.inside) != refusals.end();
  EXPECT_TRUE(attacks) << attempt.attack << ": the control says " << attempt.control;
  EXPECT_TRUE(held) << attempt.attack << ": inside it says " << attempt.inside;
  write_down(attempt, !attacks ? "no control" : held ? "held" : "broken");
}

Argv payload(std::initializer_list<std::string> act) {
  Argv argv{IMMURE_ATTACK_PAYLOAD};
  argv.insert(argv.end(), act.begin(), act.end());
  return argv;
}

std::string said(const Program& program) {
  const Outcome outcome = run(program);
  if (outcome.code == 0) return trimmed(outcome.out);
  return trimmed(outcome.out) + trimmed(outcome.err) + " (exit " + std::to_string(outcome.code) +
         ")";
}

std::string outside(const Argv& command, const std::string& cwd) {
  return said({.argv = command, .cwd = cwd});
}

std::string inside(const Argv& command, Argv options, const std::string& cwd) {
  Program program = immure_run(std::move(options), command);
  program.cwd = cwd;
  return said(program);
}

void open_as(int fd, const std::string& path, int flags) {
  const int opened = ::open(path.c_str(), flags, 0600);
  if (opened == fd) return;
  ::dup2(opened, fd);
  ::close(opened);
}

void expect_refused(int promise, const std::string& attack, const Argv& command,
                    std::initializer_list<std::string> refusals, const Argv& options,
                    const std::string& cwd) {
  expect_held({.promise = promise,
               .attack = attack,
               .control = outside(command, cwd),
               .inside = inside(command, options, cwd)},
              refusals);
}

}  // namespace immure::test
