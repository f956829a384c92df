// process.tsc = false: nothing inside reads the time stamp counter.
#include <gtest/gtest.h>

#include <csignal>

#include "support/immure.h"

#if defined(__x86_64__) || defined(__i386__)

namespace immure::test {
namespace {

class Counter : public testing::Test {
 protected:
  void SetUp() override { IMMURE_REQUIRE_SANDBOX(); }
};

std::string act(const std::string& name, Argv options) {
  const Outcome outcome = run(immure_run(std::move(options), {IMMURE_PAYLOAD, name}));
  EXPECT_EQ(outcome.code, 0) << name << ": " << outcome.err;
  return trimmed(outcome.out);
}

const Argv kClosed{"--set", "process.tsc=false"};

Argv closed(const Argv& more) {
  Argv options = kClosed;
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

TEST_F(Counter, IsReadUnlessItIsClosed) {
  EXPECT_EQ(act("read-tsc", {}), "ok") << "the control";
  EXPECT_EQ(act("open-tsc", {}), "ok") << "the control";
  EXPECT_EQ(act("read-tsc", kClosed), "EFAULT");
}

TEST_F(Counter, IsNotOpenedAgainWhateverTheFilterIs) {
  for (const Argv& filter :
       {Argv{}, Argv{"--set", "seccomp.allow=[\"prctl\"]"}, Argv{"--set", "seccomp.base=none"},
        Argv{"--set", "seccomp.base=strict"}, Argv{"--set", "seccomp.deny=[\"seccomp\"]"}}) {
    EXPECT_EQ(act("open-tsc", closed(filter)), "EPERM") << (filter.empty() ? "" : filter[1]);
    EXPECT_EQ(act("read-tsc", closed(filter)), "EFAULT") << (filter.empty() ? "" : filter[1]);
  }
}

TEST_F(Counter, IsReadByTheLoaderOfGlibc) {
  const Outcome dynamic = run(immure_run(kClosed, {"true"}));
  if (contains(run({.argv = {"ldd", "/bin/true"}}).out, "ld-linux-x86-64")) {
    EXPECT_EQ(dynamic.code, 128 + SIGSEGV) << "as the key's own line says";
  }
}

TEST_F(Counter, WhySaysWhichFilterKeepsItClosed) {
  const Outcome why = run({.argv = {binary(), "explain", "--set", "process.tsc=false", "--set",
                                    "seccomp.allow=[\"prctl\"]", "--why", "prctl", "true"}});
  EXPECT_EQ(why.code, 0) << why.err;
  EXPECT_TRUE(contains(why.out, "fails with EPERM if argument 1 is 0x1a")) << why.out;
  EXPECT_TRUE(contains(why.out, "the time stamp counter stays closed")) << why.out;
}

}  // namespace
}  // namespace immure::test

#endif
