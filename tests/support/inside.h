// Scripts inside a sandbox, and what they say: for end-to-end tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "support/immure.h"

namespace immure::test {

// Of a script that ends well.
inline std::string inside(const std::string& script, Argv options = {}) {
  const Outcome outcome = in_sandbox(std::move(options), script);
  EXPECT_EQ(outcome.code, 0) << script << ": " << outcome.err;
  return trimmed(outcome.out);
}

// Two directories side by side, of which scripts are started in the first.
class TwoDirectories : public testing::Test {
 protected:
  void SetUp() override {
    IMMURE_REQUIRE_SANDBOX();
    directory_.write("project/readable", "from the host\n");
    directory_.write("other/secret", "secret\n");
  }
  std::string project() const { return directory_.path() + "/project"; }
  std::string other() const { return directory_.path() + "/other"; }

  // The script's output, then "(exit N)" if it failed.
  std::string inside(const std::string& script, Argv options = {}) const {
    const Outcome outcome = in_sandbox(std::move(options), "exec 2>&1; " + script, project());
    return trimmed(outcome.out) + trimmed(outcome.err) +
           (outcome.code == 0 ? "" : " (exit " + std::to_string(outcome.code) + ")");
  }

  TempDir directory_;
};

}  // namespace immure::test
