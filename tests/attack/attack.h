// Attacks, each made twice: without immure (or with the protection switched off), where it has to
// succeed, so that it is known to be an attack; and inside, where it has to fail, and for the
// reason that it should. The promises are those that table.py lists, by number.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "support/immure.h"

namespace immure::test {

class AttackTest : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

struct Attempt {
  int promise = 0;
  std::string attack;   // in words, no two of a promise the same
  std::string control;  // what came of it without the protection: "ok" if it succeeded
  std::string inside;   // what came of it with it
};

// Expects the control "ok", and inside one of `refusals`; writes the pair down for the closing
// table (table.py) where $IMMURE_RESULTS names its directory.
void expect_held(const Attempt& attempt, std::initializer_list<std::string> refusals);

// The payload's command line.
Argv payload(std::initializer_list<std::string> act);

// What a program says on standard output, without its last line's end; with its complaint and its
// exit status if it failed.
std::string said(const Program& program);
std::string outside(const Argv& command, const std::string& cwd = {});
std::string inside(const Argv& command, Argv options = {}, const std::string& cwd = {});

// For Program::before_exec: opens the file as this descriptor, which the program inherits.
void open_as(int fd, const std::string& path, int flags);

// The same command both ways.
void expect_refused(int promise, const std::string& attack, const Argv& command,
                    std::initializer_list<std::string> refusals, const Argv& options = {},
                    const std::string& cwd = {});

}  // namespace immure::test
